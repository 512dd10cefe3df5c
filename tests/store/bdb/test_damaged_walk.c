/* Calls that read all tasks pass damaged pages. */
#include <stdio.h>
#include <stdlib.h>

#include "store/bdb/damage_fixture.h"
#include "store/store.h"
#include "store/usage_fixture.h"

/* Types of pages of libdb. */
enum { BTREE_LEAF = 5, OVERFLOW_PAGE = 7 };

struct salvaged {
	unsigned tasks, lost, unnamed;
};

static bool take_task(const struct task *task, void *data)
{
	struct salvaged *salvaged = data;

	assert_str(task->tenant, "acme");
	salvaged->tasks++;
	return true;
}

static bool take_lost(struct str key, const char *why, void *data)
{
	struct salvaged *salvaged = data;

	assert_int_equal(key.len, sizeof("acme") + 16);
	assert_non_null(strstr(why, "named.db"));
	salvaged->lost++;
	return true;
}

static void take_unnamed(void *data)
{
	struct salvaged *salvaged = data;

	salvaged->unnamed++;
}

static struct salvaged salvage(struct store *store)
{
	struct salvaged salvaged = { 0 };
	const struct store_salvage_sink sink = { take_task, take_lost, take_unnamed, &salvaged };
	struct err err;

	must(store_salvage(store, &sink, &err), &err);
	return salvaged;
}

/* Damages a page with rows of tasks; returns their number. */
static unsigned damage_rows(struct store_options *options)
{
	struct store *store;
	unsigned damaged;

	damage_page(options, TABLE_NAMED_TASKS, damage_used_page(options, TABLE_NAMED_TASKS, 5));
	store = fixture_open(options);
	expect_log("page-damaged");
	expect_log("task-damaged");
	damaged = damage_read_all(store, DAMAGE_TASKS, NULL);
	assert_in_range(damaged, 1, DAMAGE_TASKS / 4);
	store_close(store);
	return damaged;
}

static void every_other_task_is_salvaged(void **state)
{
	struct store_options options = damage_options("salvage");
	struct salvaged salvaged;
	struct store *store;
	unsigned damaged;

	(void)state;
	damage_make_store(&options);
	damaged = damage_rows(&options);
	store = fixture_open(&options);
	salvaged = salvage(store);
	assert_int_equal(salvaged.tasks, DAMAGE_TASKS - damaged);
	assert_int_equal(salvaged.lost, damaged);
	assert_int_equal(salvaged.unnamed, 0);
	store_close(store);
}

/* All names are in the index; damaged pages of the index take some of them. */
static void damaged_index_hides_names_but_no_task(void **state)
{
	struct store_options options = damage_options("unnamed");
	struct salvaged salvaged;
	struct store *store;
	unsigned damaged;

	(void)state;
	damage_make_store(&options);
	damaged = damage_rows(&options);
	for (uint32_t page = 2; page < 12; page++)
		damage_page(&options, TABLE_INDEX, damage_used_page(&options, TABLE_INDEX, page));
	store = fixture_open(&options);
	expect_log("page-damaged");
	salvaged = salvage(store);
	assert_int_equal(salvaged.tasks, DAMAGE_TASKS - damaged);
	assert_in_range(salvaged.lost, 0, damaged);
	assert_int_equal(salvaged.unnamed, 1);
	store_close(store);
}

static bool refuse_task(const struct task *task, void *data)
{
	(void)task, (void)data;
	fail();
	return false;
}

static void export_and_recount_are_refused(void **state)
{
	struct store_options options = damage_options("export");
	uint64_t wrong, changed;
	struct store *store;
	struct err err;

	(void)state;
	damage_make_store(&options);
	damage_rows(&options);
	store = fixture_open(&options);
	assert_fails(store_each_task(store, refuse_task, NULL, &err), &err, ERR_DAMAGED);
	assert_non_null(strstr(err.text, "export --salvage"));
	assert_fails(store_recount(store, NULL, &wrong, &changed, &err), &err, ERR_DAMAGED);
	assert_non_null(strstr(err.text, "no count was changed"));
	store_close(store);
}

/* ---- rebuild of the index ---- */

static void rebuild_leaves_out_tasks_on_a_damaged_page(void **state)
{
	struct store_options options = damage_options("rebuild");
	struct store_report report;
	struct store *store;
	struct err err;
	unsigned damaged;

	(void)state;
	damage_make_store(&options);
	damaged = damage_rows(&options);
	store = fixture_open(&options);
	expect_log("index-left-out");
	must(store_reindex(store, NULL, NULL, &err), &err);
	assert_int_equal(atomic_load(&damage_shared.health.index_left_out), 1);
	assert_true(store_index_is_complete(store));
	store_close(store);
	health_reset(&damage_shared.health);
	store = fixture_open(&options);
	assert_int_equal(atomic_load(&damage_shared.health.index_left_out), 1);
	must(store_verify(store, NULL, &report, &err), &err);
	assert_int_equal(report.tasks, DAMAGE_TASKS - damaged);
	assert_int_equal(report.lost_tasks, 0);
	assert_false(report.all_lost_known);
	store_close(store);
}

