/* Homes from which files were removed or cut off. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/bdb/damage_fixture.h"
#include "store/bdb/log_end.h"
#include "store/bdb/page.h"

static const char *path_of(const struct store_options *options, const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", options->home, name);
	return path;
}

static void check_is_refused(const struct store_options *options, const char *why)
{
	struct store *store;
	struct err err;

	assert_fails(store_open(&store, options, &err), &err, ERR_INTERNAL);
	if (!strstr(err.text, why) || !strstr(err.text, "from a backup"))
		fail_msg("refused with another cause: %s", err.text);
	/* The service adds no remedy of its own. */
	assert_string_equal(err.field, STORE_FAULT_REFUSED);
}

static void check_is_whole(const struct store_options *options)
{
	struct store *store = fixture_open(options);

	fixture_verify(store, DAMAGE_TASKS);
	store_close(store);
}

static void table_that_was_removed_is_named(void **state)
{
	static const struct {
		const char *table, *why;
	} rows[] = {
		{ "tasks2", "tasks2.db is missing" },
		{ "named", "named.db is missing" },
		{ "meta", "meta.db is missing" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct store_options options = damage_options(rows[i].table);
		char file[32], away[512];

		damage_make_store(&options);
		snprintf(file, sizeof(file), "data/%s.db", rows[i].table);
		snprintf(away, sizeof(away), "%s/away", options.home);
		assert_int_equal(rename(path_of(&options, file), away), 0);
		check_is_refused(&options, rows[i].why);
		/* Nothing was made in its place: it can be put back. */
		assert_int_equal(access(path_of(&options, file), F_OK), -1);
		assert_int_equal(rename(away, path_of(&options, file)), 0);
		check_is_whole(&options);
	}
}

static void empty_table_is_named(void **state)
{
	struct store_options options = damage_options("empty");

	(void)state;
	damage_make_store(&options);
	assert_int_equal(truncate(path_of(&options, "data/named.db"), 0), 0);
	check_is_refused(&options, "named.db is empty");
}

static void empty_or_removed_index_is_built_again(void **state)
{
	struct store_options options = damage_options("index");

	(void)state;
	damage_make_store(&options);
	assert_int_equal(truncate(path_of(&options, "data/index.db"), 0), 0);
	check_is_whole(&options);
	assert_int_equal(unlink(path_of(&options, "data/index.db")), 0);
	check_is_whole(&options);
}

static void remove_logs(const struct store_options *options)
{
	DIR *folder = opendir(path_of(options, "log"));
	const struct dirent *entry;

	assert_non_null(folder);
	while ((entry = readdir(folder))) {
		if (strncmp(entry->d_name, "log.", 4) == 0)
			assert_int_equal(unlinkat(dirfd(folder), entry->d_name, 0), 0);
	}
	closedir(folder);
}

static void tables_without_logs_are_refused(void **state)
{
	struct store_options options = damage_options("logs");
	const struct dirent *entry;
	DIR *folder;

	(void)state;
	damage_make_store(&options);
	remove_logs(&options);
	check_is_refused(&options, "the folder log has no logs");
	folder = opendir(path_of(&options, "log"));
	assert_non_null(folder);
	while ((entry = readdir(folder)))
		assert_true(entry->d_name[0] == '.' || strcmp(entry->d_name, "synced") == 0);
	closedir(folder);
}

/* A recovery would write to the log that is there, and what was removed could not be put back. */
static void logs_that_end_before_the_tables_are_refused(void **state)
{
	struct store_options options = damage_options("logend");
	const char *log = "log/log.0000000001";
	char away[512];
	struct stat info;
	int fd;

	(void)state;
	damage_make_store(&options);
	snprintf(away, sizeof(away), "%s/away", options.home);
	assert_int_equal(rename(path_of(&options, log), away), 0);
	fd = open(path_of(&options, log), O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "cut", 3), 3);
	close(fd);
	check_is_refused(&options, "are whole up to byte 0 of log.0000000001 only");
	assert_int_equal(unlink(path_of(&options, "log/synced")), 0);
	check_is_refused(&options, "of log.0000000001, but the logs end before");
	assert_int_equal(stat(path_of(&options, log), &info), 0);
	assert_int_equal(info.st_size, 3);
	assert_int_equal(rename(away, path_of(&options, log)), 0);
	check_is_whole(&options);
}

