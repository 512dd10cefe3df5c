#pragma once
/*
 * An exchange: one request, its response, and the state in between. Shared by the files that
 * handle a request (routing.h, rate.h, refusal.h, app.h, exchange_log.h).
 *
 * Ownership: an exchange owns its arena, response and result; `route` and `dialect` are constant
 * tables. Zero-initialise an exchange, call exchange_reset() before the first request and after
 * each one (memory is kept for reuse), and exchange_free() at the end.
 */
#include "auth/authorize.h"
#include "base/limit.h"
#include "dialect/dialect.h"
#include "http/request.h"
#include "http/response.h"
#include "serve/request_metrics.h"
#include "store/store.h"

/* The part of the configuration that requests depend on. */
struct app_options {
	struct limit_rule principal_rate;	 /* requests of one user of a tenant */
	uint64_t login_burst;			 /* failed logins in a burst; 0: no limit */
	int64_t clock_skew_ms[UINT8_MAX + 1];	 /* by dialect code (auth_policy.h) */
	uint64_t creates_per_day[UINT8_MAX + 1]; /* by dialect code, per tenant; 0: no limit */
	bool completes_tasks[UINT8_MAX + 1];	 /* by dialect code */
	size_t body_limit;			 /* bytes */
	struct retention retention;
	uint64_t body_hash;	/* of the options that bodies of responses depend on (list_tag.h) */
	const char *public_url; /* prefix of links; NULL or "": scheme and Host of the request */
};

/* State that all exchanges of a worker share. Borrows store, limit, tz and metrics. */
struct app {
	struct store *store;
	struct limit *limit;		 /* shared by all workers; NULL: no limits */
	const struct tz *tz;		 /* NULL: UTC */
	struct request_metrics *metrics; /* shared by all workers; NULL: nothing is counted */
	struct request_numbers numbers;	 /* with metrics */
	uint64_t suppressed; /* log lines suppressed since the last one (exchange_log.h) */
	uint64_t undone;     /* claims undone because their response was not delivered */
	bool lost; /* app_undo() met ERR_PANIC: the process must exit, as for other calls */
	const _Atomic uint64_t *wake_counters; /* of store_shared; NULL: requests do not wait */
	const _Atomic uint64_t *all_drains;    /* the same; NULL: they do not end waits */
	const _Atomic bool *serving;	       /* workers answer all requests; NULL: always */
	uint64_t waits;	      /* requests up to now that have waited for a change of one task */
	unsigned slice_steps; /* of a slice (op.slice_steps); 0: LIST_SLICE_STEPS */
	int64_t claim_us;     /* of a claim (op.claim_until_us); 0: no limit */
	struct app_options options;
};

/* The event under which an exchange is logged; polytaskd(8), LOG, describes each. */
enum exchange_event {
	EVENT_REQUEST,
	EVENT_AUTHORIZED, /* accepted by the authorizer: not logged, the request follows */
	EVENT_PROBE,	  /* not logged, because everyone can cause it at any rate */
	EVENT_DENIED,
	EVENT_LOGIN,
	EVENT_FORBIDDEN,
	EVENT_LIMITED,
	EXCHANGE_EVENTS
};

/* Work that is left before the response can be sent. */
enum exchange_work {
	WORK_NONE,
	WORK_AUTHORIZE,
	WORK_LOGIN,
	WORK_OPERATION, /* decode, apply, encode */
	WORK_SLICES,	/* the operation is carried out in slices and goes on */
	WORK_WHOLE,	/* as WORK_OPERATION, but it takes long and cannot be cut in slices */
	WORK_STREAM,	/* the head of the response is written, and a stream follows (streams.h) */
	WORK_PARKED,	/* there is nothing yet: the operation is tried again later (parking.h) */
};

