/* The answer of OP_HEALTH: rows of health.h as checks, and figures of the tenant. */
#include <stdlib.h>
#include <string.h>

#include "store/index/state.h"
#include "store/webhooks/webhooks.h"

_Static_assert(HEALTH_ROWS + HEALTH_EXTRAS <= HEALTH_CHECKS_MAX, "an answer has room for all rows");

static const char *error_text(uint64_t number)
{
	const char *text = strerrordesc_np((int)number);

	return text ? text : "unknown error";
}

static void add(struct health_answer *answer, const struct health_row *row, uint64_t value)
{
	struct health_check *check = &answer->checks[answer->count++];

	*check = (struct health_check){
		.name = row->name,
		.help = row->help,
		.kind = row->kind,
		.value = value,
		.unit = row->unit,
	};
	if (row->kind == HEALTH_STATE)
		check->word = health_state_name(row, value);
	if (row->kind == HEALTH_ERROR && value != 0)
		check->word = error_text(value);
	if (health_needs_attention(row, value))
		check->advice = row->advice;
	answer->attention |= check->advice != NULL;
}

static void add_extra(struct health_answer *answer, enum health_extra extra, uint64_t value)
{
	add(answer, &health_extras[extra], value);
}

/* Hides the same figures as polytaskctl status, but never one that may need attention. */
static bool is_hidden(const struct health_row *row, uint64_t value)
{
	bool may_be_absent = row->kind == HEALTH_TIME || row->kind == HEALTH_ERROR;

	return value == 0 && row->attention_from == 0 &&
	       (row->hide_zero || (may_be_absent && !row->none));
}

static void add_service(const struct store *store, struct health_answer *answer)
{
	add_extra(answer, HEALTH_READ_ONLY, atomic_load(&store->shared->read_only));
	add_extra(answer, HEALTH_LISTS_REFUSED, !store_index_is_complete(store));
	for (size_t i = 0; i < HEALTH_ROWS; i++) {
		const struct health_row *row = &health_rows[i];
		uint64_t value = health_read(row, &store->shared->health);

		if (row->for_admins && health_has(row, &store->shared->health) &&
			!is_hidden(row, value))
			add(answer, row, value);
	}
}

/* ---- the tenant ---- */

static void add_share(
	struct health_answer *answer, enum health_extra extra, uint64_t used, uint64_t most)
{
	if (most > 0)
		add_extra(answer, extra, (uint64_t)((double)used * 1e6 / (double)most));
}

static bool add_usage(struct store *store, const struct op *op, struct result *result,
	struct health_answer *answer, struct err *err)
{
	const struct task_usage *usage = &result->usage;

	if (!usage_read(store, op, result, err))
		return false;
	add_share(answer, HEALTH_TENANT_TASKS, usage->tasks, usage->max_tasks);
	add_share(answer, HEALTH_TENANT_BYTES, usage->bytes, usage->max_bytes);
	return true;
}

static bool is_failing(const struct webhook_state *state, int64_t now)
{
	return optional_time_is_set(state->failing_since) &&
	       optional_time_ms(state->failing_since) <= now - HEALTH_FAILING_MS;
}

static void count_webhooks(
	const struct webhook_answer *webhooks, int64_t now, struct health_answer *answer)
{
	uint64_t enabled = 0, disabled = 0, failing = 0, pending = 0;

	for (size_t i = 0; i < webhooks->count; i++) {
		const struct webhook *webhook = &webhooks->webhooks[i];

		enabled += webhook->enabled;
		disabled += !webhook->enabled && webhook->reason.len > 0;
		failing += webhook->enabled && is_failing(&webhooks->states[i], now);
		pending += webhook->enabled ? webhooks->states[i].pending : 0;
	}
	add_extra(answer, HEALTH_TENANT_WEBHOOKS, enabled);
	add_extra(answer, HEALTH_TENANT_WEBHOOKS_DISABLED, disabled);
	add_extra(answer, HEALTH_TENANT_WEBHOOKS_FAILING, failing);
	add_extra(answer, HEALTH_TENANT_DELIVERIES, pending);
}

static bool add_webhooks(
	struct store *store, const struct op *op, struct health_answer *answer, struct err *err)
{
	const struct op_webhook list = { .action = WEBHOOK_LIST };
	const struct op read = {
		.kind = OP_WEBHOOK, .tenant = op->tenant, .now = op->now, .webhook = &list
	};
	struct result found = { 0 };
	bool ok = webhook_apply(store, &read, &found, err);

	if (ok)
		count_webhooks(found.webhooks, op->now, answer);
	webhook_answer_free(found.webhooks);
	return ok;
}

/* A damaged page leaves out the figures that are on it, not the others. */
static bool passes_over(const struct err *err)
{
	return err->code == ERR_DAMAGED;
}

bool health_report(struct store *store, const struct op *op, struct result *result, struct err *err)
{
	struct health_answer *answer = calloc(1, sizeof(*answer));

	result->health = answer;
	if (!answer)
		return err_no_memory(err);
	answer->at = op->now;
	add_service(store, answer);
	return (add_usage(store, op, result, answer, err) || passes_over(err)) &&
	       (add_webhooks(store, op, answer, err) || passes_over(err));
}
