/* The feed of a tenant in one process: its events, pages, places, and when it has lost some. */
#include <stdio.h>

#include "base/clock.h"
#include "feed_fixture.h"
#include "libdb_leak.h"
#include "store/internal.h"
#include "store/wake.h"

static void flush(struct store *store)
{
	struct err err = { 0 };

	must(store_flush(store, &err), &err);
}

static void remove_task(struct store *store, unsigned number)
{
	struct op op = fixture_op(OP_REMOVE, number);

	op.now = 5000;
	op.actor = STR("bob");
	op.request = STR("r7");
	claim_apply(store, &op);
}

static void create_in(struct store *store, const char *tenant, unsigned number)
{
	struct op op = fixture_op(OP_CREATE, number);

	op.tenant = str_cstr(tenant);
	claim_apply(store, &op);
}

/* ---- events ---- */

static void each_change_is_an_event(void **state)
{
	struct store *store = *state;

	feed_expect_all(store, "acme", "");
	for (unsigned n = 1; n <= 5; n++)
		fixture_create(store, n, "new", NULL);
	journal_change(store, 2, 7);
	create_in(store, "acm", 6);
	create_in(store, "acme2", 7);
	claim_set_state(store, 1, TASK_FAILED);
	remove_task(store, 2);
	feed_expect_all(store, "acme",
		"1:created 2:created 3:created 4:created 5:created 2:changed 1:changed 2:removed");
	feed_expect_all(store, "acm", "6:created");
	feed_expect_all(store, "acme2", "7:created");
	feed_expect_all(store, "ac", "");
}

static void removal_tells_what_the_task_was(void **state)
{
	const struct op_feed query = {
		.start = FEED_FROM_FIRST, .limit = 10, .filter.types = 1U << FEED_REMOVED
	};
	struct store *store = *state;
	struct journal_entry entry;
	struct result result;

	fixture_create(store, 1, "new", NULL);
	claim_set_state(store, 1, TASK_RUNNING);
	remove_task(store, 1);
	result = feed_read(store, "acme", &query);
	assert_int_equal(result.feed->count, 1);
	entry = result.feed->events[0].entry;
	assert_int_equal(entry.from, TASK_RUNNING);
	assert_int_equal(entry.to, TASK_RUNNING);
	assert_int_equal(entry.dialect, DIALECT_A);
	assert_int_equal(entry.revision, 3);
	assert_int_equal(entry.previous, 2);
	assert_str(entry.actor, "bob");
	assert_str(entry.request, "r7");
	store_result_free(&result);
	/* a task of the same name has a history of its own */
	fixture_create(store, 1, "new", NULL);
	journal_expect(store, 1, "created", false);
}

static void filter_leaves_out_events(void **state)
{
	const struct id ids[] = { fixture_id(2), fixture_id(4) };
	struct op_feed query = {
		.start = FEED_FROM_FIRST, .limit = 10, .filter = { .ids = ids, .id_count = 2 }
	};
	struct store *store = *state;
	struct result result;

	for (unsigned n = 1; n <= 5; n++)
		fixture_create(store, n, "new", NULL);
	result = feed_read(store, "acme", &query);
	assert_int_equal(result.feed->count, 2);
	assert_memory_equal(&result.feed->events[1].entry.id, &ids[1], sizeof(ids[1]));
	/* the place is behind all entries that were read */
	assert_int_equal(result.feed->events[1].entry.number, 4);
	assert_int_equal(result.feed->next.number, 5);
	store_result_free(&result);
}

static void tasks_are_as_they_are_now(void **state)
{
	const struct op_feed query = { .start = FEED_FROM_FIRST, .limit = 10, .with_tasks = true };
	struct store *store = *state;
	const struct feed_event *events;
	struct result result;

	fixture_create(store, 1, "new", NULL);
	fixture_create(store, 2, "new", NULL);
	journal_change(store, 1, 9);
	remove_task(store, 2);
	result = feed_read(store, "acme", &query);
	events = result.feed->events;
	assert_int_equal(result.feed->count, 4);
	assert_int_equal(events[0].task->priority, 9);
	assert_ptr_equal(events[2].task, events[0].task);
	assert_null(events[1].task);
	assert_null(events[3].task);
	assert_true(store_result_memory(&result) > 4 * sizeof(*events));
	store_result_free(&result);
}

static void imports_are_events(void **state)
{
	struct store *store = *state;
	struct task task = { .id = fixture_id(1),
		.tenant = STR("acme"),
		.dialect = DIALECT_A,
		.state = TASK_PENDING,
		.revision = 1,
		.created = 1000,
		.updated = 1000 };
	struct err err = { 0 };

	must(store_put_tasks(store, &task, 1, &err), &err);
	feed_expect_all(store, "acme", "1:imported");
	/* an equal one is not written */
	must(store_put_tasks(store, &task, 1, &err), &err);
	feed_expect_all(store, "acme", "1:imported");
	task.priority = 4;
	must(store_put_tasks(store, &task, 1, &err), &err);
	feed_expect_all(store, "acme", "1:imported 1:imported");
}

static void retention_is_an_event(void **state)
{
	struct store *store = *state;
	struct retention rules = { 0 };
	struct err err = { 0 };
	bool more = true;

	fixture_create(store, 1, "new", NULL);
	claim_set_state(store, 1, TASK_SUCCEEDED);
	rules.keep_ms[0][TASK_SUCCEEDED] = 1000;
	rules.keep_ms[DIALECT_A][TASK_SUCCEEDED] = 1000;
	retention_init(&store->retention, &rules);
	while (more)
		must(store_remove_finished(store, CLAIM_NOW + 1000000, &more, &err), &err);
	feed_expect_all(store, "acme", "1:created 1:changed 1:removed");
}

