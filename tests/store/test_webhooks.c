/*
 * Webhooks: their changes; events are gathered once, in their order and within bounds; attempts;
 * repeated deliveries; what is removed.
 */
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "journal_fixture.h"
#include "libdb_leak.h"
#include "store/internal.h"
#include "store/webhooks/webhooks.h"

#define NOW 1700000000000

/* ---- helpers ---- */

static bool set_all(const struct op *op, struct webhook *webhook, struct err *err)
{
	(void)err;
	webhook->url = STR("https://example.com/");
	webhook->format = 1;
	webhook->filter.types = 1U << FEED_CREATED | 1U << FEED_SUCCEEDED;
	if (op->webhook->change_data)
		webhook->enabled = *(const bool *)op->webhook->change_data;
	return true;
}

static void encode(const struct webhook *webhook, const struct journal_entry *entry,
	const struct task *task, struct buf *body)
{
	(void)webhook;
	buf_printf(body, "{\"n\":%u,\"there\":%s}",
		(unsigned)entry->id.bytes[14] << 8 | entry->id.bytes[15], task ? "true" : "false");
}

static void encode_large(const struct webhook *webhook, const struct journal_entry *entry,
	const struct task *task, struct buf *body)
{
	static char filler[WEBHOOK_BODY_MAX];

	(void)webhook, (void)entry, (void)task;
	buf_put(body, filler, sizeof(filler));
}

static void encode_test(const struct webhook *webhook, int64_t at, struct buf *out)
{
	(void)webhook, (void)at;
	buf_puts(out, "{}");
}

static struct op webhook_op(struct op_webhook *webhook, unsigned number)
{
	struct op op = fixture_op(OP_WEBHOOK, number);

	op.dialect = 0;
	op.now = NOW;
	op.new_id = op.id;
	op.webhook = webhook;
	if (!webhook->change)
		webhook->change = set_all;
	webhook->encode_test = encode_test;
	if (webhook->limit == 0)
		webhook->limit = WEBHOOK_PAGE_MAX;
	return op;
}

/* The caller frees the result. */
static struct result run(struct store *store, struct op_webhook webhook, unsigned number)
{
	struct op op = webhook_op(&webhook, number);
	struct result result = { 0 };
	struct err err = { 0 };

	/* Whatever was acknowledged before is on disk. */
	must(store_flush(store, &err), &err);
	must(store_apply(store, &op, &result, &err), &err);
	return result;
}

static void act(struct store *store, enum webhook_action action, unsigned number)
{
	struct result result = run(store, (struct op_webhook){ .action = action }, number);

	store_result_free(&result);
}

static enum err_code error_of(struct store *store, struct op_webhook webhook, unsigned number)
{
	struct op op = webhook_op(&webhook, number);

	return fixture_error(store, &op);
}

static void set_enabled(struct store *store, unsigned number, bool enabled, bool resumes)
{
	struct result result = run(store,
		(struct op_webhook){
			.action = WEBHOOK_CHANGE, .change_data = &enabled, .resumes = resumes },
		number);

	assert_int_equal(result.webhooks->webhooks[0].enabled, enabled);
	store_result_free(&result);
}

static struct webhook_state state_of(struct store *store, unsigned number)
{
	struct result result = run(store, (struct op_webhook){ .action = WEBHOOK_READ }, number);
	struct webhook_state state = result.webhooks->states[0];

	store_result_free(&result);
	return state;
}

struct gathering {
	struct webhook webhooks[4];
	struct arena arena;
	size_t count;
};

static bool keep_webhook(
	const struct webhook *webhook, const struct webhook_state *state, void *data)
{
	struct gathering *gathering = data;
	struct buf bytes = BUF_INIT;
	struct webhook *copy = &gathering->webhooks[gathering->count++];

	(void)state;
	webhook_encode(webhook, &bytes);
	copy->id = webhook->id;
	copy->tenant = arena_copy(&gathering->arena, webhook->tenant);
	assert_true(webhook_decode(
		copy, arena_copy(&gathering->arena, buf_str(&bytes)), &gathering->arena));
	buf_free(&bytes);
	return gathering->count < 4;
}

