/* Deliveries of webhooks: attempts, repeated deliveries, what is removed. */
#include "base/clock.h"
#include "libdb_leak.h"
#include "webhook_fixture.h"

static void a_delivery_has_the_trace_of_its_task(void **state)
{
	struct store *store = *state;
	struct op op = fixture_op(OP_CREATE, 1);
	struct result result = { 0 };
	struct err err = { 0 };

	webhook_act(store, WEBHOOK_CREATE, 900);
	op.trace = (struct trace){ STR("00-1-2-01"), STR("a=1") };
	must(store_apply(store, &op, &result, &err), &err);
	store_result_free(&result);
	webhook_gather(store);
	result = webhook_run(store,
		(struct op_webhook){ .action = WEBHOOK_DELIVERY,
			.delivery = webhook_pending_of(store, 900).numbers[0] },
		900);
	assert_str(result.webhooks->deliveries[0].trace.parent, "00-1-2-01");
	assert_str(result.webhooks->deliveries[0].trace.state, "a=1");
	store_result_free(&result);
}

/* ---- attempts ---- */

static void attempts_are_recorded(void **state)
{
	struct store *store = *state;
	struct webhook_state seen;
	struct webhook_listing list;
	struct result result;
	const struct delivery *delivery;

	webhook_act(store, WEBHOOK_CREATE, 900);
	fixture_create(store, 1, "new", NULL);
	webhook_gather(store);
	list = webhook_pending_of(store, 900);
	for (int i = 0; i < DELIVERY_ATTEMPTS_KEPT + 3; i++)
		webhook_settle(store, 900, list.numbers[0], DELIVERY_PENDING, 500, WEBHOOK_NOW + i);
	seen = webhook_state_of(store, 900);
	assert_int_equal(seen.pending, 1);
	assert_int_equal(seen.last_status, 500);
	assert_int_equal(optional_time_ms(seen.failing_since), WEBHOOK_NOW);
	webhook_settle(store, 900, list.numbers[0], DELIVERY_DELIVERED, 204, WEBHOOK_NOW + 99);
	webhook_settle(store, 900, list.numbers[0], DELIVERY_FAILED, 500, WEBHOOK_NOW + 100);
	seen = webhook_state_of(store, 900);
	assert_int_equal(seen.pending, 0);
	assert_int_equal(seen.last_status, 204);
	assert_false(optional_time_is_set(seen.failing_since));
	result = webhook_run(store,
		(struct op_webhook){ .action = WEBHOOK_DELIVERY, .delivery = list.numbers[0] },
		900);
	delivery = &result.webhooks->deliveries[0];
	assert_int_equal(delivery->state, DELIVERY_DELIVERED);
	assert_int_equal(delivery->attempts, DELIVERY_ATTEMPTS_KEPT + 4);
	assert_int_equal(delivery->log_count, DELIVERY_ATTEMPTS_KEPT);
	assert_int_equal(delivery->log[DELIVERY_ATTEMPTS_KEPT - 1].status, 204);
	assert_str(delivery->log[0].error, "why");
	assert_str(delivery->body, "{\"n\":1,\"there\":true}");
	store_result_free(&result);
}

/* A receiver that does not know the type of a test is not a failing one. */
static void failed_tests_do_not_count(void **state)
{
	struct store *store = *state;
	struct webhook_state seen;
	uint64_t number;

	webhook_act(store, WEBHOOK_CREATE, 900);
	webhook_act(store, WEBHOOK_TEST, 900);
	number = webhook_pending_of(store, 900).numbers[0];
	webhook_settle(store, 900, number, DELIVERY_PENDING, 400, WEBHOOK_NOW);
	webhook_settle(store, 900, number, DELIVERY_FAILED, 400, WEBHOOK_NOW + 1);
	seen = webhook_state_of(store, 900);
	assert_int_equal(seen.pending, 0);
	assert_int_equal(seen.last_status, 400);
	assert_int_equal(optional_time_ms(seen.last_failure), WEBHOOK_NOW + 1);
	assert_false(optional_time_is_set(seen.failing_since));
}

