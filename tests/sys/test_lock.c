/* The instance lock. tests/process/test_supervisor.c covers orphans that hold it. */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/check.h"
#include "sys/lock.h"

static void lock_is_exclusive_until_it_is_closed(void **state)
{
	struct err err = { 0 };
	int first, second;

	(void)state;
	must(lock_take(check_temp_dir(), &first, &err), &err);
	assert_fails(lock_take(check_temp_dir(), &second, &err), &err, ERR_BUSY);
	close(first);
	must(lock_take(check_temp_dir(), &second, &err), &err);
	close(second);
}

/* root takes the lock first: the service's user must not redirect the file. */
static void lock_rejects_a_symlink(void **state)
{
	char path[512], other[512];
	struct err err = { 0 };
	struct stat info;
	int lock;

	(void)state;
	snprintf(path, sizeof(path), "%s/lock", check_temp_dir());
	snprintf(other, sizeof(other), "%s/other", check_temp_dir());
	unlink(path);
	assert_int_equal(symlink(other, path), 0);
	assert_fails(lock_take(check_temp_dir(), &lock, &err), &err, ERR_INTERNAL);
	assert_int_equal(lstat(other, &info), -1);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(lock_is_exclusive_until_it_is_closed),
		CHECK(lock_rejects_a_symlink),
	};

	return CHECK_RUN(tests);
}