/* As the notifier does. Returns the number of new deliveries. */
static unsigned gather_with(struct store *store, outbox_encode *encoder, bool once)
{
	struct gathering gathering = { .count = 0 };
	unsigned sum = 0;
	struct err err;

	must(store_flush(store, &err), &err);
	must(store_webhook_each(store, keep_webhook, &gathering, &err), &err);
	for (size_t i = 0; i < gathering.count; i++) {
		unsigned added = 0;
		bool more = true;

		while (more) {
			must(store_webhook_gather(
				     store, &gathering.webhooks[i], encoder, &added, &more, &err),
				&err);
			sum += added;
			more &= !once;
		}
	}
	arena_free(&gathering.arena);
	must(store_flush(store, &err), &err);
	return sum;
}

static unsigned gather(struct store *store)
{
	return gather_with(store, encode, false);
}

struct listing_of {
	uint64_t numbers[300];
	char text[2000];
	size_t count;
};

static bool list_one(const struct delivery *delivery, void *data)
{
	struct listing_of *list = data;
	size_t len = strlen(list->text);

	if (delivery->body.len < 100)
		snprintf(list->text + len, sizeof(list->text) - len, "%s%.*s", len ? " " : "",
			STR_ARGS(delivery->body));
	assert_true(list->count == 0 || delivery->number > list->numbers[list->count - 1]);
	list->numbers[list->count++] = delivery->number;
	return list->count < 300;
}

static struct listing_of pending_of(struct store *store, unsigned number)
{
	struct listing_of list = { .count = 0 };
	struct id id = fixture_id(number);
	struct err err;

	must(store_webhook_pending(store, &id, 0, 300, list_one, &list, &err), &err);
	return list;
}

static void settle(struct store *store, unsigned webhook, uint64_t number,
	enum delivery_state state, unsigned status, int64_t at)
{
	struct delivery_outcome outcome = { .webhook = fixture_id(webhook),
		.number = number,
		.attempt = { .at = at, .status = status, .error = STR("why") },
		.state = state,
		.next = optional_time(at + 5000) };
	struct err err;

	must(store_webhook_settle(store, &outcome, 1, &err), &err);
}

static void succeed(struct store *store, unsigned number)
{
	claim_set_state(store, number, TASK_SUCCEEDED);
}

/* ---- webhooks ---- */

static void webhooks_have_revisions_and_conditions(void **state)
{
	struct store *store = *state;
	struct op_webhook change = { .action = WEBHOOK_CHANGE };
	bool off = false;
	uint64_t changes = store_webhook_changes(store);
	struct result result;
	struct op op;

	act(store, WEBHOOK_CREATE, 900);
	assert_true(store_webhook_changes(store) > changes);
	result = run(store, change, 900);
	assert_int_equal(result.webhooks->webhooks[0].revision, 1);
	assert_false(result.written);
	store_result_free(&result);
	change.change_data = &off;
	op = webhook_op(&change, 900);
	op.if_match[0] = 2;
	op.if_match_count = 1;
	assert_int_equal(fixture_error(store, &op), ERR_PRECONDITION);
	op.if_match[0] = 1;
	assert_int_equal(fixture_error(store, &op), ERR_NONE);
	result = run(store, (struct op_webhook){ .action = WEBHOOK_READ }, 900);
	assert_int_equal(result.webhooks->webhooks[0].revision, 2);
	assert_int_equal(result.task.revision, 2);
	assert_str(result.webhooks->webhooks[0].url, "https://example.com/");
	assert_int_equal(result.webhooks->webhooks[0].secret.len, 32);
	store_result_free(&result);
	assert_int_equal(
		error_of(store, (struct op_webhook){ .action = WEBHOOK_READ }, 901), ERR_NOT_FOUND);
	op = webhook_op(&change, 900);
	op.tenant = STR("other");
	assert_int_equal(fixture_error(store, &op), ERR_NOT_FOUND);
}