/* Of a request that waits (op.wait_ms). */
struct exchange_wait {
	int64_t until_ms; /* monotonic; 0: it does not wait */
	bool resumed;	  /* this is not the first attempt */
	bool over;	  /* the time is over: answer with what there is, without waiting */
	bool drained;	  /* with over: because the worker gets no more tasks */
	bool was_drained; /* with of_task: it was so when the wait began; with stays: it is so now */
	bool stays;	  /* a drain of the worker does not end the wait, but its end does */
	bool unmet;	  /* the attempt has not found what the request waits for */
	bool of_worker;	  /* a claim or a heartbeat: drains count */
	bool of_task;	  /* for a change of one task: the response can be made at any time */
	bool written;	  /* the first attempt has changed the task */
	unsigned preferred; /* seconds, of Prefer (preference.h); 0: it does not wait for that */
	struct id id;	    /* with preferred: of the task */
	uint64_t first;	    /* with preferred: fingerprint of the task when the wait began */
	struct feed_place place; /* of a feed: where the next attempt goes on */
	uint64_t line;	 /* requests that ask for the same, in the same tenant, have the same */
	unsigned source; /* store_ready_source() or store_task_source() */
	uint64_t seen;	 /* value of that counter before the attempt */
	uint64_t drains; /* store_drain_changes() before the attempt */
	uint8_t worker_len;
	char worker[TASK_WORKER_MAX]; /* that asks */
};

#define LIST_TAG_SIZE 64

struct exchange {
	struct arena arena;
	struct arena large_body; /* of a body larger than body_limit, until it is answered */
	struct request request;
	struct response response;
	struct result result; /* the response and the rows of a list borrow from it */
	const struct route *route;
	const struct dialect *dialect;
	enum request_call call; /* without a route */
	enum err_code error;	/* of the response; ERR_NONE: it is none */
	bool streaming;		/* a list has more rows: app_stream_rows() */
	bool held_back; /* with streaming: nothing is sent before the last row (held_page.h) */
	char list_tag[LIST_TAG_SIZE]; /* of the list that is answered; empty: it has none */
	enum exchange_work work;
	/*
	 * In its last turn it has used the store, or got rows that were read there. Without that,
	 * its response depends on the request alone.
	 */
	bool used_store;
	bool is_deferred; /* the store has asked for another round (store_is_deferred) */
	/* Nothing was done: it flushes by itself, and a round is open. Its turn is the next one. */
	bool is_postponed;
	bool commits_slices; /* each slice is a transaction that changes tasks */
	bool is_kept;	     /* with commits_slices: some slices are durable */
	bool is_prefetched;  /* by store_prefetch() */
	unsigned runs;	     /* up to now that were for nothing */
	unsigned lost_runs;  /* those of them whose round was lost; others were deferred */
	bool is_charged;     /* the principal was charged for a request */
	bool body_is_plain;  /* the body was verified, and has no content coding any more */
	uint64_t account;    /* key of the principal or, without one, of the client's network */
	uint64_t tenant;     /* key of the principal's tenant; 0: none */
	bool has_principal;  /* the account is a principal's */
	int64_t cost_us;     /* processor time, without reading and sending */
	int64_t began_us;    /* monotonic: when the request was read */
	enum exchange_event event;
	struct auth_log_entry auth_log;
	struct exchange_wait wait;
	const struct op_feed *stream; /* WORK_STREAM: what it sends; in the arena */
	bool undo; /* app_undo() has to be called if the response is not delivered */
	struct exchange *next_idle;
};

/*
 * Exchanges without a request, kept with their memory for the next ones: a round has one for each
 * request that it has read. Zero-initialise; exchange_pool_free().
 */
struct exchange_pool {
	struct exchange *first;
	size_t count;
};

#define EXCHANGES_IDLE	     64			 /* at most */
#define EXCHANGE_IDLE_MEMORY ((size_t)64 * 1024) /* bytes; one that has more is freed */

/* Takes an idle exchange, or makes one; it is reset. NULL without memory. */
struct exchange *exchange_acquire(struct exchange_pool *pool);
/* NULL is allowed. */
void exchange_release(struct exchange_pool *pool, struct exchange *take_exchange);
void exchange_pool_free(struct exchange_pool *pool);
void exchange_reset(struct exchange *exchange);
/*
 * Forgets what was done for the request, which is kept as it was read: it can begin again. What
 * was done once remains: the charge, and the body without its coding.
 */
void exchange_rewind(struct exchange *exchange);
/* Bytes of memory: of the request's arenas, the result and the response. */
size_t exchange_memory(const struct exchange *exchange);
void exchange_free(struct exchange *exchange);
