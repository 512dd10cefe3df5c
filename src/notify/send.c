#include <sodium.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "dialect/dialect.h"
#include "notify/notifier_parts.h"

/* Begun in one turn, so that ends are taken and the store is used in between. */
#define SEND_TOGETHER 64
/* After a lack of memory. */
#define RETRY_MS 1000
/* Of lines about one webhook. */
#define LOG_MS 60000

/* ---- the end of an attempt ---- */

/* A receiver may change its mind at every request: few lines for one webhook. */
static void log_change(struct hook *hook, bool fails, int64_t now)
{
	char id[ID_TEXT_LEN + 1];

	id_format(&hook->webhook.id, id);
	if (fails && (hook->logged_at == 0 || now - hook->logged_at >= LOG_MS)) {
		hook->logged_at = now;
		hook->logged = true;
		log_info("webhook", "the receiver of webhook %s fails: deliveries pause", id);
	} else if (!fails && hook->logged) {
		hook->logged = false;
		log_info("webhook", "the receiver of webhook %s works again", id);
	}
}

static bool disable(struct notifier *notifier, struct hook *hook, struct str reason, int64_t now,
	struct err *err)
{
	char id[ID_TEXT_LEN + 1];
	bool disabled;

	id_format(&hook->webhook.id, id);
	if (!store_webhook_disable(notifier->config->store, hook->webhook.tenant, &hook->webhook.id,
		    hook->webhook.revision, reason, now, &disabled, err))
		return notifier_pass_error(notifier, err);
	/* Another revision is read soon. */
	if (!disabled)
		return true;
	log_warn("webhook", "webhook %s is disabled: %.*s", id, STR_ARGS(reason));
	/* Nothing is sent until the webhooks have been read again. */
	hook->removed = true;
	notifier->hooks.count--;
	return true;
}

static void note_health(struct hook *hook, const struct schedule_answer *answer,
	const struct sending *sending, int64_t now)
{
	bool ok = answer->status >= 200 && answer->status < 300;
	int64_t mono = clock_mono_ms();

	/* A test that fails tells the tenant, and does not count. */
	if (sending->test && !ok)
		return;
	if (ok)
		hook->failing_since = OPTIONAL_TIME_NONE;
	else if (!optional_time_is_set(hook->failing_since))
		hook->failing_since = optional_time(now);
	if (schedule_note(&hook->health, answer, sending->number, mono))
		log_change(hook, schedule_is_failing(&hook->health), mono);
}

static void update_queue(struct notifier *notifier, struct hook *hook,
	const struct delivery_outcome *outcome, const struct schedule_verdict *verdict,
	unsigned attempts)
{
	if (outcome->state == DELIVERY_PENDING) {
		queue_retry(&hook->queue, outcome->number, attempts,
			outcome->attempt.at + outcome->attempt.took_ms + verdict->wait_ms);
		return;
	}
	queue_remove(&hook->queue, outcome->number);
	hook->pending -= hook->pending > 0;
	/* The journal may have events for which there was no room. */
	if (!hook->queue.is_complete)
		hook->gathers = true;
	if (outcome->state == DELIVERY_DELIVERED)
		notifier->sent++;
	else
		notifier->failed++;
}

/* end: its texts are borrowed. */
static bool take_end(struct notifier *notifier, const struct sending *sending,
	const struct transfer_end *end, struct err *err)
{
	const struct delivery_attempt *attempt = &end->attempt;
	struct schedule_answer answer = { attempt->status, end->retry_after };
	int64_t ended = attempt->at + attempt->took_ms;
	struct hook *hook = sending->hook;
	struct delivery_outcome outcome = {
		.webhook = hook->webhook.id, .number = sending->number, .attempt = *attempt
	};
	struct schedule_verdict verdict;
	bool is_current;

	attempt_metrics_add(notifier->config->metrics, attempt_outcome(attempt->status, end->fault),
		attempt->took_ms);
	schedule_decide(&answer, sending->attempts, sending->test, randombytes_random(), &verdict);
	outcome.state = verdict.state;
	if (verdict.state == DELIVERY_PENDING)
		outcome.next = optional_time(ended + verdict.wait_ms);
	hook->under_way--;
	hook->tenant->under_way--;
	/* The answer of a former URL says nothing of the present one. */
	is_current = !hook->removed && hook->webhook.revision == sending->revision;
	if (is_current)
		note_health(hook, &answer, sending, ended);
	update_queue(notifier, hook, &outcome, &verdict, sending->attempts);
	if (!outcomes_add(&notifier->outcomes, &outcome))
		queue_reread(&hook->queue);
	if (!is_current)
		return true;
	if (verdict.gone && !sending->test)
		return disable(notifier, hook, STR("The receiver answered 410 Gone."), ended, err);
	if (verdict.state == DELIVERY_FAILED && !sending->test &&
		schedule_must_disable(hook->failing_since, ended))
		return disable(notifier, hook, STR("No delivery has succeeded for three days."),
			ended, err);
	return true;
}

bool notifier_take_ends(struct notifier *notifier, struct err *err)
{
	struct transfer_end end;

	while (transfers_next(notifier->transfers, &end)) {
		struct sending *sending = end.owner;
		bool ok = take_end(notifier, sending, &end, err);

		free(sending);
		if (!ok)
			return false;
	}
	return true;
}

/* ---- the beginning ---- */

struct attempt {
	struct sending *sending;
	struct notify_request request;
	int64_t now;
	bool found; /* the delivery is pending still */
	bool made;
	struct err *err;
};

