#pragma once
/*
 * The order in which a worker carries out the requests that wait. Each belongs to an account: a
 * principal or, for requests without one, a client's network. An account exists while it has
 * requests.
 *
 * Accounts take turns of TURN_US by the clock. An account that begins to wait comes before those
 * that have used up a turn, so a short request waits for one slice of another account, however many
 * requests that one has. An account's own short requests and lists alternate. At most
 * TURNS_LISTS_PER_ACCOUNT of its lists are in slices, because each keeps the rows that it has found
 * in memory.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#define TURN_US			1000 /* microseconds */
#define TURNS_LISTS_PER_ACCOUNT 4
#define TURNS_LISTS		64 /* of all accounts */

struct connection;
TAILQ_HEAD(connection_queue, connection);

enum turn_queue {
	TURN_NONE,     /* the connection does not wait */
	TURN_SHORT,    /* a request that ends in one turn */
	TURN_NEW_LIST, /* a list that has not begun */
	TURN_LIST,     /* a list in slices that goes on */
	TURN_ROWS,     /* rows of a list whose response has begun */
	TURN_QUEUES
};

struct account {
	uint64_t key;
	size_t requests; /* read, with a response that is not sent completely */
	size_t held;	 /* responses that wait for their reader */
	size_t held_bytes;
	size_t lists;	      /* in slices */
	int64_t credit_us;    /* left of the turn */
	enum turn_queue last; /* queue of the last turn */
	struct connection_queue queues[TURN_QUEUES];
	size_t waiting; /* in all queues */
	bool in_ring, fresh;
	TAILQ_ENTRY(account) ring;
	LIST_ENTRY(account) bucket;
};

TAILQ_HEAD(account_ring, account);
LIST_HEAD(account_bucket, account);

#define TURNS_BUCKETS 256

/* All zero, then turns_init(). */
struct turns {
	struct account_ring fresh, rest; /* accounts that wait: first turn; later ones */
	struct account_bucket buckets[TURNS_BUCKETS];
	struct account *spare; /* kept for the next one */
	size_t waiting;	       /* connections */
	size_t lists;	       /* in slices */
	size_t held, held_bytes;
	size_t holders; /* accounts with a response that waits for its reader */
};

void turns_init(struct turns *turns);
void turns_free(struct turns *turns);
/*
 * Returns the account of the key, which it creates if necessary, and counts a request of it;
 * turns_leave() ends the request. NULL without memory.
 */
struct account *turns_enter(struct turns *turns, uint64_t key);
/* The request has ended; the account is freed with its last one. */
void turns_leave(struct turns *turns, struct account *account);
/* Makes the connection wait in a queue of its account. */
void turns_wait(struct turns *turns, struct connection *conn, enum turn_queue queue);
/* Ends the wait; also ends a list in slices. */
void turns_cancel(struct turns *turns, struct connection *conn);
/*
 * Ends the wait of the connection that has the next turn and returns it, its queue in *queue. NULL
 * if none may take a turn. short_only: only connections in TURN_SHORT.
 */
struct connection *turns_next(struct turns *turns, bool short_only, enum turn_queue *queue);
/* Charges a turn of `us` microseconds. Call turns_wait() first if the connection waits again. */
void turns_spend(struct turns *turns, struct account *account, int64_t us);
/*
 * Whether the account holds at least an equal share of this many responses, or more than one of
 * this many bytes. There is a share for each account that holds responses, and one for a newcomer.
 */
bool turns_holds_share(
	const struct turns *turns, const struct account *account, size_t responses, size_t bytes);
/* Sets whether the response waits for its reader, and its bytes of memory: 0 unless held. */
void turns_hold(struct turns *turns, struct connection *conn, bool held, size_t bytes);
