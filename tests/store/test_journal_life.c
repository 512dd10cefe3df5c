/* The journal as a whole: its numbers, starts, the removal of old entries, import and verify. */
#include <stdio.h>

#include "base/clock.h"
#include "journal_fixture.h"
#include "store/internal.h"

static void create_in(struct store *store, const char *tenant, unsigned number, int64_t now)
{
	struct op op = fixture_op(OP_CREATE, number);

	op.tenant = str_cstr(tenant);
	op.now = now;
	claim_apply(store, &op);
}

static void change_in(
	struct store *store, const char *tenant, unsigned number, int32_t priority, int64_t now)
{
	struct op op = fixture_op(OP_UPDATE, number);

	op.tenant = str_cstr(tenant);
	op.now = now;
	op.change.set = CHANGE_PRIORITY;
	op.change.priority = priority;
	claim_apply(store, &op);
}

/* ---- the removal of old entries ---- */

static void oldest_entries_are_removed_by_number(void **state)
{
	static const char *const tenants[] = { "a", "ab", "b", "zz" };
	struct store *store = *state;

	for (unsigned i = 0; i < 4; i++)
		create_in(store, tenants[i], 1, 1000); /* 1 to 4 */
	for (int n = 1; n <= 200; n++)
		change_in(store, "ab", 1, n, 2000); /* 5 to 204 */
	for (unsigned i = 0; i < 4; i++)
		change_in(store, tenants[i], 1, 999, 3000); /* 205 to 208 */
	store->journal_entries = 5;
	journal_run_chore(store, "journal");
	journal_expect_of(store, "a", 1, "changed", true);
	journal_expect_of(store, "ab", 1, "changed changed", true);
	journal_expect_of(store, "b", 1, "changed", true);
	journal_expect_of(store, "zz", 1, "changed", true);
	/* nothing more to remove */
	journal_run_chore(store, "journal");
	journal_expect_of(store, "ab", 1, "changed changed", true);
	store->journal_entries = 0;
	journal_run_chore(store, "journal");
	journal_expect_of(store, "ab", 1, "", true);
	store->journal_entries = 5;
	change_in(store, "ab", 1, 1, 4000);
	journal_expect_of(store, "ab", 1, "changed", true);
}

static void oldest_entries_are_removed_by_age(void **state)
{
	struct store *store = *state;

	create_in(store, "a", 1, 1000);
	create_in(store, "b", 1, 1000);
	change_in(store, "a", 1, 1, 2000);
	create_in(store, "b", 2, 3000);
	store->journal_ms = 1000;
	clock_set_fake(3000);
	journal_run_chore(store, "journal");
	journal_expect_of(store, "a", 1, "changed", true);
	journal_expect_of(store, "b", 1, "", true);
	journal_expect_of(store, "b", 2, "created", false);
	clock_set_fake(3001);
	journal_run_chore(store, "journal");
	journal_expect_of(store, "a", 1, "", true);
	journal_expect_of(store, "b", 2, "created", false);
	clock_set_fake(0);
}

static void nothing_is_removed_after_the_clock_was_set_forward(void **state)
{
	struct store *store = *state;

	create_in(store, "a", 1, 1000);
	clock_set_fake(2000);
	journal_run_chore(store, "journal");
	store->journal_ms = 1000;
	clock_set_fake(2000 + 86400000LL);
	expect_log("clock");
	journal_run_chore(store, "journal");
	journal_expect_of(store, "a", 1, "created", false);
	clock_set_fake(0);
}

/* ---- numbers ---- */

static void close_and_open(struct store **store, const struct store_options *options)
{
	struct err err = { 0 };

	must(store_flush(*store, &err), &err);
	store_close(*store);
	*store = fixture_open(options);
}

static void numbers_go_on_after_a_start(void **state)
{
	struct store_options options = fixture_options(STORE_RECOVER, "numbers");
	struct store *store = fixture_open(&options);

	(void)state;
	assert_int_equal(journal_next(store), 1);
	create_in(store, "b", 1, 1000);
	create_in(store, "c", 1, 1000);
	create_in(store, "a", 1, 1000);
	change_in(store, "b", 1, 1, 1000); /* the highest number is of a tenant in between */
	create_in(store, "b\xC3\xA4", 1, 900);
	change_in(store, "b", 1, 2, 1000);
	close_and_open(&store, &options);
	assert_int_equal(journal_next(store), 7);
	change_in(store, "b", 1, 3, 1000);
	journal_expect_of(store, "b", 1, "changed changed changed created", false);
	journal_expect_of(store, "a", 1, "created", false);
	store_close(store);
}

/* The number of an old task's last entry may be that of another task's, if numbers begin anew. */
static void entries_of_another_task_are_not_shown(void **state)
{
	struct store_options options = fixture_options(STORE_RECOVER, "emptied");
	struct store *store = fixture_open(&options);

	(void)state;
	for (unsigned n = 1; n <= 4; n++)
		create_in(store, "acme", n, 1000);
	change_in(store, "acme", 2, 1, 1000); /* 5, after 2 */
	store->journal_entries = 0;
	journal_run_chore(store, "journal");
	close_and_open(&store, &options);
	assert_int_equal(journal_next(store), 6);
	atomic_store(&store->shared->journal_next, 1); /* as if the meta table was lost, too */
	change_in(store, "acme", 4, 1, 1000);	       /* 1, after 4 */
	journal_expect(store, 4, "changed", true);
	for (unsigned n = 11; n <= 16; n++)
		create_in(store, "acme", n, 1000);
	for (unsigned n = 1; n <= 3; n++)
		journal_expect(store, n, "", true);
	change_in(store, "acme", 2, 2, 1000);
	journal_expect(store, 2, "changed", true);
	change_in(store, "acme", 2, 3, 1000);
	journal_expect(store, 2, "changed changed", true);
	store_close(store);
}

/* ---- other stores ---- */

static void import_begins_a_history(void **state)
{
	struct store *store = *state;
	struct task task = { .id = fixture_id(1),
		.tenant = STR("acme"),
		.dialect = DIALECT_A,
		.state = TASK_PENDING,
		.revision = 1,
		.created = 1000,
		.updated = 1000,
		.journal = 3 };
	struct err err = { 0 };

	for (unsigned n = 2; n <= 6; n++)
		fixture_create(store, n, "new", NULL);
	must(store_put_tasks(store, &task, 1, &err), &err);
	journal_expect(store, 1, "imported", true);
	journal_change(store, 1, 4);
	journal_expect(store, 1, "changed imported", true);
	/* the same task again: its history here goes on */
	task.updated = 2000;
	must(store_put_tasks(store, &task, 1, &err), &err);
	journal_change(store, 1, 5);
	journal_expect(store, 1, "changed imported changed imported", true);
	fixture_verify(store, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_ONE_MACHINE(oldest_entries_are_removed_by_number),
		ON_EVERY_ENGINE(oldest_entries_are_removed_by_age),
		ON_EVERY_ENGINE(nothing_is_removed_after_the_clock_was_set_forward),
		ON_EVERY_ENGINE(import_begins_a_history),
		CHECK(numbers_go_on_after_a_start),
		CHECK(entries_of_another_task_are_not_shown),
	};

	return CHECK_RUN(tests);
}
