/* Partial files and their state. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "import/folder.h"
#include "import/partial.h"
#include "lib/check.h"

#define URL  "https://files.example.com/a"
#define TAG  "\"v\\1 \303\274\""
#define DATE "Wed, 01 Jan 2020 00:00:00 GMT"

#define TARGET "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct id task = { .bytes = { 1, 2, 3 } };

/* A new folder for each test. */
static int new_folder(void)
{
	static int count;
	char name[32];
	struct err err = { 0 };
	int top = folder_open(check_temp_dir(), &err), fd;

	assert_true(top >= 0);
	snprintf(name, sizeof(name), "%d", count++);
	fd = folder_enter(top, name, &err);
	must(fd >= 0, &err);
	close(top);
	return fd;
}

static struct partial open_part(int folder, const char *url)
{
	struct partial partial;
	struct err err = { 0 };

	must(partial_open(&partial, folder, &task, url, &err), &err);
	return partial;
}

/* A file of "hello" that has 1000 bytes as a whole. */
static void make_part(int folder, const char *validator)
{
	struct partial partial = open_part(folder, URL);
	struct partial_version version = { .other = DATE };
	struct err err = { 0 };

	memcpy(partial.target, TARGET, sizeof(TARGET));
	snprintf(version.validator, sizeof(version.validator), "%s", validator);
	must(partial_restart(&partial, &version, 1000, &err), &err);
	must(partial_append(&partial, "hello", 5, &err), &err);
	partial_close(&partial);
}

static bool exists(int folder, const char *ending)
{
	struct stat info;
	char name[64];

	id_format(&task, name);
	snprintf(name + ID_TEXT_LEN, sizeof(name) - ID_TEXT_LEN, "%s", ending);
	return fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) == 0;
}

static void parts_are_taken_over(void **state)
{
	int folder = new_folder();
	struct partial partial;
	struct err err = { 0 };
	char bytes[16] = "";

	(void)state;
	make_part(folder, TAG);
	partial = open_part(folder, URL);
	assert_int_equal(partial.size, 5);
	assert_int_equal(partial.total, 1000);
	assert_string_equal(partial.version.validator, TAG);
	assert_string_equal(partial.version.other, DATE);
	assert_string_equal(partial.target, TARGET);
	must(partial_append(&partial, " world", 6, &err), &err);
	assert_int_equal(partial.size, 11);
	assert_int_equal(pread(partial.fd, bytes, sizeof(bytes), 0), 11);
	assert_string_equal(bytes, "hello world");
	assert_false(partial_is_complete(&partial));
	partial_remove(&partial);
	assert_false(exists(folder, "") || exists(folder, ".state"));
	partial_close(&partial);
	close(folder);
}

static void check_begins_again(int folder, const char *url)
{
	struct partial partial = open_part(folder, url);
	struct stat info;

	assert_int_equal(partial.size, 0);
	assert_true(partial.total == PARTIAL_TOTAL_UNKNOWN);
	assert_string_equal(partial.version.validator, "");
	assert_string_equal(partial.version.other, "");
	assert_int_equal(fstat(partial.fd, &info), 0);
	assert_int_equal(info.st_size, 0);
	assert_false(exists(folder, ".state"));
	partial_close(&partial);
	close(folder);
}

static void parts_without_a_validator_begin_again(void **state)
{
	int folder = new_folder();

	(void)state;
	make_part(folder, "");
	check_begins_again(folder, URL);
}

static void parts_of_another_url_begin_again(void **state)
{
	int folder = new_folder();

	(void)state;
	make_part(folder, TAG);
	check_begins_again(folder, URL "b");
}