static void secrets_rotate(void **state)
{
	struct store *store = *state;
	struct op_webhook rotate = { .action = WEBHOOK_ROTATE, .keep_ms = 1000 };
	struct result before, after;
	const struct webhook *webhook;

	act(store, WEBHOOK_CREATE, 900);
	before = run(store, (struct op_webhook){ .action = WEBHOOK_READ }, 900);
	after = run(store, rotate, 900);
	webhook = &after.webhooks->webhooks[0];
	assert_true(str_eq(webhook->old_secret, before.webhooks->webhooks[0].secret));
	assert_false(str_eq(webhook->secret, webhook->old_secret));
	assert_int_equal(optional_time_ms(webhook->old_secret_ends), NOW + 1000);
	store_result_free(&before);
	store_result_free(&after);
	rotate.keep_ms = 0;
	rotate.secret = STR("012345678901234567890123");
	after = run(store, rotate, 900);
	assert_str(after.webhooks->webhooks[0].secret, "012345678901234567890123");
	assert_int_equal(after.webhooks->webhooks[0].old_secret.len, 0);
	store_result_free(&after);
}

static void tenant_has_a_limit(void **state)
{
	struct store *store = *state;
	struct result result;

	for (unsigned i = 0; i < WEBHOOKS_MAX; i++)
		act(store, WEBHOOK_CREATE, 900 + i);
	assert_int_equal(error_of(store, (struct op_webhook){ .action = WEBHOOK_CREATE }, 999),
		ERR_CONFLICT);
	result = run(store, (struct op_webhook){ .action = WEBHOOK_LIST }, 1);
	assert_int_equal(result.webhooks->count, WEBHOOKS_MAX);
	for (unsigned i = 0; i < WEBHOOKS_MAX; i++) {
		struct id id = fixture_id(900 + i);

		assert_int_equal(id_compare(&result.webhooks->webhooks[i].id, &id), 0);
	}
	store_result_free(&result);
	act(store, WEBHOOK_REMOVE, 900);
	act(store, WEBHOOK_CREATE, 999);
}

/* ---- gather ---- */

static void events_are_gathered_once_and_in_order(void **state)
{
	struct store *store = *state;

	fixture_create(store, 1, "new", NULL);
	act(store, WEBHOOK_CREATE, 900);
	assert_int_equal(gather(store), 0);
	fixture_create(store, 2, "new", NULL);
	journal_change(store, 2, 7);
	succeed(store, 1);
	assert_int_equal(gather(store), 2);
	assert_int_equal(gather(store), 0);
	assert_string_equal(
		pending_of(store, 900).text, "{\"n\":2,\"there\":true} {\"n\":1,\"there\":true}");
	assert_int_equal(state_of(store, 900).pending, 2);
	assert_false(state_of(store, 900).missed);
}

static void numbers_do_not_begin_again(void **state)
{
	struct store *store = *state;
	struct listing_of list;

	clock_set_fake(NOW + 5);
	act(store, WEBHOOK_CREATE, 900);
	fixture_create(store, 1, "new", NULL);
	fixture_create(store, 2, "new", NULL);
	assert_int_equal(gather(store), 2);
	clock_set_fake(NOW);
	fixture_create(store, 3, "new", NULL);
	assert_int_equal(gather(store), 1);
	list = pending_of(store, 900);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(list.numbers[i], (NOW + 5) * 1000ULL + i);
	clock_set_fake(0);
}

static void disabled_webhooks_begin_anew_or_resume(void **state)
{
	struct store *store = *state;

	act(store, WEBHOOK_CREATE, 900);
	act(store, WEBHOOK_CREATE, 901);
	set_enabled(store, 900, false, false);
	set_enabled(store, 901, false, false);
	fixture_create(store, 1, "new", NULL);
	assert_int_equal(gather(store), 0);
	assert_int_equal(
		error_of(store, (struct op_webhook){ .action = WEBHOOK_TEST }, 900), ERR_CONFLICT);
	set_enabled(store, 900, true, false);
	set_enabled(store, 901, true, true);
	assert_int_equal(gather(store), 1);
	assert_int_equal(state_of(store, 900).pending, 0);
	assert_int_equal(state_of(store, 901).pending, 1);
}

/* The notifier has read the webhook before it was changed. */
static void stale_webhooks_are_not_gathered_for(void **state)
{
	struct store *store = *state;
	struct gathering gathering = { .count = 0 };
	unsigned added = 7;
	bool more = true;
	struct err err;

	act(store, WEBHOOK_CREATE, 900);
	must(store_webhook_each(store, keep_webhook, &gathering, &err), &err);
	set_enabled(store, 900, false, false);
	fixture_create(store, 1, "new", NULL);
	must(store_flush(store, &err), &err);
	must(store_webhook_gather(store, &gathering.webhooks[0], encode, &added, &more, &err),
		&err);
	assert_int_equal(added, 0);
	assert_false(more);
	assert_int_equal(state_of(store, 900).pending, 0);
	arena_free(&gathering.arena);
}

