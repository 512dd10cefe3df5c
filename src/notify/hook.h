#pragma once
/*
 * The webhooks that the notifier serves, with copies of what it needs of them, by tenant.
 */
#include "base/arena.h"
#include "notify/queue.h"
#include "notify/schedule.h"
#include "notify/transfer.h"

struct hook_tenant;

struct hook {
	struct hook *next; /* of its tenant */
	struct hook_tenant *tenant;
	struct arena arena;
	struct webhook webhook; /* its texts are in the arena */
	struct optional_time failing_since;
	struct schedule_health health;
	struct queue queue;
	struct transfer_place place;
	unsigned under_way;
	uint64_t pending;	     /* deliveries, as far as is known */
	uint64_t round;		     /* in which its events were gathered last */
	bool gathers;		     /* the journal may have entries for it */
	bool found;		     /* by the round of reading */
	bool removed;		     /* freed when nothing is under way */
	bool logged;		     /* that it fails */
	int64_t logged_at, retry_at; /* monotonic: the last line; no access to the store before */
};

struct hook_tenant {
	struct hook_tenant *next;
	struct str name;
	struct hook *hooks;
	unsigned under_way;
	unsigned source; /* store_feed_source() */
	uint64_t seen;	 /* its count, before the last look at the journal */
	int64_t looked;	 /* when that was; monotonic ms */
	char text[];
};

/* Zero-initialise. */
struct hooks {
	struct hook_tenant *tenants;
	struct hook_tenant *last; /* of the webhook that was put last */
	size_t count;		  /* of webhooks, without removed ones */
};

/* Frees all; nothing is under way. */
void hooks_free(struct hooks *hooks, struct transfers *transfers);
/*
 * A round of reading all webhooks: begin, put each one, end. The end removes those that were not
 * put. The receiver of a webhook that has changed counts as one that works. If the number of its
 * pending deliveries is another one, they are read again from the first.
 */
void hooks_begin(struct hooks *hooks);
bool hooks_put(struct hooks *hooks, const struct webhook *webhook,
	const struct webhook_state *state, struct err *err);
void hooks_end(struct hooks *hooks, struct transfers *transfers);
/* Frees removed webhooks without requests under way, and tenants without webhooks. */
void hooks_tidy(struct hooks *hooks, struct transfers *transfers);
/* Has the pending deliveries of all webhooks read again, with their times. */
void hooks_reread(struct hooks *hooks);
/* Gives the next turn to the other webhooks of the tenant; to the other tenants. */
void hooks_to_end(struct hook_tenant *tenant, struct hook *hook);
void hooks_rotate_tenants(struct hooks *hooks);
