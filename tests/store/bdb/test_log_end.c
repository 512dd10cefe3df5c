/* The end of the logs: computed as libdb does, over logs that libdb wrote. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/bdb/log_end.h"
#include "store/fixture.h"

static const char *home;

static const char *path_of(const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/log/%s", home, name);
	return path;
}

static int make_log(void **state)
{
	static char folder[512];
	struct store_options options = fixture_options(STORE_RECOVER, "log_end");
	struct store *store = fixture_open(&options);
	struct err err;

	(void)state;
	for (unsigned n = 1; n <= 200; n++)
		fixture_create(store, n, "new", NULL);
	must(store_flush(store, &err), &err);
	store_close(store);
	snprintf(folder, sizeof(folder), "%s", options.home);
	home = folder;
	return 0;
}

static char *read_log(size_t *whole)
{
	size_t size;
	char *log = check_read_file(path_of("log.0000000001"), &size);

	assert_non_null(log);
	*whole = log_whole_bytes(log, size);
	return log;
}

static void records_are_whole_up_to_what_was_synced(void **state)
{
	int fd = open(path_of("synced"), O_RDONLY);
	struct log_position synced = log_synced_read(fd);
	size_t whole;
	char *log = read_log(&whole);

	(void)state;
	close(fd);
	free(log);
	assert_int_equal(synced.number, 1);
	/* Behind it are the records that closed the store. */
	assert_in_range(synced.offset, 10000, whole);
	assert_true(whole - synced.offset < 1000);
}

/* At most the last record of the beginning is not whole. */
static void part_of_a_log_is_whole_up_to_a_record(void **state)
{
	size_t whole;
	char *log = read_log(&whole);

	(void)state;
	for (size_t size = 0; size < whole; size += 97) {
		size_t part = log_whole_bytes(log, size);

		assert_true(part <= size);
		assert_int_equal(log_whole_bytes(log, part), part);
		assert_true(size - part < 8192);
	}
	free(log);
}

static void changed_byte_ends_the_whole_records(void **state)
{
	size_t whole;
	char *log = read_log(&whole);

	(void)state;
	for (size_t at = 0; at < whole; at += 211) {
		size_t found;

		log[at] = (char)(log[at] ^ 0x10);
		found = log_whole_bytes(log, whole);
		log[at] = (char)(log[at] ^ 0x10);
		assert_true(found <= at);
	}
	free(log);
}

static int open_logs(void)
{
	int fd = open(path_of("."), O_RDONLY | O_DIRECTORY);

	assert_true(fd >= 0);
	return fd;
}

static void log_without_a_record_is_passed(void **state)
{
	struct log_position end;
	size_t whole;
	int logs = open_logs(), fd;

	(void)state;
	free(read_log(&whole));
	fd = openat(logs, "log.0000000002", O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 1 << 20), 0);
	assert_int_equal(log_end_find(logs, &end), 0);
	assert_int_equal(end.number, 1);
	assert_int_equal(end.offset, whole);
	assert_int_equal(unlinkat(logs, "log.0000000002", 0), 0);
	close(fd);
	close(logs);
}

static void folder_without_logs_has_no_end(void **state)
{
	struct log_position end = { 7, 7 };
	int folder = open(home, O_RDONLY | O_DIRECTORY);

	(void)state;
	assert_true(folder >= 0);
	assert_int_equal(log_end_find(folder, &end), 0);
	assert_int_equal(end.number, 0);
	close(folder);
}

static void positions_are_read_as_they_were_written(void **state)
{
	int logs = open_logs(), fd = log_synced_open(logs, true);

	(void)state;
	assert_true(fd >= 0);
	log_synced_write(fd, (struct log_position){ 4, 5 });
	assert_int_equal(log_synced_read(fd).number, 4);
	assert_int_equal(log_synced_read(fd).offset, 5);
	assert_int_equal(pwrite(fd, "x", 1, 6), 1);
	assert_int_equal(log_synced_read(fd).number, 0);
	close(fd);
	close(logs);
	log_synced_write(-1, (struct log_position){ 4, 5 });
	assert_int_equal(log_synced_read(-1).number, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(records_are_whole_up_to_what_was_synced),
		CHECK(part_of_a_log_is_whole_up_to_a_record),
		CHECK(changed_byte_ends_the_whole_records),
		CHECK(log_without_a_record_is_passed),
		CHECK(folder_without_logs_has_no_end),
		CHECK(positions_are_read_as_they_were_written),
	};

	return CHECK_RUN_BETWEEN(tests, make_log, NULL);
}
