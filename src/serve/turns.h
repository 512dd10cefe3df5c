#pragma once
/*
 * The order in which a worker carries out the requests that wait. Each belongs to an account, that
 * of a principal or, for requests without one, of a client's network; the accounts of a tenant
 * belong together. Both exist while they have requests.
 *
 * Tenants, and the accounts of a tenant, share the worker's time (share.h): so the short request of
 * a light tenant waits for one slice of another one, however many users and requests that one has.
 * An account's own short requests and lists alternate. At most TURNS_LISTS_PER_ACCOUNT of its lists
 * are in slices, because each keeps the rows that it has found in memory.
 *
 * A worker reads one large body at a time. Its request cannot be cut in slices, so it counts
 * TURN_LARGE_WEIGHT times and, while the worker is contended, waits until its tenant has no debt:
 * then less than one in a hundred requests of a busy light tenant meets one. After
 * TURNS_LARGE_WAIT_US the debt of its account decides, because the web server waits 10 s
 * (fastcgi_send_timeout), and another account may have made the tenant's debt. The same holds for
 * an operation that takes milliseconds whatever its body, TURN_WHOLE, of which several may wait.
 */
#include <stddef.h>

#include "serve/share.h"

#define TURNS_LISTS_PER_ACCOUNT 4
#define TURNS_LISTS		64 /* of all accounts */
#define TURN_LARGE_WEIGHT	6
#define TURNS_LARGE_WAIT_US	5000000
/* A worker counts as contended for this long after a light tenant had a turn before another one. */
#define TURNS_CONTENDED_US 100000
/* It counts as shared for this long after a request of another account than before had a turn. */
#define TURNS_SHARED_US 100000

struct connection;
TAILQ_HEAD(connection_queue, connection);

enum turn_queue {
	TURN_NONE,     /* the connection does not wait */
	TURN_SHORT,    /* a request that ends in one turn */
	TURN_NEW_LIST, /* a list that has not begun, or a removal that may have dependents */
	TURN_LIST,     /* one in slices that goes on */
	TURN_ROWS,     /* rows of a list whose response has begun */
	TURN_LARGE,    /* a request with a large body that is not read yet */
	TURN_BODY,     /* a large body of which a part has arrived */
	TURN_WHOLE,    /* an operation that takes long and cannot be cut in slices */
	TURN_WOKEN,    /* a request that was parked (parking.h) */
	TURN_AGAIN,    /* a request of a round that was lost (round.h); after turns.again_us */
	TURN_STREAM,   /* a stream that reads what it has missed (streams.h) */
	TURN_QUEUES,
	TURN_INPUT = TURN_QUEUES, /* in no queue: the next part of a large body has not arrived */
	TURN_PARKED,		  /* in no queue: the request is parked, or a stream */
	TURN_FLUSH, /* in no queue: what follows the turn depends on the flush of the round */
};

struct turns_tenant {
	uint64_t key;
	bool is_client; /* a network of clients without a principal */
	size_t accounts;
	struct share share;
	struct share_ring ring; /* accounts that wait */
	LIST_ENTRY(turns_tenant) bucket;
};

struct account {
	uint64_t key;
	struct turns_tenant *tenant;
	size_t requests;      /* read, with a response that is not sent completely */
	size_t waits;	      /* requests that are parked or were parked; part of `requests` */
	size_t waits_bytes;   /* of memory that these keep */
	size_t held;	      /* responses that wait for their reader */
	size_t held_bytes;    /* of these, and of lists and removals in slices */
	size_t lists;	      /* in slices */
	enum turn_queue last; /* queue of the last turn */
	struct connection_queue queues[TURN_QUEUES];
	size_t waiting; /* in all queues */
	struct share share;
	LIST_ENTRY(account) bucket;
};

LIST_HEAD(account_bucket, account);
LIST_HEAD(tenant_bucket, turns_tenant);

#define TURNS_BUCKETS	     256
#define TURNS_TENANT_BUCKETS 64

