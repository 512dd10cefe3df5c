/* A damaged page fails the calls that need it, and no others. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>
#include <unistd.h>

#include "store/bdb/doublewrite.h"
#include "store/engine.h"
#include "store/fixture.h"

#define TASKS 400

static struct store_shared shared;

static struct store_options options_of(const char *name)
{
	struct store_options options = fixture_options(STORE_RECOVER, name);

	memset(&shared, 0, sizeof(shared));
	options.shared = &shared;
	options.expected_tasks = TASKS;
	return options;
}

/* A store on disk with TASKS tasks and nothing to recover, also not from the doublewrite file. */
static void make_store(const struct store_options *options)
{
	char path[512];
	struct store *store = fixture_open(options);
	struct err err;

	for (unsigned n = 1; n <= TASKS; n++)
		fixture_create(store, n, "new", NULL);
	must(store_checkpoint(store, true, NULL, &err), &err);
	store_close(store);
	snprintf(path, sizeof(path), "%s/data/%s", options->home, DOUBLEWRITE_NAME);
	assert_int_equal(unlink(path), 0);
}

static int open_table(const struct store_options *options, enum engine_table table)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/data/%s.db", options->home, engine_tables[table].name);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

/* Writes random bytes into the middle of a page. */
static void damage(const struct store_options *options, enum engine_table table, uint32_t page)
{
	int fd = open_table(options, table);
	unsigned char bytes[512];

	assert_int_equal(getrandom(bytes, sizeof(bytes), 0), sizeof(bytes));
	assert_int_equal(pwrite(fd, bytes, sizeof(bytes), (off_t)page * BDB_PAGE_SIZE + 2048),
		sizeof(bytes));
	close(fd);
}

/* The first page from `page` on that is in use. */
static uint32_t used_page(
	const struct store_options *options, enum engine_table table, uint32_t page)
{
	int fd = open_table(options, table);
	unsigned char bytes[BDB_PAGE_SIZE];

	do {
		assert_int_equal(pread(fd, bytes, sizeof(bytes), (off_t)page * BDB_PAGE_SIZE),
			sizeof(bytes));
		page++;
	} while (page_check(bytes) != PAGE_GOOD);
	close(fd);
	return page - 1;
}

/* Reads every task; returns how many cannot be read, all for that reason. */
static unsigned count_damaged(struct store *store)
{
	unsigned damaged = 0;

	for (unsigned n = 1; n <= TASKS; n++) {
		struct op op = fixture_op(OP_READ, n);
		enum err_code code = fixture_error(store, &op);

		if (code == ERR_DAMAGED)
			damaged++;
		else
			assert_code(code, ERR_NONE);
	}
	return damaged;
}

static bool count_task(const struct task *task, void *data)
{
	unsigned *counts = data;

	assert_str(task->tenant, "acme");
	counts[0]++;
	return true;
}

static bool count_lost(struct str key, const char *why, void *data)
{
	unsigned *counts = data;

	assert_int_equal(key.len, sizeof("acme") + 16);
	assert_non_null(strstr(why, "named.db"));
	counts[1]++;
	return true;
}

static void every_other_task_is_salvaged(void **state)
{
	struct store_options options = options_of("salvage");
	unsigned counts[2] = { 0 };
	const struct store_salvage_sink sink = { count_task, count_lost, counts };
	struct store *store;
	unsigned damaged;
	struct err err;

	(void)state;
	make_store(&options);
	damage(&options, TABLE_NAMED_TASKS, used_page(&options, TABLE_NAMED_TASKS, 5));
	store = fixture_open(&options);
	expect_log("page-damaged");
	damaged = count_damaged(store);
	must(store_salvage(store, &sink, &err), &err);
	assert_int_equal(counts[0], TASKS - damaged);
	assert_int_equal(counts[1], damaged);
	store_close(store);
}

static void page_of_tasks_fails_its_tasks_only(void **state)
{
	struct store_options options = options_of("tasks");
	struct damage list[4];
	struct store_report report;
	struct store *store;
	unsigned damaged;
	struct err err;
	uint32_t page;

	(void)state;
	make_store(&options);
	page = used_page(&options, TABLE_NAMED_TASKS, 5);
	damage(&options, TABLE_NAMED_TASKS, page);
	store = fixture_open(&options);
	expect_log("page-damaged");
	damaged = count_damaged(store);
	assert_in_range(damaged, 1, TASKS / 4);
	assert_int_equal(count_damaged(store), damaged);
	assert_int_equal(damage_list(&shared.damages, list, 4), 1);
	assert_int_equal(list[0].table, TABLE_NAMED_TASKS);
	assert_int_equal(list[0].page, page);
	assert_int_equal(list[0].reads, 2 * damaged);
	/* Lists, writes and checkpoints of all others go on. */
	fixture_create(store, TASKS + 1000, "new", NULL);
	must(store_flush(store, &err), &err);
	must(store_checkpoint(store, true, NULL, &err), &err);
	assert_fails(store_verify(store, &report, &err), &err, ERR_DAMAGED);
	store_close(store);
	store = fixture_open(&options);
	assert_int_equal(count_damaged(store), damaged);
	store_close(store);
}