static void pending_bytes_are_bounded(void **state)
{
	const unsigned most = WEBHOOK_PENDING_BYTES_MAX / WEBHOOK_BODY_MAX;
	struct store *store = *state;
	struct listing_of list;

	act(store, WEBHOOK_CREATE, 900);
	for (unsigned i = 1; i <= most + 5; i++)
		fixture_create(store, i, "new", NULL);
	assert_int_equal(gather_with(store, encode_large, false), most);
	assert_int_equal(gather_with(store, encode_large, false), 0);
	assert_int_equal(
		error_of(store, (struct op_webhook){ .action = WEBHOOK_TEST }, 900), ERR_NONE);
	list = pending_of(store, 900);
	settle(store, 900, list.numbers[0], DELIVERY_DELIVERED, 200, NOW);
	settle(store, 900, list.numbers[1], DELIVERY_DELIVERED, 200, NOW);
	assert_int_equal(gather_with(store, encode_large, false), 2);
	assert_int_equal(state_of(store, 900).pending, most + 1);
}

static void gathering_pauses_while_the_disk_is_nearly_full(void **state)
{
	struct store *store = *state;

	act(store, WEBHOOK_CREATE, 900);
	fixture_create(store, 1, "new", NULL);
	fixture_set_read_only(store, true);
	assert_int_equal(gather(store), 0);
	fixture_set_read_only(store, false);
	assert_int_equal(gather(store), 1);
}

/* ---- attempts ---- */

