#include "serve/share.h"

void share_ring_init(struct share_ring *ring)
{
	TAILQ_INIT(&ring->light);
	TAILQ_INIT(&ring->others);
}

struct share *share_first(const struct share_ring *ring)
{
	struct share *share = TAILQ_FIRST(&ring->light);

	return share ? share : TAILQ_FIRST(&ring->others);
}

struct share *share_next(const struct share_ring *ring, const struct share *share)
{
	struct share *next = TAILQ_NEXT(share, ring);

	return next || !share->light ? next : TAILQ_FIRST(&ring->others);
}

void share_init(struct share *share, void *owner, int64_t now)
{
	*share = (struct share){ .owner = owner, .credit_us = TURN_US, .refilled_us = now };
}

void share_refill(struct share *share, int64_t now)
{
	int64_t refill = (now - share->refilled_us) / SHARE_REFILL;

	share->credit_us += refill;
	if (share->credit_us > TURN_US)
		share->credit_us = TURN_US;
	share->refilled_us += refill * SHARE_REFILL;
}

void share_wait(struct share_ring *ring, struct share *share, int64_t now)
{
	if (share->in_ring)
		return;
	share_refill(share, now);
	share->in_ring = true;
	share->light = share->credit_us > 0;
	share->turn_us = TURN_US;
	if (share->light)
		TAILQ_INSERT_TAIL(&ring->light, share, ring);
	else
		TAILQ_INSERT_TAIL(&ring->others, share, ring);
}

void share_leave(struct share_ring *ring, struct share *share)
{
	if (!share->in_ring)
		return;
	share->in_ring = false;
	if (share->light)
		TAILQ_REMOVE(&ring->light, share, ring);
	else
		TAILQ_REMOVE(&ring->others, share, ring);
}

/* A first one with more debt keeps those behind it, but for 1 s at most: SHARE_DEBT_US. */
void share_promote(struct share_ring *ring, int64_t now)
{
	struct share *share;

	while ((share = TAILQ_FIRST(&ring->others))) {
		share_refill(share, now);
		if (share->credit_us <= 0)
			return;
		share_leave(ring, share);
		share_wait(ring, share, now);
	}
}

void share_spend(struct share_ring *ring, struct share *share, int64_t us, int64_t now)
{
	share_refill(share, now);
	share->credit_us -= us;
	if (share->credit_us < -SHARE_DEBT_US)
		share->credit_us = -SHARE_DEBT_US;
	share->turn_us -= us;
	if (!share->in_ring || (share->light ? share->credit_us > 0 : share->turn_us > 0))
		return;
	share_leave(ring, share);
	share_wait(ring, share, now);
}
