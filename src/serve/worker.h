#pragma once
/*
 * Worker: a process that answers FastCGI requests until a signal stops it. It knows neither the
 * supervisor nor other workers: the caller passes all it needs in a struct worker_setup.
 *
 * Signals, which the caller has blocked: SIGTERM finishes the current requests and returns. SIGUSR2
 * retires the worker: it accepts no new connections, puts kept connections without a request into
 * the queues, and the others as soon as their response is sent. It returns when it has none left,
 * or after conf.drain_seconds.
 */
#include <sys/types.h>

#include "base/limit.h"
#include "serve/counters.h"
#include "serve/request_metrics.h"
#include "store/store.h"
#include "sys/handover.h"
#include "sys/listen.h"
#include "sys/open_files.h"

enum worker_state {
	WORKER_READY,
	WORKER_RETIRING, /* begins no more requests */
};

/* Borrowed until worker_run() returns. */
struct worker_setup {
	const struct conf *conf;
	struct store_options store;
	struct limit *limit; /* shared by all workers */
	struct worker_counters *counters;
	struct request_metrics *metrics;      /* shared by all workers */
	struct open_files *files;	      /* counted at each turn of the event loop */
	const _Atomic bool *serving;	      /* whether workers answer all requests */
	int listeners[FCGI_SOCKETS];	      /* FastCGI sockets to accept from; -1: none */
	struct handover queues[FCGI_SOCKETS]; /* of the connections of each socket */
	uid_t peer;			      /* user that may connect, besides the service's */
	int supervisor_pipe; /* readable (end of file) when the supervisor is gone */
	void (*report)(void *data, enum worker_state state);
	void *data;
};

/*
 * Returns the exit status: 0, or, with the cause in *err, STORE_EXIT_PANIC or 1 if the worker could
 * not start.
 */
int worker_run(const struct worker_setup *setup, struct err *err);
