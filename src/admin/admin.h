#pragma once
/*
 * An administrative call: a command with its operand and options, and the environment it runs in.
 * Calls run in an operator process while the service is up, and in polytaskctl itself while it is
 * down. command.h has the table of commands, request.h the form in which a call is sent.
 */
#include <stdio.h>

#include "base/err.h"
#include "sys/conf.h"

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
	ADMIN_NO_WAIT,
	ADMIN_TASKS,
	ADMIN_BYTES,
	ADMIN_ALL,
	ADMIN_PARTIAL,
	ADMIN_NEW_TENANTS,
	ADMIN_FROM,
	ADMIN_REPLACE,
	ADMIN_SALVAGE,
	ADMIN_ADD,
	ADMIN_RATE,
	ADMIN_HOME,
	ADMIN_LOGS,
	ADMIN_UNTIL,
	ADMIN_YES,
	ADMIN_STATE,
	ADMIN_KIND,
	ADMIN_FAILURE,
	ADMIN_SORT,
	ADMIN_LIMIT,
	ADMIN_HISTORY,
	ADMIN_TIMEOUT,
	ADMIN_SEEN,
	ADMIN_FIELDS,
	ADMIN_PRIORITY,
	ADMIN_NOT_BEFORE,
	ADMIN_STDIN,
	ADMIN_MAX,
	ADMIN_RESUME,
	ADMIN_TYPE,
	ADMIN_AFTER,
	ADMIN_FOLLOW,
	ADMIN_URL,
	ADMIN_NAME,
	ADMIN_FORMAT,
	ADMIN_METHOD,
	ADMIN_HEADER,
	ADMIN_QUERY,
	ADMIN_PARALLEL,
	ADMIN_TO,
	ADMIN_DELIVERY,
	ADMIN_NOHEADINGS,
	ADMIN_ONCE,
	ADMIN_FILTER,
	ADMIN_DRY_RUN,
	ADMIN_DRY_RUN_TOKEN,
	ADMIN_OPTIONS
};

/* A bit of a set of options. */
#define ADMIN_BIT(option) (UINT64_C(1) << (option))

struct admin_option_row {
	const char *name;  /* "tenant", as in --tenant */
	const char *value; /* placeholder for the usage line; NULL: the option takes no value */
	bool secret;	   /* not logged */
	bool repeatable;   /* the values of several are joined by line feeds */
	bool internal;	   /* used by other commands; not in the help */
};
extern const struct admin_option_row admin_options[ADMIN_OPTIONS];

/* All texts are borrowed. Zero-initialise. */
struct admin_call {
	const struct admin_command *command;
	const char *operand;		    /* NULL if the command takes none */
	const char *options[ADMIN_OPTIONS]; /* NULL: not given; any text if it takes no value */
	bool wants_progress;		    /* the client shows it: admin_progress() */
};

/* The streams are borrowed. */
struct admin {
	struct store *store;
	const struct conf *conf;
	FILE *in;
	FILE *out;
	FILE *err; /* NULL: errors go to out, and lines are framed (process/control.h) */
	/*
	 * Sleeps. False if the command must not wait any longer: its client has left, the service
	 * stops, or newer commands need its place. NULL: no other process changes the store.
	 */
	bool (*pause)(void *pause_data, int64_t ms);
	void *pause_data;
	/* Shows the progress; NULL: it is sent to the client if that wants it. */
	void (*progress)(uint64_t done, uint64_t total, const char *unit);
	bool sends_progress;
	int64_t next_progress; /* monotonic ms */
};

/* ERR_INVALID if an operand or option is missing, or excludes another one. */
typedef bool admin_check_fn(const struct admin_call *call, struct err *err);
typedef bool admin_run_fn(struct admin *admin, const struct admin_call *call, struct err *err);

struct admin_command {
	const char *words;	   /* "user add" */
	const char *operand;	   /* placeholder for the usage line; NULL: no operand */
	uint64_t options;	   /* allowed: ADMIN_BIT() of each */
	uint64_t required_options; /* subset of options */
	const char *usage;	   /* rest of the usage line; NULL: made of the members above */
	admin_check_fn *check;	   /* which of them are given together; NULL: nothing to check */
	bool operand_optional;	   /* the operand may be left out */
	bool reads_input;	   /* reads admin->in */
	bool creates_store;	   /* may run on a home without a store */
	bool migrates_store;	   /* opens a store of an older build */
	bool gives_up_pages;	   /* with --yes, of a recovery too */
	bool reads_secret;	   /* the input is a secret: prompt for it at a terminal */
	bool in_steps;		   /* an error may leave a part of the changes */
	bool internal;		   /* used by other commands; not in the usage text */
	/* Refused on a shared store: a sentence that says what to use; NULL: it is not. */
	const char *instead;
	const char *columns; /* of a list, separated by spaces: aligned at a terminal; NULL: none */
	bool repeated;	     /* polytaskctl repeats the call (ctl/task_watch.h) */
	admin_run_fn *run;
	const char *help;
};

/* True if the call reads admin->in; true if it reads a secret there. */
bool admin_reads_input(const struct admin_call *call);
bool admin_reads_secret(const struct admin_call *call);
/* True if polytaskctl repeats the call, so that it is not worth a log line. */
bool admin_is_repeated(const struct admin_call *call);
/* ERR_INVALID unless the value of --secret, if given, is `-`. */
bool admin_check_secret(const struct admin_call *call, struct err *err);

/* ERR_CONFLICT with `instead` if that is set and the configuration has a shared store. */
bool admin_check_engine(
	const struct conf *conf, const char *words, const char *instead, struct err *err);

/* ERR_MALFORMED if the input, of which nothing was read, is a gzip file. */
bool admin_check_not_compressed(FILE *in, struct err *err);

/*
 * Runs the call, prints its error and returns the exit status. Sets *panic if the store must not be
 * used any more, not even closed.
 */
int admin_run(struct admin *admin, const struct admin_call *call, bool *panic);

/* ---- output of commands ---- */

/*
 * How much is done, for people who wait at a terminal. total 0: unknown. unit: "tasks". Not before
 * the end of the input: a client stops sending when the output begins.
 */
void admin_progress(struct admin *admin, uint64_t done, uint64_t total, const char *unit);
/* For struct store_progress. */
void admin_progress_of_tasks(uint64_t done, uint64_t total, void *admin);

/*
 * Print one line and its line end; admin_print cuts the line after 1023 bytes. False if the output
 * cannot be written.
 */
bool admin_print_line(struct admin *admin, struct str line);
bool admin_print(struct admin *admin, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/*
 * The text of an error for an operator. Some default texts are for requests and wrong for commands:
 * a command has no Idempotency-Key, and one with in_steps may have changed something.
 */
const char *admin_error_text(const struct err *err, bool in_steps);
/* Prints a message of at most 512 bytes on standard error, with blanks for control characters. */
void admin_print_error(struct admin *admin, const char *text);
/* Prints a line of `before` and the secret, then erases the secret, of `size` bytes. */
void admin_print_secret(struct admin *admin, const char *before, char *secret, size_t size);