/* ---- pages ---- */

static void pages_have_no_gap(void **state)
{
	struct op_feed query = { .start = FEED_FROM_FIRST, .limit = 7 };
	struct store *store = *state;
	unsigned seen = 0, pages = 0;
	bool more = true;

	for (unsigned n = 1; n <= 200; n++)
		create_in(store, n % 2 ? "acme" : "other", n);
	for (; more; pages++) {
		struct result result = feed_read(store, "acme", &query);

		for (size_t i = 0; i < result.feed->count; i++, seen++)
			assert_int_equal(result.feed->events[i].entry.number, 1 + 2 * seen);
		more = result.feed->more;
		query.start = FEED_FROM_PLACE;
		query.after = result.feed->next;
		store_result_free(&result);
	}
	assert_int_equal(seen, 100);
	assert_in_range(pages, 15, 16);
}

/* ---- places ---- */

static void now_is_behind_all_events(void **state)
{
	struct store *store = *state;
	struct feed_place place;

	fixture_create(store, 1, "new", NULL);
	flush(store);
	place = feed_now(store);
	feed_expect(store, &place, "");
	fixture_create(store, 2, "new", NULL);
	journal_change(store, 1, 5);
	feed_expect(store, &place, "2:created 1:changed");
	feed_expect(store, &place, "");
}

static void place_goes_on_without_events(void **state)
{
	struct store *store = *state;
	struct feed_place place = feed_now(store);

	for (unsigned n = 1; n <= 9; n++)
		create_in(store, "other", n);
	/* a number that is not durable may be given again */
	feed_expect(store, &place, "");
	assert_int_equal(place.number, 0);
	flush(store);
	feed_expect(store, &place, "");
	assert_int_equal(place.number, 9);
}

static void wrong_places_are_gone(void **state)
{
	struct store *store = *state;
	struct feed_place place;

	fixture_create(store, 1, "new", NULL);
	flush(store);
	place = feed_now(store);
	place.number++;
	feed_expect_gone(store, place, FEED_FUTURE);
	place.number = UINT64_MAX;
	feed_expect_gone(store, place, FEED_FUTURE);
	place.number = 0;
	assert_int_equal(feed_error(store, place), ERR_NONE);
	place.epoch++;
	feed_expect_gone(store, place, FEED_OTHER);
}

static void reader_does_not_pass_an_open_transaction(void **state)
{
	struct store *store = *state;
	struct feed_place place = feed_now(store);
	_Atomic uint64_t *other = &store->shared->journal_open[7];
	size_t stripe = store_tenant_stripe(STR("acme"));

	fixture_create(store, 1, "new", NULL);
	atomic_store(other, UINT64_C(2) << 8 | stripe);
	fixture_create(store, 2, "new", NULL);
	flush(store);
	feed_expect(store, &place, "1:created");
	assert_int_equal(place.number, 1);
	/* the place of now does not pass it either, and needs no wait */
	assert_int_equal(feed_now(store).number, 1);
	/* another stripe, all of them, the end */
	atomic_store(other, UINT64_C(2) << 8 | ((stripe + 1) % STORE_COMMIT_STRIPES));
	feed_expect(store, &place, "2:created");
	atomic_store(other, UINT64_C(3) << 8 | 255);
	fixture_create(store, 3, "new", NULL);
	feed_expect(store, &place, "");
	atomic_store(other, 0);
	feed_expect(store, &place, "3:created");
	assert_int_equal(place.number, 3);
	store_reset_commits(store->shared);
}

static bool refuse(const struct op *op, const struct task *before, const struct task *after,
	struct op *next, struct err *err)
{
	(void)op, (void)before, (void)after, (void)next;
	return err_set(err, ERR_INVALID, NULL, NULL);
}

static void undone_transaction_ends_the_wait(void **state)
{
	struct store *store = *state;
	unsigned source = store_feed_source(STR("acme"));
	uint64_t count = store_wake_count(store, source);
	struct op op = fixture_op(OP_CREATE, 1);

	op.follow = refuse;
	assert_int_equal(fixture_error(store, &op), ERR_INVALID);
	assert_int_equal(store_wake_count(store, source), count + 1);
	assert_int_equal(atomic_load(&store->shared->journal_open[0]), 0);
	assert_int_equal(journal_next(store), 2);
	fixture_create(store, 1, "new", NULL);
	assert_int_equal(store_wake_count(store, source), count + 2);
	feed_expect_all(store, "acme", "1:created");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(each_change_is_an_event),
		ON_EVERY_ENGINE(removal_tells_what_the_task_was),
		ON_EVERY_ENGINE(filter_leaves_out_events),
		ON_EVERY_ENGINE(tasks_are_as_they_are_now),
		ON_EVERY_ENGINE(imports_are_events),
		ON_EVERY_ENGINE(retention_is_an_event),
		ON_ONE_MACHINE(pages_have_no_gap),
		ON_EVERY_ENGINE(now_is_behind_all_events),
		ON_ONE_MACHINE(place_goes_on_without_events),
		ON_EVERY_ENGINE(wrong_places_are_gone),
		ON_ONE_MACHINE(reader_does_not_pass_an_open_transaction),
		ON_ONE_MACHINE(undone_transaction_ends_the_wait),
	};

	return CHECK_RUN(tests);
}