static uint32_t synced_end(const struct store_options *options)
{
	int fd = open(path_of(options, "log/synced"), O_RDONLY);
	struct log_position synced = log_synced_read(fd);

	assert_int_equal(synced.number, 1);
	close(fd);
	return synced.offset;
}

/* libdb takes a damaged record for the end of the log. */
static void damage_before_the_end_of_the_log_is_refused(void **state)
{
	struct store_options options = damage_options("damaged");
	char bytes[64], *log;
	size_t size, end;
	int fd;

	(void)state;
	damage_make_store(&options);
	log = check_read_file(path_of(&options, "log/log.0000000001"), &size);
	assert_non_null(log);
	end = synced_end(&options);
	fd = open(path_of(&options, "log/log.0000000001"), O_RDWR);
	assert_true(fd >= 0);
	/* From the head of the file to the last bytes that were synced. */
	for (size_t n = 0; n <= 7; n++) {
		off_t at = (off_t)((end - sizeof(bytes)) * n / 7);

		memset(bytes, 0xa5, sizeof(bytes));
		assert_int_equal(pwrite(fd, bytes, sizeof(bytes), at), sizeof(bytes));
		check_is_refused(&options, "but are whole up to byte");
		assert_int_equal(pwrite(fd, log + at, sizeof(bytes), at), sizeof(bytes));
	}
	close(fd);
	free(log);
	check_is_whole(&options);
}

/* What a crash leaves of records that were not synced is no damage. */
static void damage_behind_the_end_of_the_log_is_accepted(void **state)
{
	struct store_options options = damage_options("behind");
	size_t size;
	char *log;
	int fd;

	(void)state;
	damage_make_store(&options);
	log = check_read_file(path_of(&options, "log/log.0000000001"), &size);
	assert_non_null(log);
	fd = open(path_of(&options, "log/log.0000000001"), O_WRONLY);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, log + 100, 5000, (off_t)log_whole_bytes(log, size)), 5000);
	close(fd);
	free(log);
	check_is_whole(&options);
}

static void newest_log_that_is_missing_is_noticed(void **state)
{
	struct store_options options = damage_options("newest");
	struct store *store;
	struct err err;

	(void)state;
	options.migrate = true; /* begins the next log */
	store = fixture_open(&options);
	options.migrate = false;
	for (unsigned n = 1; n <= 20; n++)
		fixture_create(store, n, "new", NULL);
	must(store_flush(store, &err), &err);
	store_close(store);
	assert_int_equal(unlink(path_of(&options, "log/log.0000000002")), 0);
	check_is_refused(&options, " of log.0000000002, but are whole");
}

static void damaged_or_missing_position_is_ignored(void **state)
{
	struct store_options options = damage_options("position");
	const char *bytes = "0123456789abcdef";
	int fd;

	(void)state;
	damage_make_store(&options);
	fd = open(path_of(&options, "log/synced"), O_WRONLY);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, 16, 0), 16);
	check_is_whole(&options);
	assert_int_equal(ftruncate(fd, 7), 0);
	close(fd);
	check_is_whole(&options);
	assert_int_equal(unlink(path_of(&options, "log/synced")), 0);
	check_is_whole(&options);
	assert_int_equal(unlink(path_of(&options, "log/synced")), 0);
	assert_int_equal(mkdir(path_of(&options, "log/synced"), 0700), 0);
	expect_log("log-position");
	check_is_whole(&options);
}

static void removed_tables_of_a_small_store_are_noticed(void **state)
{
	struct store_options options = damage_options("small");
	struct store *store = fixture_open(&options);
	char away[512];
	struct err err;

	(void)state;
	fixture_create(store, 1, "new", NULL);
	must(store_flush(store, &err), &err);
	store_close(store);
	snprintf(away, sizeof(away), "%s/away", options.home);
	assert_int_equal(rename(path_of(&options, "data"), away), 0);
	check_is_refused(&options, "the folder data has no tables");
}

static void logs_without_tables_are_refused(void **state)
{
	struct store_options options = damage_options("notables");
	char away[512];

	(void)state;
	damage_make_store(&options);
	snprintf(away, sizeof(away), "%s/away", options.home);
	/* As many as only a store that was used has. */
	assert_int_equal(rename(path_of(&options, "log/log.0000000001"), away), 0);
	assert_int_equal(rename(away, path_of(&options, "log/log.0000000002")), 0);
	assert_int_equal(rename(path_of(&options, "data"), away), 0);
	check_is_refused(&options, "the folder data has no tables");
	assert_int_equal(rmdir(path_of(&options, "data")), 0);
	assert_int_equal(rename(away, path_of(&options, "data")), 0);
	snprintf(away, sizeof(away), "%s/log/log.0000000002", options.home);
	assert_int_equal(rename(away, path_of(&options, "log/log.0000000001")), 0);
	check_is_whole(&options);
}

