/* Damaged pages are made usable again, and what was lost with them is named. */
#include <stdio.h>
#include <unistd.h>

#include "store/bdb/page.h"
#include "store/bdb/repair_fixture.h"
#include "store/feed_fixture.h"
#include "store/repair.h"

#define TASKS 400

static bool unreadable[REPAIR_TASKS_MAX + 1];
static struct repair_outcome outcome;

static void expect_lost(unsigned tasks)
{
	for (unsigned i = 0; i < tasks; i++)
		expect_log("task-lost");
}

/* Finds out which tasks are on the damaged page: those behind it in a bucket are not lost. */
static void dry_run(struct store *store, unsigned tasks)
{
	unsigned damaged = damage_read_all(store, tasks, unreadable);

	assert_true(repair_run(store, true, &outcome));
	assert_int_equal(outcome.report.pages, 1);
	assert_int_equal(outcome.lost_count, damaged);
	for (unsigned n = 1; n <= tasks; n++)
		assert_int_equal(outcome.lost[n], unreadable[n]);
	assert_int_equal(damage_count(&damage_shared.damages), 1);
}

/* Repairs a store that has one damaged page, and verifies that all that it says is true. */
static void repair_one(struct store *store, unsigned tasks, unsigned lost, const char *text)
{
	struct feed_place place = feed_now(store);

	dry_run(store, tasks);
	assert_code(feed_error(store, place), ERR_NONE);
	expect_log("page-repaired");
	expect_lost(lost);
	assert_true(repair_run(store, false, &outcome));
	/* No event tells of lost tasks, so clients read all again. */
	if (lost > 0)
		assert_code(feed_error(store, place), ERR_GONE);
	assert_non_null(strstr(outcome.pages, text));
	assert_int_equal(outcome.report.pages, 1);
	assert_int_equal(outcome.report.failed, 0);
	assert_int_equal(outcome.lost_count, lost);
	for (unsigned n = 1; n <= tasks; n++) {
		struct op op = fixture_op(OP_READ, n);

		assert_true(unreadable[n] || !outcome.lost[n]);
		assert_code(fixture_error(store, &op), outcome.lost[n] ? ERR_NOT_FOUND : ERR_NONE);
	}
	fixture_verify(store, tasks - lost);
	assert_int_equal(damage_count(&damage_shared.damages), 0);
	assert_int_equal(atomic_load(&damage_shared.health.repair_unfinished), 0);
}

/* The place of the lost tasks works again, also after a recovery. */
static void make_lost_again(
	struct store *store, const struct store_options *options, unsigned tasks)
{
	struct err err;

	for (unsigned n = 1; n <= tasks; n++) {
		if (outcome.lost[n])
			fixture_create(store, n, "again", NULL);
	}
	fixture_verify(store, tasks);
	must(store_flush(store, &err), &err);
	store_close(store);
	store = fixture_open(options);
	fixture_verify(store, tasks);
	assert_int_equal(damage_read_all(store, tasks, unreadable), 0);
	store_close(store);
}

static void test_page(
	const struct store_options *options, uint32_t page, unsigned tasks, const char *text)
{
	unsigned lost = repair_count_tasks(options, TABLE_NAMED_TASKS, page);
	struct store *store;

	damage_page(options, TABLE_NAMED_TASKS, page);
	expect_log("page-damaged");
	if (lost > 0)
		expect_log("task-damaged");
	store = repair_reopen(options);
	repair_one(store, tasks, lost, text);
	make_lost_again(store, options, tasks);
}

static void page_of_a_bucket_loses_its_tasks_only(void **state)
{
	struct store_options options = damage_options("bucket");

	(void)state;
	repair_make_store(&options, TASKS, 0);
	test_page(&options, repair_find_page(&options, TABLE_NAMED_TASKS, PAGE_HASH, false, false),
		TASKS, "emptied");
	assert_true(outcome.lost_count > 0);
}

static void first_page_keeps_the_rest_of_its_bucket(void **state)
{
	struct store_options options = damage_options("first");

	(void)state;
	repair_make_store(&options, TASKS, 900);
	test_page(&options, repair_find_page(&options, TABLE_NAMED_TASKS, PAGE_HASH, false, true),
		TASKS, "emptied");
	assert_in_range(outcome.lost_count, 1, 4);
}

