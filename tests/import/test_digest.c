/* Digests of files. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "import/digest.h"
#include "lib/check.h"

#define FAR INT64_MAX

static int new_file(const char *text)
{
	char name[256];
	int fd;

	snprintf(name, sizeof(name), "%s/file", check_temp_dir());
	fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	unlink(name);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	return fd;
}

static void files_have_digests(void **state)
{
	struct digest digest = { 0 };
	struct digest_text text;
	struct err err = { 0 };
	int fd = new_file("abcdef");

	(void)state;
	must(digest_start(&digest, &err), &err);
	must(digest_add_file(&digest, fd, 3, FAR, &err), &err);
	must(digest_end(&digest, &text, &err), &err);
	assert_string_equal(text.md5, "900150983cd24fb0d6963f7d28e17f72");
	assert_string_equal(
		text.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	digest_free(&digest);
	close(fd);
}

static void short_files_are_errors(void **state)
{
	struct digest digest = { 0 };
	struct err err = { 0 };
	int fd = new_file("abc");

	(void)state;
	must(digest_start(&digest, &err), &err);
	assert_fails(digest_add_file(&digest, fd, 4, FAR, &err), &err, ERR_INTERNAL);
	digest_free(&digest);
	close(fd);
}

static void files_are_read_until_the_deadline(void **state)
{
	struct digest digest = { 0 };
	struct err err = { 0 };
	int fd = new_file("abc");

	(void)state;
	must(digest_start(&digest, &err), &err);
	assert_fails(digest_add_file(&digest, fd, 3, clock_mono_ms(), &err), &err, ERR_BUSY);
	must(digest_add_file(&digest, fd, 0, clock_mono_ms(), &err), &err);
	digest_free(&digest);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(files_have_digests),
		CHECK(short_files_are_errors),
		CHECK(files_are_read_until_the_deadline),
	};

	return CHECK_RUN(tests);
}