static void write_state(int folder, const char *text)
{
	char name[64];
	int fd;

	id_format(&task, name);
	snprintf(name + ID_TEXT_LEN, sizeof(name) - ID_TEXT_LEN, ".state");
	fd = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void damaged_states_begin_again(void **state)
{
	static const char *const texts[] = {
		"",
		"{",
		"null",
		"{}",
		"[]",
		"{\"url\":null,\"validator\":\"x\",\"total\":1000,\"boot\":\"\"}",
		"{\"url\":\"x\",\"validator\":\"x\",\"total\":-1,\"boot\":\"x\"}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		int folder = new_folder();

		make_part(folder, TAG);
		write_state(folder, texts[i]);
		check_begins_again(folder, URL);
	}
}

static void parts_longer_than_the_file_begin_again(void **state)
{
	int folder = new_folder();
	struct partial partial;

	(void)state;
	make_part(folder, TAG);
	partial = open_part(folder, URL);
	assert_int_equal(ftruncate(partial.fd, 1001), 0);
	partial_close(&partial);
	check_begins_again(folder, URL);
}

static void complete_parts_are_known(void **state)
{
	int folder = new_folder();
	struct partial partial;
	struct err err = { 0 };

	(void)state;
	make_part(folder, TAG);
	partial = open_part(folder, URL);
	assert_int_equal(ftruncate(partial.fd, 1000), 0);
	partial_close(&partial);
	partial = open_part(folder, URL);
	assert_true(partial_is_complete(&partial));
	must(partial_restart(&partial, NULL, PARTIAL_TOTAL_UNKNOWN, &err), &err);
	assert_false(partial_is_complete(&partial));
	partial_close(&partial);
	close(folder);
}

static void a_file_has_one_owner(void **state)
{
	int folder = new_folder();
	struct partial first, second;
	struct err err = { 0 };

	(void)state;
	first = open_part(folder, URL);
	assert_fails(partial_open(&second, folder, &task, URL, &err), &err, ERR_CONFLICT);
	assert_int_equal(second.fd, -1);
	/* Once it has its final name, another run makes a new one. */
	partial_remove(&first);
	second = open_part(folder, URL);
	partial_close(&second);
	partial_close(&first);
	close(folder);
}

static void room_is_checked(void **state)
{
	int folder = new_folder();
	struct partial partial = open_part(folder, URL);
	struct err err = { 0 };

	(void)state;
	must(partial_check_room(&partial, 1, &err), &err);
	assert_fails(partial_check_room(&partial, UINT64_MAX / 2, &err), &err, ERR_DISK_FULL);
	partial_close(&partial);
	close(folder);
}

static void old_parts_are_removed(void **state)
{
	int folder = new_folder();
	int64_t now = time(NULL);
	struct partial partial;

	(void)state;
	make_part(folder, TAG);
	partial_remove_old(folder, now + PARTIAL_KEEP_SECONDS - 60);
	assert_true(exists(folder, "") && exists(folder, ".state"));
	partial = open_part(folder, URL);
	partial_remove_old(folder, now + PARTIAL_KEEP_SECONDS + 60);
	assert_true(exists(folder, "")); /* in use */
	partial_close(&partial);
	partial_remove_old(folder, now + PARTIAL_KEEP_SECONDS + 60);
	assert_false(exists(folder, "") || exists(folder, ".state"));
	close(folder);
}

static void useless_parts_are_removed_early(void **state)
{
	int folder = new_folder();
	int64_t now = time(NULL);
	struct partial partial;

	(void)state;
	make_part(folder, "");
	partial_remove_old(folder, now + PARTIAL_KEEP_USELESS_SECONDS - 60);
	assert_true(exists(folder, ""));
	partial = open_part(folder, URL);
	partial_remove_old(folder, now + PARTIAL_KEEP_USELESS_SECONDS + 60);
	assert_true(exists(folder, "")); /* in use */
	partial_close(&partial);
	partial_remove_old(folder, now + PARTIAL_KEEP_USELESS_SECONDS + 60);
	assert_false(exists(folder, ""));
	make_part(folder, TAG);
	partial_remove_old(folder, now + PARTIAL_KEEP_USELESS_SECONDS + 60);
	assert_true(exists(folder, "") && exists(folder, ".state"));
	close(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(parts_are_taken_over),
		CHECK(parts_without_a_validator_begin_again),
		CHECK(parts_of_another_url_begin_again),
		CHECK(damaged_states_begin_again),
		CHECK(parts_longer_than_the_file_begin_again),
		CHECK(complete_parts_are_known),
		CHECK(a_file_has_one_owner),
		CHECK(room_is_checked),
		CHECK(old_parts_are_removed),
		CHECK(useless_parts_are_removed_early),
	};

	return CHECK_RUN(tests);
}