static void further_page_keeps_the_rest_of_its_bucket(void **state)
{
	struct store_options options = damage_options("further");

	(void)state;
	repair_make_store(&options, TASKS, 900);
	test_page(&options, repair_find_page(&options, TABLE_NAMED_TASKS, PAGE_HASH, true, false),
		TASKS, "emptied");
	assert_in_range(outcome.lost_count, 1, 4);
}

typedef void damage_one(
	const struct store_options *options, enum engine_table table, uint32_t page);

/* The first page, a page in the middle, the last page of a value. */
static void test_pages_of_values(const char *name, damage_one *damage)
{
	struct store_options options = damage_options(name);

	repair_make_store(&options, 40, 20000);
	for (int i = 0; i < 3; i++) {
		struct store *store;

		damage(&options, TABLE_NAMED_TASKS,
			repair_find_page(&options, TABLE_NAMED_TASKS, PAGE_OVERFLOW, i > 0, i < 2));
		expect_log("page-damaged");
		expect_log("task-damaged");
		store = repair_reopen(&options);
		repair_one(store, 40, 1, "the row that it was a part of is lost");
		make_lost_again(store, &options, 40);
	}
}

static void page_of_a_long_value_loses_its_task(void **state)
{
	(void)state;
	test_pages_of_values("value", damage_page);
}

/* Killed between the empty page and the deletion of the row. */
static void interrupted_repair_of_a_long_value_goes_on(void **state)
{
	(void)state;
	test_pages_of_values("placeholder", repair_empty_value_page);
}

static void row_of_a_page_is_found_behind_another_damaged_page(void **state)
{
	struct store_options options = damage_options("behind");
	uint32_t first, next;
	struct store *store;

	(void)state;
	repair_make_store(&options, 40, 20000);
	first = repair_find_page(&options, TABLE_NAMED_TASKS, PAGE_OVERFLOW, false, true);
	next = repair_next_page(&options, TABLE_NAMED_TASKS, first);
	damage_page(&options, TABLE_NAMED_TASKS, first);
	damage_page(&options, TABLE_NAMED_TASKS, next);
	/* The second page is found again as long as its row may be found. */
	for (int i = 0; i < 4; i++)
		expect_log("page-damaged");
	for (int i = 0; i < 3; i++)
		expect_log("page-repaired");
	expect_lost(1);
	store = repair_reopen(&options);
	assert_true(repair_run(store, false, &outcome));
	assert_int_equal(outcome.report.failed, 0);
	assert_int_equal(outcome.lost_count, 1);
	fixture_verify(store, 39);
	assert_int_equal(damage_count(&damage_shared.damages), 0);
	make_lost_again(store, &options, 40);
}

static void unused_page_loses_nothing(void **state)
{
	struct store_options options = damage_options("unused");
	struct op remove = fixture_op(OP_REMOVE, 40);
	struct store *store;
	struct err err;

	(void)state;
	repair_make_store(&options, 40, 20000);
	store = fixture_open(&options);
	assert_code(fixture_error(store, &remove), ERR_NONE);
	must(store_checkpoint(store, true, NULL, &err), &err);
	store_close(store);
	damage_page(&options, TABLE_NAMED_TASKS,
		repair_find_page(&options, TABLE_NAMED_TASKS, PAGE_UNUSED, false, true));
	store = repair_reopen(&options);
	expect_log("page-damaged");
	repair_one(store, 39, 0, "it had no rows");
	make_lost_again(store, &options, 39);
}

static void page_in_the_cache_is_a_copy(void **state)
{
	struct store_options options = damage_options("copies");
	uint32_t page;
	struct store *store;

	(void)state;
	repair_make_store(&options, TASKS, 0);
	page = repair_find_page(&options, TABLE_NAMED_TASKS, PAGE_HASH, false, false);
	store = repair_reopen(&options);
	assert_int_equal(damage_read_all(store, TASKS, unreadable), 0);
	damage_page(&options, TABLE_NAMED_TASKS, page); /* which is in the cache */
	expect_log("page-damaged");
	repair_one(store, TASKS, 0, "written again from a copy");
	assert_false(outcome.report.replaced);
	store_close(store);
}