static void attempts_are_recorded(void **state)
{
	struct store *store = *state;
	struct webhook_state seen;
	struct listing_of list;
	struct result result;
	const struct delivery *delivery;

	act(store, WEBHOOK_CREATE, 900);
	fixture_create(store, 1, "new", NULL);
	gather(store);
	list = pending_of(store, 900);
	for (int i = 0; i < DELIVERY_ATTEMPTS_KEPT + 3; i++)
		settle(store, 900, list.numbers[0], DELIVERY_PENDING, 500, NOW + i);
	seen = state_of(store, 900);
	assert_int_equal(seen.pending, 1);
	assert_int_equal(seen.last_status, 500);
	assert_int_equal(optional_time_ms(seen.failing_since), NOW);
	settle(store, 900, list.numbers[0], DELIVERY_DELIVERED, 204, NOW + 99);
	settle(store, 900, list.numbers[0], DELIVERY_FAILED, 500, NOW + 100);
	seen = state_of(store, 900);
	assert_int_equal(seen.pending, 0);
	assert_int_equal(seen.last_status, 204);
	assert_false(optional_time_is_set(seen.failing_since));
	result = run(store,
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

static void deliveries_are_listed_and_repeated(void **state)
{
	struct store *store = *state;
	struct op_webhook query = { .action = WEBHOOK_DELIVERIES, .limit = 2 };
	struct op_webhook again = { .action = WEBHOOK_REDELIVER };
	struct listing_of list;
	struct result result;

	act(store, WEBHOOK_CREATE, 900);
	for (unsigned i = 1; i <= 3; i++)
		fixture_create(store, i, "new", NULL);
	gather(store);
	list = pending_of(store, 900);
	settle(store, 900, list.numbers[0], DELIVERY_DELIVERED, 200, NOW);
	settle(store, 900, list.numbers[1], DELIVERY_FAILED, 500, NOW);
	result = run(store, query, 900);
	assert_int_equal(result.webhooks->delivery_count, 2);
	assert_int_equal(result.webhooks->deliveries[0].number, list.numbers[2]);
	assert_int_equal(result.webhooks->next, list.numbers[1]);
	query.before = result.webhooks->next;
	store_result_free(&result);
	result = run(store, query, 900);
	assert_int_equal(result.webhooks->delivery_count, 1);
	assert_int_equal(result.webhooks->next, 0);
	store_result_free(&result);
	query = (struct op_webhook){ .action = WEBHOOK_DELIVERIES,
		.states = 1U << DELIVERY_FAILED };
	result = run(store, query, 900);
	assert_int_equal(result.webhooks->delivery_count, 1);
	assert_int_equal(result.webhooks->deliveries[0].number, list.numbers[1]);
	store_result_free(&result);

	again.states = 1U << DELIVERY_FAILED;
	result = run(store, again, 900);
	assert_int_equal(result.webhooks->redelivered, 1);
	assert_false(result.webhooks->more);
	store_result_free(&result);
	again.states = 0;
	again.deliveries = list.numbers;
	again.delivery_count = 3;
	result = run(store, again, 900);
	assert_int_equal(result.webhooks->redelivered, 1);
	store_result_free(&result);
	assert_int_equal(pending_of(store, 900).count, 3);
	again.deliveries = &(uint64_t){ 5 };
	again.delivery_count = 1;
	assert_int_equal(error_of(store, again, 900), ERR_NOT_FOUND);
}

/* ---- removal ---- */

static void ended_deliveries_are_removed(void **state)
{
	struct store *store = *state;
	struct listing_of list;
	struct result result;

	act(store, WEBHOOK_CREATE, 900);
	for (unsigned i = 1; i <= 3; i++)
		fixture_create(store, i, "new", NULL);
	gather(store);
	list = pending_of(store, 900);
	settle(store, 900, list.numbers[0], DELIVERY_DELIVERED, 200, NOW);
	settle(store, 900, list.numbers[1], DELIVERY_DELIVERED, 200, NOW + 1);
	clock_set_fake(NOW + WEBHOOK_ENDED_MS + 1);
	journal_run_chore(store, "outbox");
	result = run(store, (struct op_webhook){ .action = WEBHOOK_DELIVERIES }, 900);
	assert_int_equal(result.webhooks->delivery_count, 2);
	assert_int_equal(result.webhooks->deliveries[1].number, list.numbers[1]);
	store_result_free(&result);
	clock_set_fake(0);
}

static void newest_ended_deliveries_are_kept(void **state)
{
	struct store *store = *state;
	struct webhook_state seen;

	clock_set_fake(NOW);
	act(store, WEBHOOK_CREATE, 900);
	for (unsigned i = 1; i <= WEBHOOK_ENDED_MAX + 70; i++)
		fixture_create(store, i, "new", NULL);
	assert_int_equal(gather(store), WEBHOOK_ENDED_MAX + 70);
	seen = state_of(store, 900);
	while (seen.pending > 0) {
		struct listing_of list = pending_of(store, 900);

		for (size_t i = 0; i < list.count; i++)
			settle(store, 900, list.numbers[i], DELIVERY_DELIVERED, 200, NOW);
		seen = state_of(store, 900);
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
	struct listing_of list;

	act(store, WEBHOOK_CREATE, 900);
	for (unsigned i = 1; i <= 150; i++)
		fixture_create(store, i, "new", NULL);
	gather(store);
	list = pending_of(store, 900);
	settle(store, 900, list.numbers[0], DELIVERY_DELIVERED, 200, NOW);
	act(store, WEBHOOK_REMOVE, 900);
	assert_int_equal(error_of(store, (struct op_webhook){ .action = WEBHOOK_DELIVERIES }, 900),
		ERR_NOT_FOUND);
	settle(store, 900, list.numbers[1], DELIVERY_DELIVERED, 200, NOW);
	assert_int_equal(gather(store), 0);
	journal_run_chore(store, "outbox");
	assert_int_equal(count_rows(store), 0);
}

static void journal_is_kept_for_enabled_webhooks(void **state)
{
	struct store *store = *state;
	uint64_t needed;

	fixture_create(store, 1, "new", NULL);
	act(store, WEBHOOK_CREATE, 900);
	fixture_create(store, 2, "new", NULL);
	journal_run_chore(store, "outbox");
	needed = atomic_load(&store->shared->journal_needed);
	assert_true(needed > 0 && needed <= journal_next(store));
	gather(store);
	journal_run_chore(store, "outbox");
	assert_true(atomic_load(&store->shared->journal_needed) > needed);
	set_enabled(store, 900, false, false);
	journal_run_chore(store, "outbox");
	assert_int_equal(atomic_load(&store->shared->journal_needed), 0);
}

static void service_disables_a_webhook(void **state)
{
	struct store *store = *state;
	struct id id = fixture_id(900);
	struct result result;
	struct err err;

	act(store, WEBHOOK_CREATE, 900);
	must(store_webhook_disable(store, STR("acme"), &id, STR("Gone."), NOW + 9, &err), &err);
	result = run(store, (struct op_webhook){ .action = WEBHOOK_READ }, 900);
	assert_false(result.webhooks->webhooks[0].enabled);
	assert_str(result.webhooks->webhooks[0].reason, "Gone.");
	assert_int_equal(result.webhooks->webhooks[0].revision, 2);
	store_result_free(&result);
	set_enabled(store, 900, true, false);
	result = run(store, (struct op_webhook){ .action = WEBHOOK_READ }, 900);
	assert_str(result.webhooks->webhooks[0].reason, "");
	store_result_free(&result);
}

/* A lost outbox: the webhook goes on with the events from then on. */
static void lost_rows_are_made_again(void **state)
{
	struct store *store = *state;

	act(store, WEBHOOK_CREATE, 900);
	fixture_create(store, 1, "new", NULL);
	assert_int_equal(store->engine->ops->clear(store->engine, TABLE_OUTBOX), 0);
	expect_log("webhook-missed");
	assert_int_equal(gather(store), 0);
	assert_true(state_of(store, 900).missed);
	fixture_create(store, 2, "new", NULL);
	assert_int_equal(gather(store), 1);
}

/* ---- processes that die ---- */

static void gather_until_killed(const struct store_options *options)
{
	struct store_options attach = *options;
	struct store *store;

	attach.mode = STORE_RECOVER;
	store = fixture_open(&attach);
	for (unsigned i = 0; i < 20; i++) {
		fixture_create(
			store, 1 + (unsigned)(journal_next(store) * 7919 % 1000000), "new", NULL);
		gather_with(store, encode, true);
		if (i == (unsigned)getpid() % 17)
			_exit(0);
	}
	_exit(0);
}

/* Without a flush what was gathered may be lost, together with its place. */
static void each_event_is_gathered_once_across_deaths(void **state)
{
	struct store_options options = fixture_options(STORE_RECOVER, "killed");
	struct store *store = fixture_open(&options);
	struct listing_of list;
	struct err err;

	(void)state;
	act(store, WEBHOOK_CREATE, 900);
	must(store_flush(store, &err), &err);
	store_close(store);
	for (unsigned round = 0; round < 5; round++) {
		pid_t child = fork();
		int status;

		if (child == 0)
			gather_until_killed(&options);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_int_equal(status, 0);
	}
	store = fixture_open(&options);
	gather(store);
	list = pending_of(store, 900);
	{
		struct op op = fixture_list(BY_ALL, NULL);
		struct result result = { 0 };

		op.list.want_total = true;
		fixture_open_list(store, &op, &result);
		assert_int_equal(list.count, result.total);
		assert_true(list.count > 5);
		store_result_free(&result);
	}
	assert_int_equal(state_of(store, 900).pending, list.count);
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(webhooks_have_revisions_and_conditions),
		ON_EVERY_ENGINE(secrets_rotate),
		ON_EVERY_ENGINE(tenant_has_a_limit),
		ON_EVERY_ENGINE(events_are_gathered_once_and_in_order),
		ON_EVERY_ENGINE(numbers_do_not_begin_again),
		ON_EVERY_ENGINE(disabled_webhooks_begin_anew_or_resume),
		ON_EVERY_ENGINE(stale_webhooks_are_not_gathered_for),
		FIXTURE_TEST(
			pending_bytes_are_bounded, "Berkeley DB in files", fixture_setup_folder),
		ON_EVERY_ENGINE(gathering_pauses_while_the_disk_is_nearly_full),
		ON_EVERY_ENGINE(attempts_are_recorded),
		ON_EVERY_ENGINE(deliveries_are_listed_and_repeated),
		ON_EVERY_ENGINE(ended_deliveries_are_removed),
		ON_EVERY_ENGINE(newest_ended_deliveries_are_kept),
		ON_EVERY_ENGINE(removed_webhooks_leave_no_rows),
		ON_EVERY_ENGINE(journal_is_kept_for_enabled_webhooks),
		ON_EVERY_ENGINE(service_disables_a_webhook),
		ON_EVERY_ENGINE(lost_rows_are_made_again),
		CHECK(each_event_is_gathered_once_across_deaths),
	};

	return CHECK_RUN(tests);
}
