/*
 * A full disk (a small tmpfs in a private mount namespace). Under data and logs: writes are refused
 * or unknown, reads succeed, no acknowledged write is lost, and writes succeed again when space is
 * free. Under the archive: logs are kept until they can be archived. Skipped without the right to
 * mount.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"

#define MEGABYTES  112
#define RESERVE_MB 64
#define TASKS_MAX  10000
#define VALUE_SIZE 20000
#define PATH_SIZE  512

static struct store_options options;
static char small[PATH_SIZE - 16]; /* where the small disk is mounted */

static bool mount_small(const char *path, unsigned megabytes)
{
	char size[32];

	snprintf(size, sizeof(size), "size=%um", megabytes);
	if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		return false;
	return mkdir(path, 0700) == 0 && mount("tmpfs", path, "tmpfs", 0, size) == 0;
}

/* Fills a file with that many megabytes, or until the disk is full. */
static void fill(const char *path, unsigned megabytes)
{
	static const char bytes[4096];
	int file = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);

	assert_true(file >= 0);
	for (unsigned i = 0; i < megabytes * 256; i++) {
		if (write(file, bytes, sizeof(bytes)) != (ssize_t)sizeof(bytes))
			break;
	}
	close(file);
}

/* Creates and flushes until a call fails; returns the number of acknowledged tasks. */
static unsigned write_until_full(struct store *store, unsigned first, enum err_code *why)
{
	char *value = malloc(VALUE_SIZE + 1);
	struct err err = { 0 };
	unsigned n = first;

	memset(value, '1', VALUE_SIZE);
	value[VALUE_SIZE] = '\0';
	for (; n < first + TASKS_MAX; n++) {
		struct op op = fixture_op(OP_CREATE, n);

		change_set_field(&op.change, STR("type"), str_cstr(value));
		*why = fixture_error(store, &op);
		if (*why != ERR_NONE)
			break;
		if (!store_flush(store, &err)) {
			*why = err.code;
			break;
		}
	}
	free(value);
	return n - first;
}

static void assert_all(struct store *store, unsigned count)
{
	for (unsigned n = 0; n < count; n++) {
		struct op op = fixture_op(OP_READ, n);

		assert_code(fixture_error(store, &op), ERR_NONE);
	}
}

/* Sets the options of a store on the small disk; returns false without the right to mount. */
static bool set_small_disk(char reserve[PATH_SIZE])
{
	static char home[PATH_SIZE];

	snprintf(small, sizeof(small), "%s/small", check_temp_dir());
	if (!mount_small(small, MEGABYTES))
		return false;
	snprintf(home, sizeof(home), "%s/home", small);
	snprintf(reserve, PATH_SIZE, "%s/reserve", small);
	options = fixture_options(STORE_RECOVER, "full");
	options.home = home;
	options.cache_mb = 64; /* dirty pages cannot leave the cache while the disk is full */
	return true;
}

static void assert_full(enum err_code why)
{
	if (why != ERR_UNKNOWN_OUTCOME)
		assert_code(why, ERR_DISK_FULL);
}

/* Writes until the disk is full, and once more; returns the number of acknowledged tasks. */
static unsigned fill_up(struct store *store, const char *reserve)
{
	enum err_code why = ERR_NONE;
	unsigned count = write_until_full(store, 0, &why);

	fill(reserve, MEGABYTES);
	assert_true(count > 10);
	assert_full(why);
	assert_all(store, count);
	write_until_full(store, 2 * TASKS_MAX, &why);
	print_message("# full after %u tasks, then %s\n", count, err_name(why));
	assert_full(why);
	assert_all(store, count);
	return count;
}

/* The process that met the full disk can write again. */
static void write_after_release(struct store *store, const char *reserve)
{
	struct op op = fixture_op(OP_CREATE, TASKS_MAX + 1);
	struct err err = { 0 };
	unsigned removed;

	assert_int_equal(unlink(reserve), 0);
	must(store_checkpoint(store, true, &removed, &err), &err);
	assert_code(fixture_error(store, &op), ERR_NONE);
	must(store_flush(store, &err), &err);
}

static void full_disk_loses_nothing_and_writes_resume(void **state)
{
	struct op op = fixture_op(OP_READ, TASKS_MAX + 1);
	char reserve[PATH_SIZE];
	struct store *store;
	unsigned count;

	(void)state;
	if (!set_small_disk(reserve))
		skip();
	store = fixture_open(&options);
	fill(reserve, RESERVE_MB);
	log_capture(NULL); /* libdb logs many lines about a full disk */
	log_set_level(LOG_LEVELS);
	count = fill_up(store, reserve);
	write_after_release(store, reserve);
	assert_all(store, count);
	store_close(store);

	log_set_level(LOG_INFO);
	store = fixture_open(&options);
	assert_all(store, count);
	assert_code(fixture_error(store, &op), ERR_NONE);
	store_close(store);
	umount2(small, MNT_DETACH);
}

/* ---- a full archive on a disk of its own ---- */

#define ARCHIVE_MB 16 /* less than one log */
#define LOG_TASKS  40 /* of a megabyte: more than one log */

static unsigned count_files(const char *path)
{
	DIR *folder = opendir(path);
	unsigned count = 0;

	assert_non_null(folder);
	for (struct dirent *entry; (entry = readdir(folder));)
		count += entry->d_name[0] != '.';
	closedir(folder);
	return count;
}

static void write_logs(struct store *store)
{
	char *value = malloc(1000001);

	assert_non_null(value);
	memset(value, '1', 1000000);
	value[1000000] = '\0';
	for (unsigned n = 0; n < LOG_TASKS; n++)
		fixture_create(store, n, "new", value);
	free(value);
}

/* The error names the archive: ERR_DISK_FULL would blame the disk of the data. */
static void full_archive_keeps_the_logs(void **state)
{
	char archive[PATH_SIZE], logs[PATH_SIZE];
	struct err err = { 0 };
	struct store *store;
	unsigned removed = 0;

	(void)state;
	snprintf(archive, sizeof(archive), "%s/archive", check_temp_dir());
	if (!mount_small(archive, ARCHIVE_MB))
		skip();
	options = fixture_options(STORE_RECOVER, "archive-full");
	options.archive = archive;
	store = fixture_open(&options);
	snprintf(logs, sizeof(logs), "%s/log", options.home);
	write_logs(store);
	for (int i = 0; i < 2; i++) {
		assert_fails(store_checkpoint(store, true, &removed, &err), &err, ERR_INTERNAL);
		assert_string_equal(
			err.text, "the logs cannot be archived: No space left on device");
		assert_int_equal(count_files(logs), 2 + 1); /* and the file synced */
		assert_int_equal(count_files(archive), 0);
	}
	assert_int_equal(mount(NULL, archive, NULL, MS_REMOUNT, "size=64m"), 0);
	must(store_checkpoint(store, true, &removed, &err), &err);
	assert_int_equal(removed, 1);
	assert_int_equal(count_files(archive), 1);
	fixture_verify(store, LOG_TASKS);
	store_close(store);
	umount2(archive, MNT_DETACH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(full_disk_loses_nothing_and_writes_resume),
		CHECK(full_archive_keeps_the_logs),
	};

	return CHECK_RUN(tests);
}
