#pragma once
/*
 * The connections of the notifier, by libcurl: requests that run at the same time in one thread.
 * Receivers are hostile: times and sizes of a response are limited, redirects are not followed, and
 * the address of each connection is checked when its socket is opened. It must be public, or of an
 * allowed network; without TLS it must be of an allowed network. Proxies, .netrc, cookies and
 * compression are not used.
 *
 * Connections are kept for the next request of the same pool. A webhook has a pool of its own, so
 * that tenants share no connection and no TLS session.
 */
#include "notify/request.h"
#include "sys/network.h"

#define TRANSFERS_MAX	      256 /* at the same time */
#define TRANSFER_CONNECT_MS   5000
#define TRANSFER_MS	      15000	  /* of a whole attempt */
#define TRANSFER_HEADER_MAX   (32 * 1024) /* bytes of a response: of all header fields */
#define TRANSFER_BODY_MAX     (64 * 1024) /* and of the body */
#define TRANSFER_POOL_SIZE    4		  /* connections that a pool keeps */
#define TRANSFER_POOLS_KEPT   64	  /* without a request */
#define TRANSFER_POOL_IDLE_MS 30000	  /* after its last request a pool is closed */

struct transfers;
struct transfer_pool;

/* NULL until the first request; the owner passes the same place each time. */
struct transfer_place {
	struct transfer_pool *pool;
};

/* Why there is no response. */
enum transfer_fault {
	TRANSFER_NOT_BEGUN,
	TRANSFER_UNREACHABLE,
	TRANSFER_TIMEOUT, /* of a connection that was made */
	TRANSFER_BROKEN,  /* it ended early, or what came is not HTTP */
};

struct transfer_end {
	void *owner;			 /* as passed to transfers_start() */
	struct delivery_attempt attempt; /* `at` as passed; texts are valid until the next call */
	enum transfer_fault fault;	 /* if attempt.status is 0 */
	uint32_t retry_after;		 /* seconds; 0: none */
};

/*
 * Initialises libcurl: once in a process, which has no other use of it. networks: borrowed. Fails
 * with ERR_INTERNAL or ERR_NO_MEMORY.
 */
bool transfers_new(struct transfers **transfers, const struct network *networks, size_t count,
	struct err *err);
/* NULL is allowed. Owners of requests under way are not freed. */
void transfers_free(struct transfers *transfers);
/* Ends all requests under way, passing the owner of each to free_owner. */
void transfers_abort(struct transfers *transfers, void (*free_owner)(void *owner));

/*
 * Begins a request, which it takes over in any case. now: wall-clock ms, of the attempt. Fails with
 * ERR_NO_MEMORY; ERR_INVALID: libcurl does not accept the URL.
 */
bool transfers_start(struct transfers *transfers, struct transfer_place *place,
	struct notify_request *take_request, void *owner, int64_t now, struct err *err);
/* Waits for at most `ms` milliseconds for something to do, and does it. */
void transfers_wait(struct transfers *transfers, int ms);
/* Takes a request that has ended, or returns false. */
bool transfers_next(struct transfers *transfers, struct transfer_end *end);
size_t transfers_count(const struct transfers *transfers);

/* Closes the connections of a place without requests under way. */
void transfers_close_pool(struct transfers *transfers, struct transfer_place *place);
/* Closes pools that had no request for a time, or are too many. */
void transfers_tidy(struct transfers *transfers, int64_t mono_ms);
