#pragma once
/*
 * `polytaskctl work`: claims tasks of a service over HTTPS, runs a command for each or simulates
 * the work, and reports (polytaskctl.8, WORKERS). One process with one event loop; each command has
 * a guard of its own (guard.h).
 */
#include "worker/job.h"
#include "worker/options.h"

/* Signals that ask the worker to stop. */
enum worker_stop { STOP_NONE, STOP_CLAIMING, STOP_NOW };

struct worker {
	const struct worker_options *options;
	const struct run_type *type;
	struct client *client;
	struct job jobs[WORKER_JOBS_MAX];
	char *program; /* path of the command; NULL: simulation */
	int signals;   /* signalfd */
	enum worker_stop stop;
	int status;	  /* to exit with */
	unsigned failing; /* requests that are repeated after a back-off */
	bool trouble;	  /* a failing request was reported on standard error */
	struct {
		struct client_request *request;
		int64_t due, sent;
		struct backoff backoff;
		bool drained;  /* reported on standard error */
		int64_t until; /* with --once, while claims fail: then it is given up */
	} claim;
	bool nothing_ready; /* with --once: the end */
};

/* argv[0] is "work". Returns the exit status; 2: the command line is wrong. */
int worker_main(int argc, char **argv);

/* ---- for jobs ---- */

/*
 * The request failed and is repeated after a delay, which is returned in milliseconds. Prints one
 * line when the first of all requests fails.
 */
int64_t worker_failed(
	struct worker *worker, struct backoff *backoff, const struct client_answer *answer);
/* The request was answered. Prints one line when no request fails any more. */
void worker_answered(struct worker *worker, struct backoff *backoff);
/* The request is not repeated, without an answer. */
void worker_forget(struct worker *worker, struct backoff *backoff);
/* No more claims; the exit status will be 1. */
void worker_give_up(struct worker *worker);
/*
 * A sentence of the response: the first detail of `errors`, `detail` or `title` of the problem, or
 * the status. The caller owns it.
 */
json_t *worker_problem(const struct client_answer *answer);
/* Whether the request is to be repeated: there was no answer, or none that is final. */
bool worker_is_temporary(const struct client_answer *answer);
/* The content of the request is refused: 400, 413, 422, or a quota. */
bool worker_is_refused(const struct client_answer *answer);
/* 403, because the tenant's quota of storage is used up. */
bool worker_is_over_quota(const struct client_answer *answer);

/* The lease of a claim before its first heartbeat. */
static inline unsigned worker_confirm_seconds(const struct worker_options *options)
{
	return options->lease_seconds < 5 ? options->lease_seconds : 5;
}