static bool take_delivery(const struct delivery *delivery, void *data)
{
	struct attempt *attempt = data;
	const struct webhook *webhook = &attempt->sending->hook->webhook;
	const struct dialect *dialect = dialect_by_code(webhook->format);

	attempt->found = delivery->number == attempt->sending->number;
	attempt->sending->attempts = delivery->attempts + 1;
	if (attempt->found)
		attempt->made = notify_request_make(&attempt->request, webhook, delivery,
			dialect && dialect->webhook && dialect->webhook->is_signed, attempt->now,
			attempt->err);
	return false;
}

/* What cannot be sent is an attempt without a response; without memory it is none. */
static bool fail(struct notifier *notifier, const struct attempt *attempt, struct err *err)
{
	struct err reason = *err;

	if (reason.code == ERR_NO_MEMORY) {
		attempt->sending->hook->under_way--;
		attempt->sending->hook->tenant->under_way--;
		queue_put_back(&attempt->sending->hook->queue, attempt->sending->number,
			attempt->now + RETRY_MS);
		return true;
	}
	return take_end(notifier, attempt->sending,
		&(struct transfer_end){ .fault = TRANSFER_NOT_BEGUN,
			.attempt = { .at = attempt->now, .error = str_cstr(err_text(&reason)) } },
		err);
}

static bool start(struct notifier *notifier, struct attempt *attempt, struct err *err)
{
	struct sending *sending = attempt->sending;
	struct hook *hook = sending->hook;
	bool ok = true;

	hook->under_way++;
	hook->tenant->under_way++;
	if (attempt->made && transfers_start(notifier->transfers, &hook->place, &attempt->request,
				     sending, attempt->now, err))
		return true;
	ok = fail(notifier, attempt, err);
	free(sending);
	return ok;
}

static bool send_one(
	struct notifier *notifier, struct hook *hook, struct queue_item *item, struct err *err)
{
	struct sending *sending = malloc(sizeof(*sending));
	struct attempt attempt = { .sending = sending, .now = clock_wall_ms(), .err = err };
	bool ok;

	if (!sending) {
		queue_put_back(&hook->queue, item->number, attempt.now + RETRY_MS);
		return true;
	}
	*sending = (struct sending){ .hook = hook,
		.number = item->number,
		.revision = hook->webhook.revision,
		.test = item->test };
	queue_begin(&hook->queue, item);
	ok = store_webhook_pending(notifier->config->store, &hook->webhook.id, item->number - 1, 1,
		take_delivery, &attempt, err);
	if (ok && attempt.found) {
		ok = start(notifier, &attempt, err);
	} else {
		if (ok)
			queue_remove(&hook->queue, sending->number);
		else
			queue_put_back(&hook->queue, sending->number, attempt.now + RETRY_MS);
		ok = ok || notifier_pass_error(notifier, err);
		free(sending);
	}
	notify_request_free(&attempt.request);
	return ok;
}

/* ---- turns ---- */

/*
 * How many requests of the tenant may be under way. So tenants whose receivers hang leave room for
 * the others.
 */
static unsigned tenant_slots(const struct notifier *notifier)
{
	return transfers_count(notifier->transfers) < TRANSFERS_MAX / 2 ? NOTIFIER_TENANT_MAX
									: NOTIFIER_TENANT_CROWDED;
}

/* The same for the webhooks of a tenant: beyond NOTIFIER_HOOK_CROWDED each has one. */
static unsigned hook_slots(const struct hook *hook)
{
	return hook->tenant->under_way < NOTIFIER_HOOK_CROWDED ? hook->webhook.parallel : 1;
}

/*
 * A test is sent also while the receiver is left alone: it may work again. A receiver that fails
 * may do so because of some deliveries only, so that others are tried before them.
 */
static struct queue_item *next_item(struct hook *hook, int64_t wall, int64_t mono)
{
	unsigned most = hook_slots(hook), slots = schedule_slots(&hook->health, most, mono);

	if (hook->removed || hook->under_way >= most || queue_due(&hook->queue) > wall)
		return NULL;
	if (hook->under_way >= slots)
		return queue_next(&hook->queue, wall, QUEUE_FIRST_TEST);
	return queue_next(
		&hook->queue, wall, schedule_is_failing(&hook->health) ? QUEUE_LEAST : QUEUE_FIRST);
}

/* One delivery of the tenant, of the webhook whose turn it is. */
static bool send_for(
	struct notifier *notifier, struct hook_tenant *tenant, bool *begun, struct err *err)
{
	int64_t wall = clock_wall_ms(), mono = clock_mono_ms();

	*begun = false;
	if (tenant->under_way >= tenant_slots(notifier))
		return true;
	for (struct hook *hook = tenant->hooks; hook; hook = hook->next) {
		struct queue_item *item = next_item(hook, wall, mono);

		if (item) {
			*begun = true;
			hooks_to_end(tenant, hook);
			return send_one(notifier, hook, item, err);
		}
	}
	return true;
}

bool notifier_send(struct notifier *notifier, struct err *err)
{
	unsigned sent = 0;
	bool any = true;

	while (any) {
		any = false;
		for (struct hook_tenant *tenant = notifier->hooks.tenants; tenant;
			tenant = tenant->next) {
			bool begun;

			if (sent == SEND_TOGETHER ||
				transfers_count(notifier->transfers) >= TRANSFERS_MAX)
				return true;
			if (!send_for(notifier, tenant, &begun, err))
				return false;
			any = any || begun;
			sent += begun;
		}
	}
	return true;
}