/*
 * Credit of a tenant without requests. A set has places for the tenants of a hash; one with less
 * credit takes the place of the one with the most. A debt is paid after a second at most.
 */
#define TURNS_DEBT_SETS 256
#define TURNS_DEBT_WAYS 4
struct turns_debt {
	uint64_t key;
	int64_t credit_us, refilled_us;
};

/* All zero, then turns_init(). */
struct turns {
	int64_t now_us;		/* monotonic; set by the caller */
	struct share_ring ring; /* tenants that wait */
	struct account_bucket buckets[TURNS_BUCKETS];
	struct tenant_bucket tenants[TURNS_TENANT_BUCKETS];
	struct turns_debt debts[TURNS_DEBT_SETS][TURNS_DEBT_WAYS];
	struct account *spare; /* kept for the next one */
	struct turns_tenant *spare_tenant;
	int64_t contended_until_us, shared_until_us;
	uint64_t last_key;	  /* of the account that had the last turn; 0: none yet */
	int64_t again_us;	  /* monotonic: TURN_AGAIN has no turns before */
	struct connection *large; /* with the large body that is being read */
	size_t waiting;		  /* connections */
	size_t again;		  /* of these in TURN_AGAIN */
	size_t lists;		  /* in slices */
	size_t held, held_bytes;
	size_t holders; /* accounts with such a response or such memory */
};

void turns_init(struct turns *turns);
void turns_free(struct turns *turns);
/*
 * Returns the account of the key, which it creates in that tenant if necessary, and counts a
 * request of it; turns_leave() ends the request. NULL without memory. With tenant 0 the account,
 * that of a network, is in a tenant of its own.
 */
struct account *turns_enter(struct turns *turns, uint64_t key, uint64_t tenant);
/* The request has ended; the account is freed with its last one. */
void turns_leave(struct turns *turns, struct account *account);
/* Makes the connection wait in a queue of its account. */
void turns_wait(struct turns *turns, struct connection *conn, enum turn_queue queue);
/* Ends the wait; also ends a list in slices. */
void turns_cancel(struct turns *turns, struct connection *conn);
/* Which connections may have the next turn. */
enum turns_choice {
	TURNS_AGAIN_ONLY, /* of TURN_AGAIN */
	TURNS_ANY,
	TURNS_NOT_WOKEN,      /* of all queues but TURN_WOKEN */
	TURNS_SHORT_OR_WOKEN, /* of TURN_SHORT, TURN_AGAIN and TURN_WOKEN */
	TURNS_SHORT_ONLY,     /* of TURN_SHORT and TURN_AGAIN */
	TURNS_LIGHT_ONLY,     /* the same of a light tenant */
};

/*
 * Ends the wait of the connection that has the next turn and returns it, its queue in *queue. NULL
 * if none may take a turn.
 */
struct connection *turns_next(
	struct turns *turns, enum turns_choice choice, enum turn_queue *queue);
/*
 * Whether a light tenant needs the worker beside another one, or did within TURNS_CONTENDED_US:
 * then slices and rounds are shorter.
 */
static inline bool turns_are_contended(const struct turns *turns)
{
	return turns->now_us < turns->contended_until_us;
}
/*
 * Whether requests of more than one account have had turns within TURNS_SHARED_US: then those of
 * another account may wait, or arrive, during a long turn.
 */
static inline bool turns_are_shared(const struct turns *turns)
{
	return turns->now_us < turns->shared_until_us;
}
/* Charges a turn of `us` microseconds. Call turns_wait() first if the connection waits again. */
void turns_spend(struct turns *turns, struct account *account, int64_t us);
/*
 * Whether the account holds at least an equal share of this many responses, or more than one of
 * this many bytes. There is a share for each account that holds any, and one for a further account.
 */
bool turns_holds_share(
	const struct turns *turns, const struct account *account, size_t responses, size_t bytes);
/*
 * Sets whether the response waits for its reader, and the bytes of memory that it, or the work in
 * slices, keeps.
 */
void turns_hold(struct turns *turns, struct connection *conn, bool held, size_t bytes);