static void change_of_a_damaged_task_leaves_no_trace(void **state)
{
	struct store_options options = options_of("change");
	struct store *store;
	struct err err;
	unsigned damaged = 0;

	(void)state;
	make_store(&options);
	damage(&options, TABLE_NAMED_TASKS, used_page(&options, TABLE_NAMED_TASKS, 9));
	store = fixture_open(&options);
	expect_log("page-damaged");
	for (unsigned n = 1; n <= TASKS; n++) {
		struct op op = fixture_op(OP_UPDATE, n);
		enum err_code code;

		op.change.status = STR("old");
		code = fixture_error(store, &op);
		damaged += code == ERR_DAMAGED;
		assert_true(code == ERR_DAMAGED || code == ERR_NONE);
	}
	assert_in_range(damaged, 1, TASKS / 4);
	must(store_flush(store, &err), &err);
	store_close(store);
	/* Recovery has no need of the page: no record in the log is about it. */
	store = fixture_open(&options);
	assert_int_equal(count_damaged(store), damaged);
	store_close(store);
}

static void list_over_a_damaged_page_is_refused(void **state)
{
	struct store_options options = options_of("list");
	struct op list = fixture_list(BY_STATUS, "new");
	struct op read = fixture_op(OP_READ, 1);
	struct store *store;

	(void)state;
	make_store(&options);
	for (uint32_t page = 2; page < 12; page++)
		damage(&options, TABLE_INDEX, used_page(&options, TABLE_INDEX, page));
	store = fixture_open(&options);
	expect_log("page-damaged");
	list.list.limit = TASKS;
	assert_code(fixture_error(store, &list), ERR_REBUILDING);
	assert_code(fixture_error(store, &read), ERR_NONE);
	store_close(store);
}

/* A page that is good again, because the file was restored, is no longer in the table. */
static void repaired_page_is_forgotten(void **state)
{
	struct store_options options = options_of("repaired");
	unsigned char good[BDB_PAGE_SIZE];
	struct store *store;
	uint32_t page;
	int fd;

	(void)state;
	make_store(&options);
	page = used_page(&options, TABLE_NAMED_TASKS, 3);
	fd = open_table(&options, TABLE_NAMED_TASKS);
	assert_int_equal(pread(fd, good, sizeof(good), (off_t)page * BDB_PAGE_SIZE), sizeof(good));
	damage(&options, TABLE_NAMED_TASKS, page);
	store = fixture_open(&options);
	expect_log("page-damaged");
	assert_true(count_damaged(store) > 0);
	assert_int_equal(damage_count(&shared.damages), 1);
	assert_int_equal(pwrite(fd, good, sizeof(good), (off_t)page * BDB_PAGE_SIZE), sizeof(good));
	assert_int_equal(count_damaged(store), 0);
	assert_int_equal(damage_count(&shared.damages), 0);
	close(fd);
	store_close(store);
}

/* ---- pages that a start needs ---- */

static void damage_metadata(const struct store_options *options, enum engine_table table)
{
	int fd = open_table(options, table);

	assert_int_equal(pwrite(fd, "damaged", 7, 100), 7);
	close(fd);
}

static void start_names_the_page(void **state)
{
	struct store_options options = options_of("first");
	struct store *store;
	struct err err;

	(void)state;
	make_store(&options);
	damage_metadata(&options, TABLE_NAMED_TASKS);
	expect_log("page-damaged");
	assert_fails(store_open(&store, &options, &err), &err, ERR_INTERNAL);
	assert_non_null(strstr(err.text, "page 0 of named.db cannot be read"));
}

static void damaged_index_is_made_again(void **state)
{
	struct store_options options = options_of("index");
	struct store *store;
	char path[512];

	(void)state;
	make_store(&options);
	damage_metadata(&options, TABLE_INDEX);
	expect_log("page-damaged");
	expect_log("file-set-aside");
	store = fixture_open(&options);
	fixture_verify(store, TASKS);
	assert_int_equal(damage_count(&shared.damages), 0);
	store_close(store);
	snprintf(path, sizeof(path), "%s/data/index.db.damaged", options.home);
	assert_int_equal(access(path, F_OK), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(every_other_task_is_salvaged),
		CHECK(page_of_tasks_fails_its_tasks_only),
		CHECK(change_of_a_damaged_task_leaves_no_trace),
		CHECK(list_over_a_damaged_page_is_refused),
		CHECK(repaired_page_is_forgotten),
		CHECK(start_names_the_page),
		CHECK(damaged_index_is_made_again),
	};

	return CHECK_RUN(tests);
}
