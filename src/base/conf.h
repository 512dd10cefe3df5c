#pragma once
/*
 * The configuration: one table of options (conf.c), each with type, bounds, default and help; the
 * reader, the sample file and --print-config all walk it, so that a row is the only edit for a new
 * option. The file is INI without sections (read by inih): `name = value` at the start of a
 * line; `#` or `;` starts a comment, `;` also behind a space in a line.
 */
#include "base/buf.h"
#include "base/err.h"

#define CONF_TEXT_MAX 256
/* A unix socket's path must fit into sockaddr_un. */
#define CONF_SOCKET_MAX 108

struct conf {
	char home[CONF_TEXT_MAX];
	char regions[CONF_TEXT_MAX];
	char archive[CONF_TEXT_MAX];
	char socket[CONF_SOCKET_MAX];
	char control[CONF_SOCKET_MAX];
	char user[CONF_TEXT_MAX];
	char group[CONF_TEXT_MAX];
	char peer_user[CONF_TEXT_MAX];
	char log_level[CONF_TEXT_MAX];
	char zone[CONF_TEXT_MAX];
	char public_url[CONF_TEXT_MAX];
	uint64_t socket_mode; /* octal in the file */
	uint64_t backlog;
	uint64_t workers;     /* 0: one for two processors */
	uint64_t connections; /* a worker's limit of kept connections */
	uint64_t expected_tasks;
	uint64_t cache_mb;
	uint64_t body_limit; /* bytes */
	uint64_t checkpoint_mb;
	uint64_t checkpoint_seconds;
	uint64_t reserve_mb;	     /* the reserve file; writes are refused below this much room */
	uint64_t stuck_seconds;	     /* a stopped process is ended after this */
	uint64_t drain_seconds;	     /* a retired worker's grace */
	uint64_t signature_seconds;  /* how far a signed request's Date may be off */
	uint64_t uplynk_seconds;     /* and an Uplynk message's _timestamp */
	uint64_t principal_rate;     /* requests a second; 0: no limit */
	uint64_t principal_burst;    /* at once */
	uint64_t login_burst;	     /* failed logins at once; 0: no limit */
	uint64_t idol_creates_a_day; /* of a tenant; 0: any number */
};

/* Every option at its default. */
void conf_defaults(struct conf *conf);
/* Sets one option from text; the error names it and says what would be right. */
bool conf_set(struct conf *conf, const char *name, const char *value, struct err *err);
/* Reads a file over what conf holds. The error names file line and option. */
bool conf_read(struct conf *conf, const char *path, struct err *err);
/* The whole table as a commented file with the values of conf; conf_defaults before gives the
 * sample. */
void conf_print(const struct conf *conf, struct buf *out);
/* Appends to names, with commas between, the options that differ and take effect only at a restart.
 */
void conf_restart_changes(const struct conf *before, const struct conf *after, struct buf *names);
