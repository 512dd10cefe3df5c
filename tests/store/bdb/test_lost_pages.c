/*
 * Pages that a disk has lost, though their checksums do not say so: they read as zeros, like pages
 * that were never written, or have the content of another page.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/bdb/damage_fixture.h"
#include "store/bdb/page.h"
#include "store/transfer/backup.h"

static void replace_page(const struct store_options *options, enum engine_table table,
	uint32_t page, const unsigned char bytes[BDB_PAGE_SIZE])
{
	int fd = damage_open_table(options, table);

	assert_int_equal(
		pwrite(fd, bytes, BDB_PAGE_SIZE, (off_t)page * BDB_PAGE_SIZE), BDB_PAGE_SIZE);
	close(fd);
}

static void zero_page(const struct store_options *options, enum engine_table table, uint32_t page)
{
	static const unsigned char zeros[BDB_PAGE_SIZE];

	replace_page(options, table, page, zeros);
}

static uint32_t zero_used_page(const struct store_options *options, enum engine_table table)
{
	uint32_t page = damage_used_page(options, table, 5);

	zero_page(options, table, page);
	return page;
}

static void copy_page(
	const struct store_options *options, enum engine_table table, uint32_t from, uint32_t to)
{
	int fd = damage_open_table(options, table);
	unsigned char bytes[BDB_PAGE_SIZE];

	assert_int_equal(
		pread(fd, bytes, sizeof(bytes), (off_t)from * BDB_PAGE_SIZE), sizeof(bytes));
	close(fd);
	replace_page(options, table, to, bytes);
}

static void check_one_page_is_damaged(
	const struct store_options *options, enum engine_table table, uint32_t page)
{
	struct store *store = fixture_open(options);
	struct store_report report;
	struct err err;

	expect_log("page-damaged");
	expect_log("task-damaged");
	assert_in_range(damage_read_all(store, DAMAGE_TASKS, NULL), 1, DAMAGE_TASKS / 4);
	must(store_verify(store, NULL, &report, &err), &err);
	assert_int_equal(report.damaged, 1);
	assert_string_equal(report.damages[0].table, engine_tables[table].name);
	assert_int_equal(report.damages[0].page, page);
	/* Buckets without a row are pages of zeros, too. */
	fixture_create(store, DAMAGE_TASKS + 1000, "new", NULL);
	store_close(store);
}

static void page_of_zeros_is_not_an_empty_bucket(void **state)
{
	struct store_options options = damage_options("zeros");

	(void)state;
	damage_make_store(&options);
	check_one_page_is_damaged(
		&options, TABLE_NAMED_TASKS, zero_used_page(&options, TABLE_NAMED_TASKS));
}

static void content_of_another_page_is_not_the_page(void **state)
{
	struct store_options options = damage_options("other");
	uint32_t from, to;

	(void)state;
	damage_make_store(&options);
	from = damage_used_page(&options, TABLE_NAMED_TASKS, 5);
	to = damage_used_page(&options, TABLE_NAMED_TASKS, from + 1);
	copy_page(&options, TABLE_NAMED_TASKS, from, to);
	check_one_page_is_damaged(&options, TABLE_NAMED_TASKS, to);
}

/* libdb would loop for ever in a page of zeros of a B-tree. */
static void list_over_a_page_of_zeros_is_refused(void **state)
{
	struct store_options options = damage_options("index");
	struct op list = fixture_list(BY_STATUS, "new");
	struct store *store;

	(void)state;
	damage_make_store(&options);
	for (uint32_t page = 2; page < 12; page++)
		zero_page(&options, TABLE_INDEX, damage_used_page(&options, TABLE_INDEX, page));
	store = fixture_open(&options);
	expect_log("page-damaged");
	list.list.limit = DAMAGE_TASKS;
	assert_code(fixture_error(store, &list), ERR_REBUILDING);
	store_close(store);
}

static void first_page_of_zeros_is_named(void **state)
{
	struct store_options options = damage_options("first");
	struct store *store;
	struct err err;

	(void)state;
	damage_make_store(&options);
	zero_page(&options, TABLE_NAMED_TASKS, 0);
	expect_log("page-damaged");
	assert_fails(store_open(&store, &options, &err), &err, ERR_INTERNAL);
	assert_non_null(strstr(err.text, "page 0 of named.db cannot be read"));
}

/* ---- without the call that needs it ---- */

static bool go_on(size_t bytes, void *data, struct err *err)
{
	(void)bytes, (void)data, (void)err;
	return true;
}

