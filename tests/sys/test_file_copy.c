/* Copies of files: holes, beginnings, and nothing with a name before it is whole. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/check.h"
#include "sys/file_copy.h"

#define MEGABYTE ((off_t)1 << 20)

/* A new folder under check_temp_dir(). */
static int folder(const char *name)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", check_temp_dir(), name);
	assert_int_equal(mkdir(path, 0700), 0);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

/* A file of 8 MiB with 1 MiB of data behind a hole. */
static void make_sparse(int where)
{
	char *bytes = malloc((size_t)MEGABYTE);
	int fd = openat(where, "f", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	memset(bytes, 'x', (size_t)MEGABYTE);
	assert_int_equal(pwrite(fd, bytes, (size_t)MEGABYTE, 4 * MEGABYTE), MEGABYTE);
	assert_int_equal(ftruncate(fd, 8 * MEGABYTE), 0);
	close(fd);
	free(bytes);
}

static void copy_keeps_holes_and_has_mode_0600(void **state)
{
	int from = folder("from"), to = folder("to");
	struct err err = { 0 };
	struct stat info;
	char at[2];
	int fd;

	(void)state;
	make_sparse(from);
	must(file_copy(from, to, "f", FILE_WHOLE, NULL, &err), &err);
	assert_int_equal(fstatat(to, "f", &info, 0), 0);
	assert_int_equal(info.st_size, 8 * MEGABYTE);
	assert_in_range(info.st_blocks * 512, MEGABYTE, 2 * MEGABYTE);
	assert_int_equal(info.st_mode & 07777, 0600);
	fd = openat(to, "f", O_RDONLY | O_CLOEXEC);
	assert_int_equal(pread(fd, at, 2, 4 * MEGABYTE - 1), 2);
	assert_int_equal(at[0], '\0');
	assert_int_equal(at[1], 'x');
	close(fd);
	close(from);
	close(to);
}

static void beginning_can_be_copied_over_an_old_copy(void **state)
{
	int from = folder("whole"), to = folder("part");
	struct err err = { 0 };
	struct stat info;

	(void)state;
	make_sparse(from);
	must(file_copy(from, to, "f", FILE_WHOLE, NULL, &err), &err);
	must(file_copy(from, to, "f", 4 * MEGABYTE + 5, NULL, &err), &err);
	assert_int_equal(fstatat(to, "f", &info, 0), 0);
	assert_int_equal(info.st_size, 4 * MEGABYTE + 5);
	assert_fails(file_copy(from, to, "f", 9 * MEGABYTE, NULL, &err), &err, ERR_INTERNAL);
	assert_fails(file_copy(from, to, "g", FILE_WHOLE, NULL, &err), &err, ERR_NOT_FOUND);
	close(from);
	close(to);
}

static bool stop(size_t bytes, void *data, struct err *err)
{
	(void)bytes, (void)data;
	return err_set(err, ERR_BUSY, NULL, "stop");
}

static void copy_that_is_stopped_leaves_no_file(void **state)
{
	const struct file_pace pace = { stop, NULL };
	int from = folder("source"), to = folder("stopped");
	struct err err = { 0 };

	(void)state;
	make_sparse(from);
	assert_fails(file_copy(from, to, "f", FILE_WHOLE, &pace, &err), &err, ERR_BUSY);
	assert_int_not_equal(faccessat(to, "f", F_OK, 0), 0);
	assert_int_not_equal(faccessat(to, "f.part", F_OK, 0), 0);
	close(from);
	close(to);
}

static void text_is_written_and_read_with_a_limit(void **state)
{
	struct buf text = BUF_INIT;
	struct err err = { 0 };
	int where = folder("text");

	(void)state;
	must(file_write(where, "t", STR("some text"), &err), &err);
	must(file_read(where, "t", 9, &text, &err), &err);
	assert_str(buf_str(&text), "some text");
	buf_reset(&text);
	assert_fails(file_read(where, "t", 8, &text, &err), &err, ERR_INTERNAL);
	buf_free(&text);
	close(where);
}

static void folder_is_removed_with_its_content(void **state)
{
	struct err err = { 0 };
	int where = folder("tree");
	int inner = file_open_folder(where, "a", true, &err);
	int deep = file_open_folder(inner, "b", true, &err);

	(void)state;
	must(file_write(deep, "t", STR("t"), &err), &err);
	must(file_write(inner, "u", STR("u"), &err), &err);
	must(file_remove(where, "a", &err), &err);
	assert_int_not_equal(faccessat(where, "a", F_OK, 0), 0);
	must(file_remove(where, "a", &err), &err);
	close(deep);
	close(inner);
	close(where);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(copy_keeps_holes_and_has_mode_0600),
		CHECK(beginning_can_be_copied_over_an_old_copy),
		CHECK(copy_that_is_stopped_leaves_no_file),
		CHECK(text_is_written_and_read_with_a_limit),
		CHECK(folder_is_removed_with_its_content),
	};

	return CHECK_RUN(tests);
}
