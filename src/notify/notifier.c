#include "notify/notifier.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "notify/notifier_parts.h"

/* A clock that was set back by more. */
#define CLOCK_STEP_MS 10000

/* ---- the store ---- */

static bool flush(struct notifier *notifier, struct err *err)
{
	struct store *store = notifier->config->store;

	if (!notifier->unflushed)
		return true;
	if (!store_is_flushed(store) && !store_flush(store, err))
		return notifier_pass_error(notifier, err);
	notifier->unflushed = false;
	return true;
}

/* The window has all of them when it is complete. */
static uint64_t pending_of(const struct hook *hook)
{
	uint64_t known = hook->queue.count;

	return hook->queue.is_complete || known > hook->pending ? known : hook->pending;
}

/* Also of the last turn: other notifiers add to the same figures. */
static void publish_ends(struct notifier *notifier)
{
	struct store_health *health = notifier->config->health;

	if (health) {
		atomic_fetch_add(&health->deliveries_sent, notifier->sent);
		atomic_fetch_add(&health->deliveries_failed, notifier->failed);
	}
	notifier->sent = notifier->failed = 0;
}

static void publish(const struct notifier *notifier)
{
	struct store_health *health = notifier->config->health;
	uint64_t pending = 0;

	if (!health)
		return;
	for (const struct hook_tenant *tenant = notifier->hooks.tenants; tenant;
		tenant = tenant->next) {
		for (const struct hook *hook = tenant->hooks; hook; hook = hook->next)
			pending += pending_of(hook);
	}
	atomic_store(&health->webhooks, notifier->hooks.count);
	atomic_store(&health->deliveries_pending, pending);
}

/* The times of further attempts are shortened when they are read (queue_add()). */
static void watch_clock(struct notifier *notifier)
{
	int64_t now = clock_wall_ms();

	if (now < notifier->wall - CLOCK_STEP_MS)
		hooks_reread(&notifier->hooks);
	notifier->wall = now;
}

/* While the store refuses changes nothing is sent, because its end could not be recorded. */
static bool use_store(struct notifier *notifier, struct err *err)
{
	notifier->refused = false;
	watch_clock(notifier);
	if (!outcomes_record(&notifier->outcomes, notifier->config->store, err) &&
		!notifier_pass_error(notifier, err))
		return false;
	if (!notifier_gather(notifier, err) || !flush(notifier, err))
		return false;
	if (!notifier->refused && notifier->warned) {
		notifier->warned = false;
		log_info("webhook", "deliveries go on");
	}
	publish(notifier);
	publish_ends(notifier);
	hooks_tidy(&notifier->hooks, notifier->transfers);
	hooks_rotate_tenants(&notifier->hooks);
	transfers_tidy(notifier->transfers, clock_mono_ms());
	return true;
}

/* ---- the loop ---- */

static int wait_ms(const struct notifier *notifier)
{
	int64_t left = notifier->next_store - clock_mono_ms();

	if (notifier->hooks.count == 0 && transfers_count(notifier->transfers) == 0)
		return NOTIFIER_IDLE_MS;
	return left > 1 ? (int)left : 1;
}

/* Requests under way are waited for in transfers_wait(). */
static bool pause_loop(const struct notifier *notifier)
{
	bool waits = transfers_count(notifier->transfers) == 0;

	return notifier->config->pause(notifier->config->data, waits ? wait_ms(notifier) : 0);
}

static bool turn(struct notifier *notifier, bool sends, struct err *err)
{
	int64_t now = clock_mono_ms();

	if (now >= notifier->next_store) {
		if (!use_store(notifier, err))
			return false;
		/* A store that is slow is not used all the time. */
		notifier->next_store = clock_mono_ms() + (clock_mono_ms() - now > NOTIFIER_STORE_MS
									 ? clock_mono_ms() - now
									 : NOTIFIER_STORE_MS);
	}
	if (sends && !notifier->refused && !notifier->unflushed && !notifier_send(notifier, err))
		return false;
	if (transfers_count(notifier->transfers) == 0)
		return true;
	transfers_wait(notifier->transfers, wait_ms(notifier));
	return notifier_take_ends(notifier, err);
}

/* Nothing is begun any more. What does not end in time is sent again by the next notifier. */
static bool finish(struct notifier *notifier, struct err *err)
{
	int64_t until = clock_mono_ms() + NOTIFIER_LAST_MS;
	bool ok = true;

	while (ok && transfers_count(notifier->transfers) > 0 && clock_mono_ms() < until) {
		pause_loop(notifier);
		ok = turn(notifier, false, err);
	}
	if (!ok)
		return false;
	ok = outcomes_record(&notifier->outcomes, notifier->config->store, err);
	publish_ends(notifier);
	return ok || err->code != ERR_PANIC;
}

static void free_all(struct notifier *notifier)
{
	transfers_abort(notifier->transfers, free);
	hooks_free(&notifier->hooks, notifier->transfers);
	transfers_free(notifier->transfers);
	outcomes_free(&notifier->outcomes);
}

bool notifier_run(const struct notifier_config *config, struct err *err)
{
	struct notifier notifier = { .config = config, .round = 1 };
	bool ok = true;

	if (!transfers_new(&notifier.transfers, config->networks, config->network_count, err))
		return false;
	do {
		ok = turn(&notifier, true, err);
	} while (ok && pause_loop(&notifier));
	ok = ok && finish(&notifier, err);
	free_all(&notifier);
	return ok;
}
