/* A damaged page fails the calls that need it, and no others. */
#include <stdio.h>
#include <unistd.h>

#include "store/bdb/damage_fixture.h"
#include "store/bdb/page.h"

static void page_of_tasks_fails_its_tasks_only(void **state)
{
	struct store_options options = damage_options("tasks");
	struct damage list[4];
	struct store_report report;
	struct store *store;
	unsigned damaged;
	struct err err;
	uint32_t page;

	(void)state;
	damage_make_store(&options);
	page = damage_used_page(&options, TABLE_NAMED_TASKS, 5);
	damage_page(&options, TABLE_NAMED_TASKS, page);
	store = fixture_open(&options);
	expect_log("page-damaged");
	expect_log("task-damaged");
	damaged = damage_read_all(store, DAMAGE_TASKS, NULL);
	assert_in_range(damaged, 1, DAMAGE_TASKS / 4);
	assert_int_equal(damage_read_all(store, DAMAGE_TASKS, NULL), damaged);
	assert_int_equal(damage_list(&damage_shared.damages, list, 4), 1);
	assert_int_equal(list[0].table, TABLE_NAMED_TASKS);
	assert_int_equal(list[0].page, page);
	assert_int_equal(list[0].reads, 2 * damaged);
	assert_non_null(strstr(list[0].task, " of tenant acme"));
	/* Lists, writes and checkpoints of all others go on. */
	fixture_create(store, DAMAGE_TASKS + 1000, "new", NULL);
	must(store_flush(store, &err), &err);
	must(store_checkpoint(store, true, NULL, &err), &err);
	must(store_verify(store, NULL, &report, &err), &err);
	assert_int_equal(report.damaged, 1);
	assert_string_equal(report.damages[0].table, "named");
	assert_int_equal(report.damages[0].page, page);
	assert_true(report.index_compared);
	assert_int_equal(report.tasks, DAMAGE_TASKS + 1 - damaged);
	assert_int_equal(report.lost_tasks, damaged);
	assert_true(report.all_lost_known);
	assert_int_equal(report.missing_entries + report.unreadable_records, 0);
	store_close(store);
	store = fixture_open(&options);
	assert_int_equal(damage_read_all(store, DAMAGE_TASKS, NULL), damaged);
	store_close(store);
}

static void change_of_a_damaged_task_leaves_no_trace(void **state)
{
	struct store_options options = damage_options("change");
	struct store *store;
	struct err err;
	unsigned damaged = 0;

	(void)state;
	damage_make_store(&options);
	damage_page(&options, TABLE_NAMED_TASKS, damage_used_page(&options, TABLE_NAMED_TASKS, 9));
	store = fixture_open(&options);
	expect_log("page-damaged");
	expect_log("task-damaged");
	for (unsigned n = 1; n <= DAMAGE_TASKS; n++) {
		struct op op = fixture_op(OP_UPDATE, n);
		enum err_code code;

		op.change.status = STR("old");
		code = fixture_error(store, &op);
		damaged += code == ERR_DAMAGED;
		assert_true(code == ERR_DAMAGED || code == ERR_NONE);
	}
	assert_in_range(damaged, 1, DAMAGE_TASKS / 4);
	must(store_flush(store, &err), &err);
	store_close(store);
	/* Recovery has no need of the page: no record in the log is about it. */
	store = fixture_open(&options);
	assert_int_equal(damage_read_all(store, DAMAGE_TASKS, NULL), damaged);
	store_close(store);
}

static void list_over_a_damaged_page_is_refused(void **state)
{
	struct store_options options = damage_options("list");
	struct op list = fixture_list(BY_STATUS, "new");
	struct op read = fixture_op(OP_READ, 1);
	struct store *store;

	(void)state;
	damage_make_store(&options);
	for (uint32_t page = 2; page < 12; page++)
		damage_page(&options, TABLE_INDEX, damage_used_page(&options, TABLE_INDEX, page));
	store = fixture_open(&options);
	expect_log("page-damaged");
	list.list.limit = DAMAGE_TASKS;
	assert_code(fixture_error(store, &list), ERR_REBUILDING);
	assert_code(fixture_error(store, &read), ERR_NONE);
	store_close(store);
}

/* A page that is good again, because the file was restored, is no longer in the table. */
static void repaired_page_is_forgotten(void **state)
{
	struct store_options options = damage_options("repaired");
	unsigned char good[BDB_PAGE_SIZE];
	struct store *store;
	uint32_t page;
	int fd;

	(void)state;
	damage_make_store(&options);
	page = damage_used_page(&options, TABLE_NAMED_TASKS, 3);
	fd = damage_open_table(&options, TABLE_NAMED_TASKS);
	assert_int_equal(pread(fd, good, sizeof(good), (off_t)page * BDB_PAGE_SIZE), sizeof(good));
	damage_page(&options, TABLE_NAMED_TASKS, page);
	store = fixture_open(&options);
	expect_log("page-damaged");
	expect_log("task-damaged");
	assert_true(damage_read_all(store, DAMAGE_TASKS, NULL) > 0);
	assert_int_equal(damage_count(&damage_shared.damages), 1);
	assert_int_equal(pwrite(fd, good, sizeof(good), (off_t)page * BDB_PAGE_SIZE), sizeof(good));
	assert_int_equal(damage_read_all(store, DAMAGE_TASKS, NULL), 0);
	assert_int_equal(damage_count(&damage_shared.damages), 0);
	close(fd);
	store_close(store);
}

/* ---- pages that a start needs ---- */

static void start_names_the_page(void **state)
{
	struct store_options options = damage_options("first");
	struct store *store;
	struct err err;

	(void)state;
	damage_make_store(&options);
	damage_metadata(&options, TABLE_NAMED_TASKS);
	expect_log("page-damaged");
	assert_fails(store_open(&store, &options, &err), &err, ERR_INTERNAL);
	assert_non_null(strstr(err.text, "page 0 of named.db cannot be read"));
}

static void check_is_made_again(enum engine_table table, const char *aside)
{
	struct store_options options = damage_options(aside);
	struct store *store;
	char path[512];

	damage_make_store(&options);
	damage_metadata(&options, table);
	expect_log("page-damaged");
	expect_log("file-set-aside");
	store = fixture_open(&options);
	fixture_verify(store, DAMAGE_TASKS);
	assert_int_equal(damage_count(&damage_shared.damages), 0);
	store_close(store);
	snprintf(path, sizeof(path), "%s/data/%s", options.home, aside);
	assert_int_equal(access(path, F_OK), 0);
}

static void damaged_index_is_made_again(void **state)
{
	(void)state;
	check_is_made_again(TABLE_INDEX, "index.db.damaged");
}

static void damaged_snapshot_is_made_again(void **state)
{
	(void)state;
	check_is_made_again(TABLE_SNAPSHOT, "snapshot.db.damaged");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(page_of_tasks_fails_its_tasks_only),
		CHECK(change_of_a_damaged_task_leaves_no_trace),
		CHECK(list_over_a_damaged_page_is_refused),
		CHECK(repaired_page_is_forgotten),
		CHECK(start_names_the_page),
		CHECK(damaged_index_is_made_again),
		CHECK(damaged_snapshot_is_made_again),
	};

	return CHECK_RUN(tests);
}
