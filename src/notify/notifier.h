#pragma once
/*
 * The notifier: sends the deliveries of all webhooks, until their receivers have accepted them or
 * the schedule has ended. One loop in one process; a second one on the same store would send
 * everything twice.
 *
 * The journal is the outbox. In each turn the loop
 *
 *	1. reads the webhooks again if one has changed,
 *	2. gathers events into deliveries (store/webhooks/outbox.h), and flushes: nothing is sent
 *	   that a loss of power could take back,
 *	3. sends what is due, a fair share for each tenant and each webhook,
 *	4. notes how attempts have ended, together for many.
 *
 * 1, 2 and 4 use the store at most once per NOTIFIER_STORE_MS, so that writers are not disturbed.
 * An attempt whose end was not noted because the process died is made again: every event is
 * delivered at least once. A receiver recognises a repetition by the id of the message.
 */
#include "notify/attempt_metrics.h"
#include "store/health.h"
#include "store/webhooks/outbox.h"
#include "sys/network.h"

#define NOTIFIER_STORE_MS	20
#define NOTIFIER_IDLE_MS	500 /* without any webhook */
#define NOTIFIER_TENANT_MAX	64  /* requests of a tenant at the same time */
#define NOTIFIER_TENANT_CROWDED 8   /* the same while half of TRANSFERS_MAX are under way */
/* While a tenant has as many, each of its webhooks may have one; with WEBHOOKS_MAX about 64. */
#define NOTIFIER_HOOK_CROWDED 16
#define NOTIFIER_LAST_MS      2000 /* at the end: for requests under way */

struct notifier_config {
	struct store *store;
	const struct network *networks; /* that receivers may be in, besides public addresses */
	size_t network_count;
	struct store_health *health;	 /* figures; NULL: none */
	struct attempt_metrics *metrics; /* of all attempts; NULL: none */
	/* Called in each turn: waits up to `ms` milliseconds. False, at once: end. */
	bool (*pause)(void *data, int64_t ms);
	void *data;
};

/*
 * Runs until pause() is false; requests under way then have NOTIFIER_LAST_MS. Fails with ERR_PANIC,
 * or if libcurl cannot be set up. Other errors of the store are logged, and it is tried again.
 */
bool notifier_run(const struct notifier_config *config, struct err *err);