static void deliveries_are_listed_and_repeated(void **state)
{
	struct store *store = *state;
	struct op_webhook query = { .action = WEBHOOK_DELIVERIES, .limit = 2 };
	struct op_webhook again = { .action = WEBHOOK_REDELIVER };
	struct webhook_listing list;
	struct result result;

	webhook_act(store, WEBHOOK_CREATE, 900);
	for (unsigned i = 1; i <= 3; i++)
		fixture_create(store, i, "new", NULL);
	webhook_gather(store);
	list = webhook_pending_of(store, 900);
	webhook_settle(store, 900, list.numbers[0], DELIVERY_DELIVERED, 200, WEBHOOK_NOW);
	webhook_settle(store, 900, list.numbers[1], DELIVERY_FAILED, 500, WEBHOOK_NOW);
	result = webhook_run(store, query, 900);
	assert_int_equal(result.webhooks->delivery_count, 2);
	assert_int_equal(result.webhooks->deliveries[0].number, list.numbers[2]);
	assert_int_equal(result.webhooks->next, list.numbers[1]);
	query.before = result.webhooks->next;
	store_result_free(&result);
	result = webhook_run(store, query, 900);
	assert_int_equal(result.webhooks->delivery_count, 1);
	assert_int_equal(result.webhooks->next, 0);
	store_result_free(&result);
	query = (struct op_webhook){ .action = WEBHOOK_DELIVERIES,
		.states = 1U << DELIVERY_FAILED };
	result = webhook_run(store, query, 900);
	assert_int_equal(result.webhooks->delivery_count, 1);
	assert_int_equal(result.webhooks->deliveries[0].number, list.numbers[1]);
	store_result_free(&result);

	again.states = 1U << DELIVERY_FAILED;
	result = webhook_run(store, again, 900);
	assert_int_equal(result.webhooks->redelivered, 1);
	assert_false(result.webhooks->more);
	store_result_free(&result);
	again.states = 0;
	again.deliveries = list.numbers;
	again.delivery_count = 3;
	result = webhook_run(store, again, 900);
	assert_int_equal(result.webhooks->redelivered, 1);
	store_result_free(&result);
	assert_int_equal(webhook_pending_of(store, 900).count, 3);
	again.deliveries = &(uint64_t){ 5 };
	again.delivery_count = 1;
	assert_int_equal(webhook_error(store, again, 900), ERR_NOT_FOUND);
}

/* The later ones end first, so that their order differs from that of the numbers. */
static struct webhook_listing settle_all(struct store *store)
{
	struct webhook_listing list = webhook_pending_of(store, 900);

	for (size_t i = 0; i < list.count; i++)
		webhook_settle(store, 900, list.numbers[i], DELIVERY_DELIVERED, 200,
			WEBHOOK_NOW + (int64_t)(list.count - i));
	return list;
}

/* Deliveries that end again meanwhile are not repeated a second time. */
static void range_is_repeated_once(void **state)
{
	static const unsigned counts[] = { 100, 100, 50, 0 };
	struct store *store = *state;
	struct op_webhook again = { .action = WEBHOOK_REDELIVER };
	struct webhook_listing all, list;

	webhook_act(store, WEBHOOK_CREATE, 900);
	for (unsigned i = 1; i <= 250; i++)
		fixture_create(store, i, "new", NULL);
	webhook_gather(store);
	all = settle_all(store);
	for (size_t i = 0; i < 3; i++) {
		struct result result = webhook_run(store, again, 900);

		assert_int_equal(result.webhooks->redelivered, counts[i]);
		assert_int_equal(result.webhooks->more, counts[i + 1] > 0);
		again.after = result.webhooks->next;
		store_result_free(&result);
		list = settle_all(store);
		assert_int_equal(list.numbers[0], all.numbers[100 * i]);
		assert_int_equal(again.after, i < 2 ? all.numbers[100 * i + 99] : 0);
	}
}