static void what_is_no_file_is_named(void **state)
{
	static const char *const names[] = { "data/tasks2.db", "data/index.db", "data/tasks2.map",
		"log/log.0000000001" };
	struct store_options options = damage_options("nofile");

	(void)state;
	damage_make_store(&options);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char away[512], why[64];

		snprintf(away, sizeof(away), "%s/away", options.home);
		snprintf(why, sizeof(why), "%s is not a regular file", names[i]);
		assert_int_equal(rename(path_of(&options, names[i]), away), 0);
		assert_int_equal(mkdir(path_of(&options, names[i]), 0700), 0);
		check_is_refused(&options, why);
		assert_int_equal(rmdir(path_of(&options, names[i])), 0);
		if (strncmp(names[i], "data/", 5) == 0) {
			assert_int_equal(symlink(away, path_of(&options, names[i])), 0);
			check_is_refused(&options, why);
			assert_int_equal(unlink(path_of(&options, names[i])), 0);
		}
		assert_int_equal(rename(away, path_of(&options, names[i])), 0);
		check_is_whole(&options);
	}
}

static void doublewrite_file_that_is_none_is_named(void **state)
{
	struct store_options options = damage_options("doublewrite");

	(void)state;
	damage_make_store(&options);
	assert_int_equal(mkdir(path_of(&options, "data/doublewrite"), 0700), 0);
	check_is_refused(&options, "data/doublewrite is not a regular file");
	assert_int_equal(rmdir(path_of(&options, "data/doublewrite")), 0);
	check_is_whole(&options);
}

static void file_without_access_is_named(void **state)
{
	struct store_options options = damage_options("access");
	struct store *store;
	struct err err;

	(void)state;
	if (geteuid() == 0)
		skip();
	damage_make_store(&options);
	assert_int_equal(chmod(path_of(&options, "data/index.db"), 0400), 0);
	assert_fails(store_open(&store, &options, &err), &err, ERR_INTERNAL);
	assert_string_equal(err.field, STORE_FAULT_ACCESS);
	assert_non_null(strstr(err.text, "data/index.db cannot be read and written: Permission"));
	assert_int_equal(chmod(path_of(&options, "data/index.db"), 0600), 0);
	check_is_whole(&options);
}

static void end_that_was_cut_off_is_found(void **state)
{
	struct store_options options = damage_options("cut");
	struct store_report report;
	struct store *store;
	struct err err;
	struct stat info;
	uint32_t last;

	(void)state;
	damage_make_store(&options);
	assert_int_equal(stat(path_of(&options, "data/named.db"), &info), 0);
	last = (uint32_t)(info.st_size / BDB_PAGE_SIZE) - 1;
	assert_int_equal(
		truncate(path_of(&options, "data/named.db"), (off_t)last * BDB_PAGE_SIZE), 0);
	store = fixture_open(&options);
	expect_log("page-damaged");
	expect_log("task-damaged");
	must(store_verify(store, NULL, &report, &err), &err);
	assert_int_equal(report.damaged, 1);
	assert_string_equal(report.damages[0].table, "named");
	assert_int_equal(report.damages[0].page, last);
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(table_that_was_removed_is_named),
		CHECK(empty_table_is_named),
		CHECK(empty_or_removed_index_is_built_again),
		CHECK(tables_without_logs_are_refused),
		CHECK(logs_that_end_before_the_tables_are_refused),
		CHECK(damage_before_the_end_of_the_log_is_refused),
		CHECK(damage_behind_the_end_of_the_log_is_accepted),
		CHECK(newest_log_that_is_missing_is_noticed),
		CHECK(damaged_or_missing_position_is_ignored),
		CHECK(removed_tables_of_a_small_store_are_noticed),
		CHECK(logs_without_tables_are_refused),
		CHECK(what_is_no_file_is_named),
		CHECK(doublewrite_file_that_is_none_is_named),
		CHECK(file_without_access_is_named),
		CHECK(end_that_was_cut_off_is_found),
	};

	return CHECK_RUN(tests);
}
