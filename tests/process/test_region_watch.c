/* The watch over the files of the shared memory. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/check.h"
#include "process/region_watch.h"

#define PATH_SIZE 300

static char folder[PATH_SIZE - 40];

static void path_of(const char *name, char path[PATH_SIZE])
{
	snprintf(path, PATH_SIZE, "%s/%s", folder, name);
}

static void make(const char *name)
{
	char path[PATH_SIZE];
	int fd;

	path_of(name, path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	close(fd);
}

static void take_away(const char *name)
{
	char path[PATH_SIZE];

	path_of(name, path);
	assert_int_equal(unlink(path), 0);
}

static struct region_watch begin(void)
{
	static unsigned number;
	struct region_watch watch;

	snprintf(folder, sizeof(folder), "%s/%u", check_temp_dir(), number++);
	assert_int_equal(mkdir(folder, 0700), 0);
	make("__db.001");
	make("__db.002");
	make("other");
	region_watch_begin(&watch, folder);
	return watch;
}

static void removed_region_is_noticed(void **state)
{
	struct region_watch watch = begin();

	(void)state;
	assert_int_equal(watch.count, 2);
	assert_true(region_watch_holds(&watch, folder));
	take_away("__db.002");
	assert_false(region_watch_holds(&watch, folder));
}

static void replaced_region_is_noticed(void **state)
{
	struct region_watch watch = begin();
	char old[PATH_SIZE], new[PATH_SIZE];

	(void)state;
	make("new");
	path_of("new", new);
	path_of("__db.001", old);
	assert_int_equal(rename(new, old), 0);
	assert_false(region_watch_holds(&watch, folder));
}

static void removed_folder_is_noticed(void **state)
{
	struct region_watch watch = begin();

	(void)state;
	assert_false(region_watch_holds(&watch, "/nonexistent"));
}

static void other_files_are_not_watched(void **state)
{
	struct region_watch watch = begin();

	(void)state;
	take_away("other");
	make("more");
	assert_true(region_watch_holds(&watch, folder));
}

static void missing_folder_is_not_watched(void **state)
{
	struct region_watch watch = { .count = 1 };

	(void)state;
	region_watch_begin(&watch, "/nonexistent");
	assert_true(region_watch_holds(&watch, "/nonexistent"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(removed_region_is_noticed),
		CHECK(replaced_region_is_noticed),
		CHECK(removed_folder_is_noticed),
		CHECK(other_files_are_not_watched),
		CHECK(missing_folder_is_not_watched),
	};

	return CHECK_RUN(tests);
}