/* A client that goes on behind deliveries for which there was no room. */
static void range_ends_without_room(void **state)
{
	struct store *store = *state;
	struct op_webhook again = { .action = WEBHOOK_REDELIVER };
	struct webhook_listing list;
	struct outbox outbox;
	struct id id = fixture_id(900);
	struct result result;
	bool found;

	webhook_act(store, WEBHOOK_CREATE, 900);
	for (unsigned i = 1; i <= 3; i++)
		fixture_create(store, i, "new", NULL);
	webhook_gather(store);
	list = webhook_pending_of(store, 900);
	for (size_t i = 0; i < list.count; i++)
		webhook_settle(store, 900, list.numbers[i], DELIVERY_FAILED, 500, WEBHOOK_NOW);
	assert_int_equal(outbox_get(store, &id, false, &outbox, &found), 0);
	outbox.state.pending = WEBHOOK_PENDING_MAX - 2;
	assert_int_equal(outbox_put(store, &id, &outbox), 0);
	result = webhook_run(store, again, 900);
	assert_int_equal(result.webhooks->redelivered, 2);
	assert_true(result.webhooks->more);
	assert_int_equal(result.webhooks->next, list.numbers[1]);
	again.after = result.webhooks->next;
	store_result_free(&result);
	assert_int_equal(webhook_error(store, again, 900), ERR_CONFLICT);
}

/* ---- removal ---- */

static void ended_deliveries_are_removed(void **state)
{
	struct store *store = *state;
	struct webhook_listing list;
	struct result result;

	webhook_act(store, WEBHOOK_CREATE, 900);
	for (unsigned i = 1; i <= 3; i++)
		fixture_create(store, i, "new", NULL);
	webhook_gather(store);
	list = webhook_pending_of(store, 900);
	webhook_settle(store, 900, list.numbers[0], DELIVERY_DELIVERED, 200, WEBHOOK_NOW);
	webhook_settle(store, 900, list.numbers[1], DELIVERY_DELIVERED, 200, WEBHOOK_NOW + 1);
	clock_set_fake(WEBHOOK_NOW + WEBHOOK_ENDED_MS + 1);
	journal_run_chore(store, "outbox");
	result = webhook_run(store, (struct op_webhook){ .action = WEBHOOK_DELIVERIES }, 900);
	assert_int_equal(result.webhooks->delivery_count, 2);
	assert_int_equal(result.webhooks->deliveries[1].number, list.numbers[1]);
	store_result_free(&result);
	clock_set_fake(0);
}

static void newest_ended_deliveries_are_kept(void **state)
{
	struct store *store = *state;
	struct webhook_state seen;

	clock_set_fake(WEBHOOK_NOW);
	webhook_act(store, WEBHOOK_CREATE, 900);
	for (unsigned i = 1; i <= WEBHOOK_ENDED_MAX + 70; i++)
		fixture_create(store, i, "new", NULL);
	assert_int_equal(webhook_gather(store), WEBHOOK_ENDED_MAX + 70);
	seen = webhook_state_of(store, 900);
	while (seen.pending > 0) {
		struct webhook_listing list = webhook_pending_of(store, 900);

		for (size_t i = 0; i < list.count; i++)
			webhook_settle(
				store, 900, list.numbers[i], DELIVERY_DELIVERED, 200, WEBHOOK_NOW);
		seen = webhook_state_of(store, 900);
	}
	journal_run_chore(store, "outbox");
	{
		struct outbox outbox;
		struct id id = fixture_id(900);
		bool found;

		assert_int_equal(outbox_get(store, &id, false, &outbox, &found), 0);
		assert_true(found);
		assert_int_equal(outbox.ended, WEBHOOK_ENDED_MAX);
		assert_int_equal(outbox.pending_bytes, 0);
	}
	clock_set_fake(0);
}

static size_t count_rows(struct store *store)
{
	const struct engine_range all = { .from = STR("") };

	assert_int_equal(store_scan(store, TABLE_OUTBOX, &all, false, 10000), 0);
	return store->batch.count;
}

