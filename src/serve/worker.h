#pragma once
/*
 * Worker: a process that answers FastCGI requests until it is told to stop. It knows neither the
 * supervisor nor other workers; the process tree hands it what it needs in a struct worker_setup.
 *
 * Signals, blocked by the caller: SIGTERM finishes the requests in hand and returns. SIGUSR2
 * retires: no new connections, kept ones are answered until the web server closes them or
 * conf.drain_seconds have passed.
 */
#include <sys/types.h>

#include "base/conf.h"
#include "base/limit.h"
#include "store/store.h"

/* In memory shared with the supervisor; only the worker writes. */
struct worker_counters {
	_Atomic uint64_t heartbeats; /* of the event loop, also when idle: at least five a second */
	_Atomic uint64_t served;     /* requests answered */
	_Atomic uint64_t refused;    /* of these with a status of 400 or more */
	_Atomic uint64_t flushes;    /* log flushes for held answers */
	_Atomic uint64_t connections;
	_Atomic uint64_t waiting; /* answers being streamed or held */
};

enum worker_state { WORKER_READY, WORKER_RETIRING };

/* Borrowed for the worker's life. */
struct worker_setup {
	const struct conf *conf;
	struct store_options store;
	struct limit *limit; /* shared by all workers */
	struct worker_counters *counters;
	int listener;	     /* the FastCGI socket */
	uid_t peer;	     /* who may connect to it, besides our own user */
	int supervisor_pipe; /* readable (end of file) when the supervisor is gone */
	void (*report)(void *data, enum worker_state state);
	void *data;
};

/* Returns the exit status: 0, STORE_EXIT_PANIC, or 1 when the worker could not start. */
int worker_run(const struct worker_setup *setup);
