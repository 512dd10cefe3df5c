#include "store/webhooks/webhooks.h"

struct settle {
	const struct delivery_outcome *outcomes;
	size_t count;
};

/* The oldest attempt makes room. Texts of the new one are cut. */
static void add_attempt(struct delivery *delivery, const struct delivery_attempt *attempt)
{
	struct delivery_attempt *log = delivery->log;

	if (delivery->log_count == DELIVERY_ATTEMPTS_KEPT) {
		memmove(log, log + 1, (DELIVERY_ATTEMPTS_KEPT - 1) * sizeof(*log));
		delivery->log_count--;
	}
	log[delivery->log_count] = *attempt;
	if (attempt->error.len > DELIVERY_ERROR_MAX)
		log[delivery->log_count].error.len = DELIVERY_ERROR_MAX;
	if (attempt->answer.len > DELIVERY_ANSWER_MAX)
		log[delivery->log_count].answer.len = DELIVERY_ANSWER_MAX;
	delivery->log_count++;
	delivery->attempts++;
}

/* A failed test is not counted: the receiver need not know its type. */
static void note_state(
	struct webhook_state *state, const struct delivery_outcome *outcome, bool test)
{
	const struct optional_time at = optional_time(outcome->attempt.at);

	state->last_status = outcome->attempt.status;
	if (outcome->state == DELIVERY_DELIVERED) {
		state->last_success = at;
		state->failing_since = OPTIONAL_TIME_NONE;
		return;
	}
	state->last_failure = at;
	if (!test && !optional_time_is_set(state->failing_since))
		state->failing_since = at;
}

static int settle_one(struct store *store, const struct delivery_outcome *outcome)
{
	struct buf record = BUF_INIT;
	struct delivery before, delivery;
	struct outbox outbox;
	bool found;
	int rc = outbox_get(store, &outcome->webhook, true, &outbox, &found);

	if (rc != 0 || !found)
		goto out;
	rc = delivery_get(store, &outcome->webhook, outcome->number, true, &record, &before);
	/* A removed webhook, or a delivery that another attempt has ended. */
	if (rc != 0 || before.state != DELIVERY_PENDING)
		goto out;
	delivery = before;
	add_attempt(&delivery, &outcome->attempt);
	delivery.state = outcome->state;
	delivery.next = outcome->state == DELIVERY_PENDING ? outcome->next : OPTIONAL_TIME_NONE;
	if (outcome->state != DELIVERY_PENDING)
		delivery.ended = optional_time(outcome->attempt.at + outcome->attempt.took_ms);
	note_state(&outbox.state, outcome, delivery.test);
	rc = delivery_save(store, &outbox, &before, &delivery);
	if (rc == 0)
		rc = outbox_put(store, &outcome->webhook, &outbox);
out:
	buf_free(&record);
	return rc == ENGINE_NOT_FOUND ? 0 : rc;
}

static int step_settle(struct store *store, void *data, struct err *err)
{
	const struct settle *settle = data;
	int rc = 0;

	(void)err;
	for (size_t i = 0; rc == 0 && i < settle->count; i++)
		rc = settle_one(store, &settle->outcomes[i]);
	return rc;
}

/* Also while the disk is nearly full: the deliveries that have ended are removed by their age. */
bool store_webhook_settle(
	struct store *store, const struct delivery_outcome *outcomes, size_t count, struct err *err)
{
	struct settle settle = { outcomes, count };
	bool ok;

	store->of_no_tenant = true;
	ok = step_call_write(store, STR(""), step_settle, &settle, err);
	store->of_no_tenant = false;
	return ok;
}

/* ---- the service disables a webhook ---- */

struct disable {
	struct str tenant, reason;
	const struct id *id;
	uint64_t revision;
	int64_t now;
	bool changed;
};

static int step_disable(struct store *store, void *data, struct err *err)
{
	struct disable *disable = data;
	struct arena arena = { 0 };
	struct webhook webhook;
	int rc = webhook_get(store, disable->tenant, disable->id, true, &arena, &webhook);

	(void)err;
	disable->changed = rc == 0 && webhook.enabled && webhook.revision == disable->revision;
	if (disable->changed) {
		webhook.enabled = false;
		webhook.reason = disable->reason;
		webhook.updated = disable->now > webhook.updated ? disable->now : webhook.updated;
		webhook.updated_by = STR("");
		webhook.revision++;
		rc = webhook_put(store, &webhook, ENGINE_REPLACE);
	}
	arena_free(&arena);
	return rc == ENGINE_NOT_FOUND ? 0 : rc;
}

bool store_webhook_disable(struct store *store, struct str tenant, const struct id *id,
	uint64_t revision, struct str reason, int64_t now, bool *disabled, struct err *err)
{
	struct disable disable = {
		.tenant = tenant, .reason = reason, .id = id, .revision = revision, .now = now
	};

	if (reason.len > WEBHOOK_REASON_MAX)
		disable.reason.len = WEBHOOK_REASON_MAX;
	if (!step_call_write(store, tenant, step_disable, &disable, err))
		return false;
	*disabled = disable.changed;
	if (disable.changed)
		wake_raise_webhooks(store);
	return true;
}