static void create_large(struct store *store, unsigned id)
{
	static char text[6000];
	struct op op = fixture_op(OP_CREATE, id);

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = "0123456789abcdef"[random() % 16]; /* cannot be compressed much */
	text[0] = text[sizeof(text) - 1] = '"';
	op.change.state = TASK_PENDING;
	op.change.status = STR("new");
	assert_true(change_set_field(&op.change, STR("text"), (struct str){ text, sizeof(text) }));
	assert_code(fixture_error(store, &op), ERR_NONE);
}

/* The key of a large task can be read, its value not. */
static void damaged_large_task_costs_only_itself(void **state)
{
	struct store_options options = damage_options("large");
	struct store_report report;
	struct salvaged salvaged;
	struct store *store;
	struct err err;

	(void)state;
	store = fixture_open(&options);
	create_large(store, DAMAGE_TASKS + 1);
	must(store_flush(store, &err), &err);
	store_close(store);
	damage_make_store(&options);
	damage_page(&options, TABLE_NAMED_TASKS,
		damage_page_with(&options, TABLE_NAMED_TASKS, OVERFLOW_PAGE, STR("")));
	store = fixture_open(&options);
	expect_log("page-damaged");
	expect_log("task-damaged");
	salvaged = salvage(store);
	assert_int_equal(salvaged.tasks, DAMAGE_TASKS);
	assert_int_equal(salvaged.lost, 1);
	assert_int_equal(salvaged.unnamed, 0);
	must(store_verify(store, NULL, &report, &err), &err);
	assert_int_equal(report.tasks, DAMAGE_TASKS);
	assert_int_equal(report.lost_tasks, 1);
	assert_true(report.all_lost_known);
	expect_log("index-left-out");
	must(store_reindex(store, NULL, NULL, &err), &err);
	assert_int_equal(atomic_load(&damage_shared.health.index_left_out), 1);
	store_close(store);
}

/* ---- the table usage, which is made again ---- */

#define TENANTS 300 /* more rows than a page has; "acme" is the last of them */

static void make_store_with_quotas(struct store_options *options)
{
	struct store *store = fixture_open(options);
	uint64_t limit = 1000;
	struct err err;

	for (unsigned i = 0; i < TENANTS; i++) {
		char name[40];

		snprintf(name, sizeof(name), "a%03u-with-a-name-of-some-length", i);
		must(store_set_quota(store, str_cstr(name), &limit, NULL, &err), &err);
	}
	usage_set_quota(store, 1000, 0);
	store_close(store);
	damage_make_store(options);
}

static void check_usage(struct store *store, uint64_t tasks)
{
	struct store_usage usage = usage_of(store, "acme");
	struct store_usage other = usage_of(store, "a299-with-a-name-of-some-length");

	assert_int_equal(other.max_tasks, 1000);
	fixture_verify(store, tasks);
	assert_int_equal(usage.tasks, tasks);
	assert_int_equal(usage.max_tasks, 1000);
	assert_true(usage.own_tasks);
	assert_int_equal(damage_count(&damage_shared.damages), 0);
}

static void damaged_page_of_the_usage_is_counted_again(void **state)
{
	struct store_options options = damage_options("usage");
	struct op op = fixture_op(OP_CREATE, DAMAGE_TASKS + 1);
	struct store *store;

	(void)state;
	make_store_with_quotas(&options);
	damage_page(&options, TABLE_USAGE,
		damage_page_with(&options, TABLE_USAGE, BTREE_LEAF, STR("acme")));
	store = fixture_open(&options);
	expect_log("page-damaged");
	assert_code(fixture_error(store, &op), ERR_DAMAGED);
	assert_true(atomic_load(&damage_shared.remake_usage));
	store_close(store);
	store = fixture_open(&options);
	assert_false(atomic_load(&damage_shared.remake_usage));
	check_usage(store, DAMAGE_TASKS);
	assert_code(fixture_error(store, &op), ERR_NONE);
	check_usage(store, DAMAGE_TASKS + 1);
	store_close(store);
}

static void damaged_file_of_the_usage_is_set_aside(void **state)
{
	struct store_options options = damage_options("aside");
	struct store *store;

	(void)state;
	make_store_with_quotas(&options);
	damage_metadata(&options, TABLE_USAGE);
	expect_log("page-damaged");
	expect_log("file-set-aside");
	store = fixture_open(&options);
	check_usage(store, DAMAGE_TASKS);
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(every_other_task_is_salvaged),
		CHECK(damaged_index_hides_names_but_no_task),
		CHECK(export_and_recount_are_refused),
		CHECK(rebuild_leaves_out_tasks_on_a_damaged_page),
		CHECK(damaged_large_task_costs_only_itself),
		CHECK(damaged_page_of_the_usage_is_counted_again),
		CHECK(damaged_file_of_the_usage_is_set_aside),
	};

	return CHECK_RUN(tests);
}