static void backup_does_not_copy_it(void **state)
{
	static const struct file_pace pace = { go_on, NULL };
	struct store_options options = damage_options("backup");
	char from_path[512], to_path[512];
	int from, to;
	struct err err;

	(void)state;
	damage_make_store(&options);
	zero_used_page(&options, TABLE_NAMED_TASKS);
	snprintf(from_path, sizeof(from_path), "%s/data", options.home);
	snprintf(to_path, sizeof(to_path), "%s/copy", options.home);
	assert_int_equal(mkdir(to_path, 0700), 0);
	from = open(from_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	to = open(to_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_fails(store_copy_data(from, to, &pace, &err), &err, ERR_DAMAGED);
	close(from);
	close(to);
}

/* In a tree, libdb may write a page before one that it has allocated earlier. */
static void page_that_is_only_in_the_cache_is_not_lost(void **state)
{
	struct store_options options = damage_options("cache");
	struct store *store = fixture_open(&options);
	struct store_report report;
	struct stat info;
	struct err err;
	int fd;

	(void)state;
	for (unsigned n = 1; n <= DAMAGE_TASKS; n++)
		fixture_create(store, n, "new", NULL);
	must(store_checkpoint(store, true, NULL, &err), &err);
	fd = damage_open_table(&options, TABLE_INDEX);
	assert_int_equal(fstat(fd, &info), 0);
	close(fd);
	zero_page(&options, TABLE_INDEX, (uint32_t)(info.st_size / BDB_PAGE_SIZE));
	must(store_verify(store, NULL, &report, &err), &err);
	assert_int_equal(report.damaged, 0);
	store_close(store);
}

/* A restored home has no maps; the first scrub makes them. */
static void scrub_notes_the_pages_of_a_restored_home(void **state)
{
	struct store_options options = damage_options("restored");
	struct store_report report;
	struct store *store;
	char path[512];
	struct err err;

	(void)state;
	damage_make_store(&options);
	snprintf(path, sizeof(path), "%s/data/named.map", options.home);
	assert_int_equal(unlink(path), 0);
	store = fixture_open(&options);
	must(store_verify(store, NULL, &report, &err), &err);
	assert_int_equal(report.damaged, 0);
	store_close(store);
	snprintf(path, sizeof(path), "%s/data/doublewrite", options.home);
	assert_int_equal(unlink(path), 0);
	check_one_page_is_damaged(
		&options, TABLE_NAMED_TASKS, zero_used_page(&options, TABLE_NAMED_TASKS));
}

/* ---- with the doublewrite file ---- */

static void start_writes_the_image_again(void **state)
{
	struct store_options options = damage_options("image");
	struct store *store = fixture_open(&options);
	struct err err;

	(void)state;
	for (unsigned n = 1; n <= DAMAGE_TASKS; n++)
		fixture_create(store, n, "new", NULL);
	must(store_checkpoint(store, true, NULL, &err), &err);
	store_close(store);
	zero_used_page(&options, TABLE_NAMED_TASKS);
	expect_log("pages-restored");
	store = fixture_open(&options);
	assert_int_equal(damage_read_all(store, DAMAGE_TASKS, NULL), 0);
	fixture_verify(store, DAMAGE_TASKS);
	store_close(store);
}

/* ---- files that end within a page ---- */

static off_t cut_last_page(const struct store_options *options, enum engine_table table, off_t by)
{
	int fd = damage_open_table(options, table);
	unsigned char bytes[BDB_PAGE_SIZE];
	off_t size = lseek(fd, 0, SEEK_END);

	/* Pages of zeros at the end are of empty buckets. */
	do {
		size -= BDB_PAGE_SIZE;
		assert_int_equal(pread(fd, bytes, sizeof(bytes), size), sizeof(bytes));
	} while (page_check(bytes, (uint32_t)(size / BDB_PAGE_SIZE)) != PAGE_GOOD);
	assert_int_equal(ftruncate(fd, size + BDB_PAGE_SIZE - by), 0);
	close(fd);
	return size;
}

static off_t size_of(const struct store_options *options, enum engine_table table)
{
	int fd = damage_open_table(options, table);
	off_t size = lseek(fd, 0, SEEK_END);

	close(fd);
	return size;
}

static void part_of_a_page_that_was_on_disk_is_damage(void **state)
{
	struct store_options options = damage_options("part");
	off_t size;

	(void)state;
	damage_make_store(&options);
	size = cut_last_page(&options, TABLE_NAMED_TASKS, 100);
	expect_log("page-cut-off");
	check_one_page_is_damaged(&options, TABLE_NAMED_TASKS, (uint32_t)(size / BDB_PAGE_SIZE));
}

/* As a write that a full disk cut short leaves it. */
static void part_of_a_new_page_is_cut_off(void **state)
{
	static const char part[1024] = "the head of a page";
	struct store_options options = damage_options("new");
	struct store *store;

	(void)state;
	damage_make_store(&options);
	for (int i = 0; i < ENGINE_TABLES; i++) {
		int fd;

		if (engine_tables[i].old)
			continue;
		fd = damage_open_table(&options, (enum engine_table)i);
		assert_true(lseek(fd, 0, SEEK_END) >= BDB_PAGE_SIZE);
		assert_int_equal(write(fd, part, sizeof(part)), sizeof(part));
		close(fd);
		expect_log("page-cut-off");
	}
	store = fixture_open(&options);
	fixture_verify(store, DAMAGE_TASKS);
	fixture_create(store, DAMAGE_TASKS + 1, "new", NULL);
	store_close(store);
	assert_int_equal(size_of(&options, TABLE_NAMED_TASKS) % BDB_PAGE_SIZE, 0);
}

static void part_of_a_page_with_an_image_is_restored(void **state)
{
	struct store_options options = damage_options("whole");
	struct store *store = fixture_open(&options);
	struct err err;

	(void)state;
	for (unsigned n = 1; n <= DAMAGE_TASKS; n++)
		fixture_create(store, n, "new", NULL);
	must(store_checkpoint(store, true, NULL, &err), &err);
	store_close(store);
	cut_last_page(&options, TABLE_NAMED_TASKS, 100);
	expect_log("pages-restored");
	store = fixture_open(&options);
	fixture_verify(store, DAMAGE_TASKS);
	store_close(store);
}

static void part_of_the_first_page_is_not_cut_off(void **state)
{
	struct store_options options = damage_options("short");
	struct store *store;
	struct err err;
	int fd;

	(void)state;
	damage_make_store(&options);
	fd = damage_open_table(&options, TABLE_NAMED_TASKS);
	assert_int_equal(ftruncate(fd, 1000), 0);
	close(fd);
	expect_log("bdb");
	assert_fails(store_open(&store, &options, &err), &err, ERR_INTERNAL);
	assert_int_equal(size_of(&options, TABLE_NAMED_TASKS), 1000);
}

static void short_file_is_made_again_if_it_can_be(void **state)
{
	static const enum engine_table tables[] = { TABLE_INDEX, TABLE_USAGE, TABLE_SNAPSHOT };
	struct store_options options = damage_options("derived");

	(void)state;
	damage_make_store(&options);
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		int fd = damage_open_table(&options, tables[i]);
		struct store *store;

		assert_int_equal(ftruncate(fd, 1000), 0);
		close(fd);
		store = fixture_open(&options);
		fixture_verify(store, DAMAGE_TASKS);
		store_close(store);
	}
}

/* The service's remedy depends on the field. */
static void file_that_cannot_be_set_aside_is_named(void **state)
{
	struct store_options options = damage_options("aside");
	struct store *store;
	char path[512];
	struct err err;

	(void)state;
	damage_make_store(&options);
	snprintf(path, sizeof(path), "%s/data/usage.db.damaged", options.home);
	assert_int_equal(mkdir(path, 0700), 0);
	damage_metadata(&options, TABLE_USAGE);
	expect_log("page-damaged");
	assert_fails(store_open(&store, &options, &err), &err, ERR_INTERNAL);
	assert_string_equal(err.field, STORE_FAULT_DERIVED);
	assert_non_null(strstr(err.text, "usage.db"));
	snprintf(path, sizeof(path), "%s/data/usage.db", options.home);
	assert_int_equal(unlink(path), 0);
	store = fixture_open(&options);
	fixture_verify(store, DAMAGE_TASKS);
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(page_of_zeros_is_not_an_empty_bucket),
		CHECK(content_of_another_page_is_not_the_page),
		CHECK(list_over_a_page_of_zeros_is_refused),
		CHECK(first_page_of_zeros_is_named),
		CHECK(backup_does_not_copy_it),
		CHECK(page_that_is_only_in_the_cache_is_not_lost),
		CHECK(scrub_notes_the_pages_of_a_restored_home),
		CHECK(start_writes_the_image_again),
		CHECK(part_of_a_page_that_was_on_disk_is_damage),
		CHECK(part_of_a_new_page_is_cut_off),
		CHECK(part_of_a_page_with_an_image_is_restored),
		CHECK(part_of_the_first_page_is_not_cut_off),
		CHECK(short_file_is_made_again_if_it_can_be),
		CHECK(file_that_cannot_be_set_aside_is_named),
	};

	return CHECK_RUN(tests);
}
