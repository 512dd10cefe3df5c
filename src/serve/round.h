#pragma once
/*
 * A round of the event loop answers all requests that are ready with one log flush:
 *
 *	1. round_receive() for each ready connection: the response is built in memory;
 *	2. round_flush(): no response may leave while a commit it depends on is not on disk;
 *	3. round_send(): the responses leave.
 *
 * After ERR_PANIC (a call returned false) the process must exit: the outcome of the round is
 * unknown, so no response may be sent.
 */
#include "serve/connections.h"
#include "serve/counters.h"

#define ROUND_MAX 256 /* connections */

struct round {
	struct connections *connections;
	struct worker_counters *counters;
	struct store_shared *store_shared;
	const char *home; /* of the disk reserve (reserve.h) */
	struct connection *ready[ROUND_MAX];
	size_t ready_count;
};

/*
 * Reads and handles the request of a readable connection, or fetches more rows for a writable one.
 * `events` is the mask that epoll_wait(2) reported. Call it at most ROUND_MAX times.
 */
bool round_receive(struct round *round, struct connection *conn, uint32_t events);
bool round_flush(struct round *round);
void round_send(struct round *round);
