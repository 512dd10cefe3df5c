#pragma once
/* Private to the notifier's loop: notifier.c, gather.c and send.c. */
#include "notify/hook.h"
#include "notify/notifier.h"
#include "notify/outcomes.h"

struct notifier {
	const struct notifier_config *config;
	struct transfers *transfers;
	struct hooks hooks;
	struct outcomes outcomes;
	uint64_t changes; /* store_webhook_changes() before the webhooks were read */
	bool loaded;
	int64_t next_load, next_store; /* monotonic ms */
	uint64_t round;		       /* of gathering; from 1 */
	int64_t wall;		       /* the clock at the last use of the store; ms */
	bool unflushed;		       /* deliveries were read that may not be durable yet */
	bool refused;		       /* the store has refused a change: nothing is sent */
	bool warned;		       /* of that */
	uint64_t sent, failed;
};

/* A request under way; the owner of a transfer. */
struct sending {
	struct hook *hook;
	uint64_t number;
	uint64_t revision; /* of the webhook, when it was begun */
	unsigned attempts; /* with this one */
	bool test;
};

/*
 * Reads the webhooks and gathers their events, for some milliseconds. Fails with ERR_PANIC only;
 * the other errors make the webhook, or all of them, wait.
 */
bool notifier_gather(struct notifier *notifier, struct err *err);

/* Notes an error of the store (trouble.c). Returns false for ERR_PANIC. */
bool notifier_pass_error(struct notifier *notifier, const struct err *err);

/* Begins requests that are due. Fails with ERR_PANIC only. */
bool notifier_send(struct notifier *notifier, struct err *err);
/* Takes the requests that have ended. The same. */
bool notifier_take_ends(struct notifier *notifier, struct err *err);
