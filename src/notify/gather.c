#include "base/clock.h"
#include "base/log.h"
#include "dialect/dialect.h"
#include "notify/notifier_parts.h"
#include "store/wake.h"

/* Reading all webhooks again takes at most a tenth of the time. */
#define LOAD_MS	     100
#define LOAD_PERCENT 10
/* Of one turn, for all webhooks together. */
#define GATHER_US 10000
/* After an error of the store that concerns one webhook. */
#define RETRY_MS 1000
#define LOOK_MS	 5000

/* ---- webhooks ---- */

struct load {
	struct hooks *hooks;
	struct err *err;
	bool ok;
};

static bool take_webhook(
	const struct webhook *webhook, const struct webhook_state *state, void *data)
{
	struct load *load = data;

	load->ok = hooks_put(load->hooks, webhook, state, load->err);
	return load->ok;
}

static bool load(struct notifier *notifier, struct err *err)
{
	uint64_t changes = store_webhook_changes(notifier->config->store);
	int64_t began = clock_mono_ms(), took;
	struct load load = { .hooks = &notifier->hooks, .err = err, .ok = true };
	bool ok;

	if ((notifier->loaded && changes == notifier->changes) || began < notifier->next_load)
		return true;
	hooks_begin(&notifier->hooks);
	ok = store_webhook_each(notifier->config->store, take_webhook, &load, err) && load.ok;
	took = clock_mono_ms() - began;
	notifier->next_load = began + took +
			      (took * 100 / LOAD_PERCENT > LOAD_MS ? took * 100 / LOAD_PERCENT
								   : LOAD_MS);
	if (!ok)
		return notifier_pass_error(notifier, err);
	hooks_end(&notifier->hooks, notifier->transfers);
	notifier->changes = changes;
	notifier->loaded = true;
	notifier->unflushed = true;
	return true;
}

/* ---- events ---- */

static void encode(const struct webhook *webhook, const struct journal_entry *entry,
	const struct task *task, struct buf *body)
{
	const struct dialect *dialect = dialect_by_code(webhook->format);

	if (dialect && dialect->webhook)
		dialect->webhook->encode(entry, task, body);
}

struct filling {
	struct queue *queue;
	int64_t now;
	size_t rows;
	bool is_full;
};

static bool take_delivery(const struct delivery *delivery, void *data)
{
	struct filling *filling = data;

	filling->rows++;
	filling->is_full = !queue_add(filling->queue, delivery, filling->now);
	return !filling->is_full;
}

/* Reads some pending deliveries into the window, if it has room and the store may have some. */
static bool fill(struct notifier *notifier, struct hook *hook, struct err *err)
{
	struct queue *queue = &hook->queue;
	struct filling filling = { .queue = queue, .now = clock_wall_ms() };
	size_t limit = queue_wants(queue);

	if (limit == 0)
		return true;
	if (!store_webhook_pending(notifier->config->store, &hook->webhook.id, queue->after,
		    (unsigned)limit, take_delivery, &filling, err))
		return false;
	queue_was_filled(queue, filling.rows < limit && !filling.is_full);
	notifier->unflushed = true;
	return true;
}

/* Deliveries that do not fit into the store's limit wait in the journal until some have ended. */
static bool gather_hook(struct notifier *notifier, struct hook *hook, struct err *err)
{
	unsigned added = 0;
	bool more = false;

	if (hook->gathers) {
		if (!store_webhook_gather(
			    notifier->config->store, &hook->webhook, encode, &added, &more, err))
			return false;
		hook->gathers = more;
		hook->pending += added;
		if (added > 0) {
			hook->queue.is_complete = false;
			notifier->unflushed = true;
		}
	}
	return fill(notifier, hook, err);
}

/* An error that concerns one webhook, for instance a damaged page, does not stop the others. */
static bool try_hook(struct notifier *notifier, struct hook *hook, struct err *err)
{
	char id[ID_TEXT_LEN + 1];

	if (hook->removed || clock_mono_ms() < hook->retry_at || gather_hook(notifier, hook, err))
		return true;
	hook->retry_at = clock_mono_ms() + RETRY_MS;
	if (err->code == ERR_DAMAGED || err->code == ERR_TOO_LARGE || err->code == ERR_INTERNAL) {
		id_format(&hook->webhook.id, id);
		log_warn("webhook", "webhook %s: its events cannot be read: %s", id, err_text(err));
		return true;
	}
	return notifier_pass_error(notifier, err);
}

/*
 * The counter is read before the journal, so that no event is missed. Events that the store had no
 * room for, or did not gather on a nearly full disk, are looked for again after LOOK_MS.
 */
static void look_for_news(struct notifier *notifier, struct hook_tenant *tenant, int64_t now)
{
	uint64_t count = store_wake_count(notifier->config->store, tenant->source);

	if (count == tenant->seen && now - tenant->looked < LOOK_MS)
		return;
	tenant->seen = count;
	tenant->looked = now;
	for (struct hook *hook = tenant->hooks; hook; hook = hook->next)
		hook->gathers = true;
}

/*
 * In a round each webhook has one step of FEED_SCAN_MAX entries, and one of QUEUE_FILL deliveries.
 * A round that takes too long goes on in the next turn, with those that had none.
 */
static bool gather_all(struct notifier *notifier, struct err *err)
{
	int64_t until = clock_mono_us() + GATHER_US, now = clock_mono_ms();

	for (struct hook_tenant *tenant = notifier->hooks.tenants; tenant; tenant = tenant->next) {
		look_for_news(notifier, tenant, now);
		for (struct hook *hook = tenant->hooks; hook; hook = hook->next) {
			if (hook->round == notifier->round)
				continue;
			if (clock_mono_us() >= until)
				return true;
			hook->round = notifier->round;
			if (!try_hook(notifier, hook, err))
				return false;
		}
	}
	notifier->round++;
	return true;
}

bool notifier_gather(struct notifier *notifier, struct err *err)
{
	return load(notifier, err) && gather_all(notifier, err);
}