static void removed_webhooks_leave_no_rows(void **state)
{
	struct store *store = *state;
	struct webhook_listing list;

	webhook_act(store, WEBHOOK_CREATE, 900);
	for (unsigned i = 1; i <= 150; i++)
		fixture_create(store, i, "new", NULL);
	webhook_gather(store);
	list = webhook_pending_of(store, 900);
	webhook_settle(store, 900, list.numbers[0], DELIVERY_DELIVERED, 200, WEBHOOK_NOW);
	webhook_act(store, WEBHOOK_REMOVE, 900);
	assert_int_equal(
		webhook_error(store, (struct op_webhook){ .action = WEBHOOK_DELIVERIES }, 900),
		ERR_NOT_FOUND);
	webhook_settle(store, 900, list.numbers[1], DELIVERY_DELIVERED, 200, WEBHOOK_NOW);
	assert_int_equal(webhook_gather(store), 0);
	journal_run_chore(store, "outbox");
	assert_int_equal(count_rows(store), 0);
}

static void journal_is_kept_for_enabled_webhooks(void **state)
{
	struct store *store = *state;
	uint64_t needed;

	fixture_create(store, 1, "new", NULL);
	webhook_act(store, WEBHOOK_CREATE, 900);
	fixture_create(store, 2, "new", NULL);
	journal_run_chore(store, "outbox");
	needed = atomic_load(&store->shared->journal_needed);
	assert_true(needed > 0 && needed <= journal_next(store));
	webhook_gather(store);
	journal_run_chore(store, "outbox");
	assert_true(atomic_load(&store->shared->journal_needed) > needed);
	webhook_set_enabled(store, 900, false, false);
	journal_run_chore(store, "outbox");
	assert_int_equal(atomic_load(&store->shared->journal_needed), 0);
}

static void service_disables_a_webhook(void **state)
{
	struct store *store = *state;
	struct id id = fixture_id(900);
	struct result result;
	bool disabled = true;
	struct err err;

	webhook_act(store, WEBHOOK_CREATE, 900);
	must(store_webhook_disable(
		     store, STR("acme"), &id, 7, STR("Other."), WEBHOOK_NOW + 9, &disabled, &err),
		&err);
	assert_false(disabled);
	must(store_webhook_disable(
		     store, STR("acme"), &id, 1, STR("Gone."), WEBHOOK_NOW + 9, &disabled, &err),
		&err);
	assert_true(disabled);
	result = webhook_run(store, (struct op_webhook){ .action = WEBHOOK_READ }, 900);
	assert_false(result.webhooks->webhooks[0].enabled);
	assert_str(result.webhooks->webhooks[0].reason, "Gone.");
	assert_int_equal(result.webhooks->webhooks[0].revision, 2);
	store_result_free(&result);
	webhook_set_enabled(store, 900, true, false);
	result = webhook_run(store, (struct op_webhook){ .action = WEBHOOK_READ }, 900);
	assert_str(result.webhooks->webhooks[0].reason, "");
	store_result_free(&result);
}

/* A lost outbox: the webhook goes on with the events from then on. */
static void lost_rows_are_made_again(void **state)
{
	struct store *store = *state;

	webhook_act(store, WEBHOOK_CREATE, 900);
	fixture_create(store, 1, "new", NULL);
	assert_int_equal(store->engine->ops->clear(store->engine, TABLE_OUTBOX), 0);
	expect_log("webhook-missed");
	assert_int_equal(webhook_gather(store), 0);
	assert_true(webhook_state_of(store, 900).missed);
	fixture_create(store, 2, "new", NULL);
	assert_int_equal(webhook_gather(store), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(a_delivery_has_the_trace_of_its_task),
		ON_EVERY_ENGINE(attempts_are_recorded),
		ON_EVERY_ENGINE(failed_tests_do_not_count),
		ON_EVERY_ENGINE(deliveries_are_listed_and_repeated),
		ON_EVERY_ENGINE(range_is_repeated_once),
		ON_ONE_MACHINE(range_ends_without_room),
		ON_EVERY_ENGINE(ended_deliveries_are_removed),
		ON_EVERY_ENGINE(newest_ended_deliveries_are_kept),
		ON_EVERY_ENGINE(removed_webhooks_leave_no_rows),
		ON_ONE_MACHINE(journal_is_kept_for_enabled_webhooks),
		ON_EVERY_ENGINE(service_disables_a_webhook),
		ON_EVERY_ENGINE(lost_rows_are_made_again),
	};

	return CHECK_RUN(tests);
}
