#pragma once
/*
 * The operator's verbs on users, credentials and tasks: one table (admin.c), carried out by an
 * operator process while the service runs and by polytaskctl itself while it is down.
 */
#include <jansson.h>
#include <stdio.h>

#include "base/conf.h"
#include "store/store.h"

enum admin_option {
	ADMIN_TENANT,
	ADMIN_RIGHTS,
	ADMIN_LABEL,
	ADMIN_EXPIRES,
	ADMIN_ID,
	ADMIN_SECRET,
	ADMIN_DIALECT,
	ADMIN_DIALECTS,
	ADMIN_OVERLAP,
	ADMIN_JSON,
	ADMIN_OPTIONS
};

struct admin_verb;

/* A verb with its operand and options, all borrowed. Zero-initialise. */
struct admin_call {
	const struct admin_verb *verb;
	const char *operand;		    /* NULL when the verb takes none */
	const char *options[ADMIN_OPTIONS]; /* NULL: not given */
};

/* Where a verb works. Streams are borrowed. */
struct admin {
	struct store *store;
	const struct conf *conf;
	FILE *in; /* what the verb reads (import) */
	FILE *out;
	FILE *err; /* NULL: errors go to out, and everything is framed (control.h) */
};

struct admin_verb {
	const char *words;	   /* "user add" */
	const char *operand;	   /* what to call it in the usage line; NULL: none */
	unsigned options;	   /* bits 1 << enum admin_option */
	unsigned required_options; /* those of them that must be given */
	bool reads_input;	   /* reads admin->in */
	bool creates_store;	   /* may be the first thing in a new home */
	bool secret;		   /* a line, which at a terminal is asked for without echo */
	bool (*run)(struct admin *admin, const struct admin_call *call, struct err *err);
	const char *help;
};

/* Ends with an all-zero row. */
extern const struct admin_verb admin_verbs[];
/* "tenant", as in --tenant. */
const char *admin_option_name(enum admin_option option);
/* Whether it has a value; one that has none is given as any text. */
bool admin_option_has_value(enum admin_option option);
/* Whether the call reads admin->in; whether what it reads there is a secret. */
bool admin_reads_input(const struct admin_call *call);
bool admin_reads_secret(const struct admin_call *call);

/*
 * Fills in verb and operand from words ("user", "add", "demo"), and checks options that were set
 * before. ERR_NO_ROUTE: no such verb; ERR_INVALID: the verb is known (call->verb is set) and
 * something is wrong with the rest.
 */
bool admin_parse_command(
	struct admin_call *call, const char *const *words, size_t count, struct err *err);
/* "user add NAME [--tenant TENANT] ...". */
void admin_usage(const struct admin_verb *verb, struct buf *out);

/* The request line of a call, with its end; false without memory. */
bool admin_pack(const struct admin_call *call, struct buf *line);
/* Back; the call borrows from the request. */
bool admin_unpack(struct admin_call *call, const json_t *request, struct err *err);

/* Appends the call as members of a log line, without what is secret. */
void admin_log_call(const struct admin_call *call, struct buf *line);

/* Carries the call out, reports its error, and returns the exit status. *panic: the store is lost.
 */
int admin_run(struct admin *admin, const struct admin_call *call, bool *panic);

/* For verbs: one line of output without its end; false when nobody reads any more. */
bool admin_print(struct admin *admin, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
bool admin_print_line(struct admin *admin, struct str line);

/* Verbs by file. admin_user.c: */
bool admin_user_add(struct admin *admin, const struct admin_call *call, struct err *err);
bool admin_user_list(struct admin *admin, const struct admin_call *call, struct err *err);
bool admin_user_revoke(struct admin *admin, const struct admin_call *call, struct err *err);
bool admin_user_expire(struct admin *admin, const struct admin_call *call, struct err *err);
bool admin_password_set(struct admin *admin, const struct admin_call *call, struct err *err);
bool admin_password_list(struct admin *admin, const struct admin_call *call, struct err *err);
bool admin_password_revoke(struct admin *admin, const struct admin_call *call, struct err *err);
bool admin_password_rotate(struct admin *admin, const struct admin_call *call, struct err *err);
bool admin_password_expire(struct admin *admin, const struct admin_call *call, struct err *err);
/* admin_token.c: */
bool admin_token_add(struct admin *admin, const struct admin_call *call, struct err *err);
bool admin_token_list(struct admin *admin, const struct admin_call *call, struct err *err);
bool admin_token_revoke(struct admin *admin, const struct admin_call *call, struct err *err);
bool admin_token_rotate(struct admin *admin, const struct admin_call *call, struct err *err);
bool admin_token_expire(struct admin *admin, const struct admin_call *call, struct err *err);
/* admin_key.c: */
bool admin_key_add(struct admin *admin, const struct admin_call *call, struct err *err);
bool admin_key_list(struct admin *admin, const struct admin_call *call, struct err *err);
bool admin_key_revoke(struct admin *admin, const struct admin_call *call, struct err *err);
bool admin_key_rotate(struct admin *admin, const struct admin_call *call, struct err *err);
bool admin_key_expire(struct admin *admin, const struct admin_call *call, struct err *err);
/* admin_tasks.c: */
bool admin_verify(struct admin *admin, const struct admin_call *call, struct err *err);
bool admin_checkpoint(struct admin *admin, const struct admin_call *call, struct err *err);
bool admin_load_sample(struct admin *admin, const struct admin_call *call, struct err *err);
bool admin_export(struct admin *admin, const struct admin_call *call, struct err *err);
bool admin_import(struct admin *admin, const struct admin_call *call, struct err *err);
bool admin_show(struct admin *admin, const struct admin_call *call, struct err *err);
