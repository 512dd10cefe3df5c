#pragma once
/*
 * What the notifier and commands of the operator need of the store: webhooks, and the deliveries of
 * their events. Requests use OP_WEBHOOK (task/webhook.h).
 *
 * The events of a webhook are gathered from the journal in their order, each once: the deliveries
 * and the place up to which they were gathered are written in one transaction. A delivery stays
 * pending until the notifier has recorded that it was delivered or given up. So after a crash of
 * any process each event is delivered at least once. Nothing that was read here may leave the
 * service before the next store_flush().
 *
 * The errors are those of store_apply().
 */
#include "store/store.h"
#include "task/webhook.h"

/* A number that grows when a webhook is created, changed or removed, or deliveries are added by a
 * request: look at all webhooks again. */
uint64_t store_webhook_changes(const struct store *store);

/* Calls back for each enabled webhook of all tenants, until it returns false. */
bool store_webhook_each(struct store *store,
	bool (*take)(const struct webhook *webhook, const struct webhook_state *state, void *data),
	void *data, struct err *err);

/* Writes the body of a delivery: struct dialect_webhook.encode of the webhook's format. */
typedef void outbox_encode_body(const struct webhook *webhook, const struct journal_entry *entry,
	const struct task *task, struct buf *body);

/* Calls back for the tenant of each webhook, enabled or not, until it returns false. */
bool store_webhook_tenants(struct store *store, bool (*take)(struct str tenant, void *data),
	void *data, struct err *err);

/*
 * Gathers: reads at most FEED_SCAN_MAX entries of the journal behind the webhook's place, and adds
 * a delivery for each that it wants, up to WEBHOOK_PENDING_MAX pending ones. *added: deliveries;
 * *more: there are more entries to read now, and room for their deliveries.
 */
bool store_webhook_gather(struct store *store, const struct webhook *webhook,
	outbox_encode_body *encode, unsigned *added, bool *more, struct err *err);

/*
 * Calls back for the pending deliveries of the webhook with numbers above `after`, in their order,
 * at most `limit`, until it returns false.
 */
bool store_webhook_pending(struct store *store, const struct id *webhook, uint64_t after,
	unsigned limit, bool (*take)(const struct delivery *delivery, void *data), void *data,
	struct err *err);

/* The end of an attempt. */
struct delivery_outcome {
	struct id webhook;
	uint64_t number;
	struct delivery_attempt attempt;
	enum delivery_state state;
	struct optional_time next; /* DELIVERY_PENDING: of the next attempt */
};

/*
 * Records attempts, in one transaction; those of deliveries or webhooks that were removed meanwhile
 * are ignored. Updates the state of the webhooks.
 */
bool store_webhook_settle(struct store *store, const struct delivery_outcome *outcomes,
	size_t count, struct err *err);

/*
 * Disables the webhook, with the reason that clients see, if it still has this revision and is
 * enabled; else it stays as it is. *disabled: whether it was. Pending deliveries stay.
 */
bool store_webhook_disable(struct store *store, struct str tenant, const struct id *id,
	uint64_t revision, struct str reason, int64_t now, bool *disabled, struct err *err);
