#pragma once
/*
 * Shares of a worker's time; a ring has the shares that wait. A share is light if it has used less
 * than half of the last milliseconds; this is decided when it begins to wait, when its turn ends,
 * and again when it has waited (share_promote). The light ones come first, in the order in which
 * they became light; the others take turns of TURN_US.
 *
 * The measure is a credit, at most TURN_US: time adds to it, one microsecond in SHARE_REFILL, and
 * use takes from it. A share without credit is not light. The debt is at most SHARE_DEBT_US.
 *
 * All times in microseconds of the monotonic clock.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#define TURN_US	      1000
#define SHARE_REFILL  2
#define SHARE_DEBT_US 500000

struct share {
	void *owner;
	int64_t credit_us;
	int64_t refilled_us; /* when */
	int64_t turn_us;     /* left of the turn, if it is not light */
	bool in_ring, light;
	TAILQ_ENTRY(share) ring;
};

TAILQ_HEAD(share_list, share);

struct share_ring {
	struct share_list light, others;
};

void share_ring_init(struct share_ring *ring);
static inline bool share_ring_is_empty(const struct share_ring *ring)
{
	return TAILQ_EMPTY(&ring->light) && TAILQ_EMPTY(&ring->others);
}
/* The one that has the turn, then those behind it; NULL at the end. */
struct share *share_first(const struct share_ring *ring);
struct share *share_next(const struct share_ring *ring, const struct share *share);

void share_init(struct share *share, void *owner, int64_t now);
/* Adds the credit of the time that has passed. */
void share_refill(struct share *share, int64_t now);
/* Makes the share wait, unless it waits already. */
void share_wait(struct share_ring *ring, struct share *share, int64_t now);
/* Makes those light that have got credit while they waited. Call it before share_first(). */
void share_promote(struct share_ring *ring, int64_t now);
void share_leave(struct share_ring *ring, struct share *share);
/* Takes `us` from the credit and from the turn, which may end it. */
void share_spend(struct share_ring *ring, struct share *share, int64_t us, int64_t now);