/* Pages that were written last, and are no longer in the cache. */
static void image_in_the_doublewrite_file_is_a_copy(void **state)
{
	struct store_options options = damage_options("doublewrite");
	struct store *store;
	struct err err;
	uint32_t page;

	(void)state;
	options.cache_mb = 1;
	store = fixture_open(&options);
	for (unsigned n = 1; n <= REPAIR_TASKS_MAX; n++)
		fixture_create(store, n, "new", NULL);
	must(store_checkpoint(store, true, NULL, &err), &err);
	page = repair_find_page(&options, TABLE_NAMED_TASKS, PAGE_HASH, false, false);
	damage_page(&options, TABLE_NAMED_TASKS, page);
	expect_log("page-damaged");
	repair_one(store, REPAIR_TASKS_MAX, 0, "written again from a copy");
	store_close(store);
}

/* Stops a repair when half of the lost tasks were named, and opens the store again. */
static struct store *interrupt_repair(const struct store_options *options, unsigned *lost)
{
	struct store *store;
	struct err err;
	uint32_t page;

	repair_make_store(options, TASKS, 0);
	page = repair_find_page(options, TABLE_NAMED_TASKS, PAGE_HASH, false, false);
	*lost = repair_count_tasks(options, TABLE_NAMED_TASKS, page);
	damage_page(options, TABLE_NAMED_TASKS, page);
	expect_log("page-damaged");
	store = repair_reopen(options);
	expect_log("page-repaired");
	expect_lost(*lost);
	outcome.stop_after = *lost / 2;
	assert_false(repair_run(store, false, &outcome));
	must(store_flush(store, &err), &err);
	store_close(store);
	outcome.stop_after = 0;
	return fixture_open(options);
}

static void check_second_half(struct store *store, unsigned lost)
{
	assert_int_equal(atomic_load(&damage_shared.health.repair_unfinished), 1);
	assert_true(repair_run(store, false, &outcome));
	assert_int_equal(outcome.lost_count, lost - lost / 2);
	fixture_verify(store, TASKS - lost);
	assert_int_equal(atomic_load(&damage_shared.health.repair_unfinished), 0);
	store_close(store);
}

static void repair_goes_on_where_it_was_interrupted(void **state)
{
	struct store_options options = damage_options("interrupted");
	unsigned lost;
	struct store *store = interrupt_repair(&options, &lost);

	(void)state;
	check_second_half(store, lost);
}

static void repair_of_the_meta_table_keeps_the_note_of_another(void **state)
{
	struct store_options options = damage_options("two notes");
	unsigned lost;
	struct store *store = interrupt_repair(&options, &lost);
	struct err err;

	(void)state;
	must(repair_meta_at_open(store, &err), &err);
	check_second_half(store, lost);
}

static void first_page_of_a_file_is_refused(void **state)
{
	struct store_options options = damage_options("meta page");
	struct store *store;
	int fd;

	(void)state;
	repair_make_store(&options, 10, 0);
	store = repair_reopen(&options);
	fd = damage_open_table(&options, TABLE_USERS);
	assert_int_equal(pwrite(fd, "damaged", 7, 100), 7);
	close(fd);
	expect_log("page-damaged");
	expect_log("page-repaired");
	assert_true(repair_run(store, false, &outcome));
	assert_int_equal(outcome.report.failed, 1);
	assert_non_null(strstr(outcome.pages, "restore the home from a backup"));
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(page_of_a_bucket_loses_its_tasks_only),
		CHECK(first_page_keeps_the_rest_of_its_bucket),
		CHECK(further_page_keeps_the_rest_of_its_bucket),
		CHECK(page_of_a_long_value_loses_its_task),
		CHECK(interrupted_repair_of_a_long_value_goes_on),
		CHECK(row_of_a_page_is_found_behind_another_damaged_page),
		CHECK(unused_page_loses_nothing),
		CHECK(page_in_the_cache_is_a_copy),
		CHECK(image_in_the_doublewrite_file_is_a_copy),
		CHECK(repair_goes_on_where_it_was_interrupted),
		CHECK(repair_of_the_meta_table_keeps_the_note_of_another),
		CHECK(first_page_of_a_file_is_refused),
	};

	return CHECK_RUN(tests);
}
