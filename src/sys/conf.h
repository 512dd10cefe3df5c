#pragma once
/*
 * Configuration of the service: built-in defaults, a file over them, the command line over that. A
 * member here and its row in conf.c are all that an option needs: file, sample, --print-config,
 * polytask.conf(5) and reload come from the table (base/option.h).
 */
#include "base/option.h"

#define CONF_TEXT_MAX	   256
#define CONF_SOCKET_MAX	   108 /* the path in struct sockaddr_un */
#define CONF_OVERRIDES_MAX 32
#define CONF_POLICIES_SIZE 32768
#define CONF_NETWORKS_SIZE 4096
#define CONF_NETWORKS_MAX  64

/* Time from the end of a task to its removal, in seconds; 0: it is never removed. */
struct conf_retention {
	uint64_t general;
	uint64_t of_dialect[OPTION_VARIANTS_MAX]; /* by conf.dialects; OPTION_UNSET: the general */
};

struct conf {
	char home[CONF_TEXT_MAX];
	char store[CONF_TEXT_MAX]; /* URL of a shared store (store_url.h); empty: in home */
	char regions[CONF_TEXT_MAX];
	char archive[CONF_TEXT_MAX];
	char socket[CONF_SOCKET_MAX];
	char control[CONF_SOCKET_MAX];
	char monitor[CONF_SOCKET_MAX];
	char user[CONF_TEXT_MAX];
	char group[CONF_TEXT_MAX];
	char peer_user[CONF_TEXT_MAX];
	char log_level[CONF_TEXT_MAX];
	char timezone[CONF_TEXT_MAX];
	char public_url[CONF_TEXT_MAX];
	uint64_t socket_mode;
	uint64_t backlog;
	uint64_t workers;     /* 0: by the number of processors */
	uint64_t connections; /* per worker */
	uint64_t expected_tasks;
	uint64_t cache_mb;
	uint64_t body_limit; /* bytes */
	uint64_t checkpoint_mb;
	uint64_t checkpoint_seconds;
	uint64_t scrub_days; /* 0: off */
	uint64_t journal_days, journal_entries;
	uint64_t reserve_mb;
	uint64_t stuck_seconds;
	uint64_t drain_seconds;
	uint64_t signature_seconds;
	uint64_t uplynk_seconds;
	uint64_t principal_rate; /* requests per second; 0: no limit */
	uint64_t principal_burst;
	uint64_t principal_requests;
	uint64_t principal_waits, waits;
	uint64_t principal_held_mb;
	uint64_t held_mb;
	uint64_t held_responses;
	uint64_t reader_seconds;
	uint64_t login_burst;			   /* 0: no limit */
	uint64_t uplynk_complete;		   /* 0 or 1 */
	uint64_t idol_creates_a_day;		   /* per tenant; 0: no limit */
	uint64_t idempotency_keys, idempotency_mb; /* per tenant; 0: no limit */
	struct conf_retention retain_succeeded, retain_failed, retain_cancelled;
	uint64_t webhooks;			   /* 0 or 1 */
	char webhook_networks[CONF_NETWORKS_SIZE]; /* each with a newline (network.h) */
	const char *const *dialects;		   /* conf_source.dialects */
	uint64_t tenant_tasks;			   /* of a tenant; 0: no limit */
	uint64_t tenant_mb;			   /* of a tenant; 0: no limit */
	char policies[CONF_POLICIES_SIZE];	   /* each with a newline (dialect/policy_conf.h) */
	bool (*check_policy)(const char *text, struct err *err); /* conf_source.check_policy */
};

/* Without the names of the dialects: families of options are empty. */
extern const struct option_table conf_options;

/* Whether several hosts use the store (engine.h, shared engines). */
static inline bool conf_is_shared(const struct conf *conf)
{
	return conf->store[0] != '\0';
}

struct conf_source {
	const char *path;			   /* NULL: the installed file, if it exists */
	const char *overrides[CONF_OVERRIDES_MAX]; /* "name=value", borrowed */
	size_t override_count;
	/* Names for the options of one dialect; ends with NULL; NULL: none. */
	const char *const *dialects;
	/* The rule of the option policy; ERR_INVALID without a field. NULL: none. */
	bool (*check_policy)(const char *text, struct err *err);
};

void conf_defaults(struct conf *conf);
/* Writes a file of all options with their values. */
void conf_print(const struct conf *conf, struct buf *out);
/* False if there are too many. */
bool conf_add_override(struct conf_source *source, const char *text);
/*
 * Sets conf to the defaults, the file's options over them and the overrides over those. ERR_INVALID
 * names file and line, or the option; conf is then unchanged.
 */
bool conf_load(const struct conf_source *source, struct conf *conf, struct err *err);
/*
 * Sets conf->control as far as a source with errors allows, and all else to its default: enough to
 * connect to the service. Returns false if the file cannot be read.
 */
bool conf_load_control(const struct conf_source *source, struct conf *conf);
/*
 * Loads the source again over the values in use; data is its struct conf_source. Options that need
 * a restart keep their values. Appends the names of those that changed in the source, separated by
 * ", ", to waiting; a warning has them, too.
 */
bool conf_reload(struct conf *conf, void *data, struct buf *waiting, struct err *err);
