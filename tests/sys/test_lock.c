/* The instance lock. tests/process/test_supervisor.c covers orphans that hold it. */
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
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

static void hold_as_command(int ready)
{
	struct err err = { 0 };
	int lock;

	prctl(PR_SET_NAME, "polytaskctl");
	if (!lock_take(check_temp_dir(), &lock, &err) || write(ready, "x", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

static void command_that_holds_the_lock_is_named(void **state)
{
	struct err err = { 0 };
	char want[512], byte;
	int ready[2], lock;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0)
		hold_as_command(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_fails(lock_take(check_temp_dir(), &lock, &err), &err, ERR_BUSY);
	snprintf(want, sizeof(want), "polytaskctl (process %d) is using %s: wait until it ends",
		(int)pid, check_temp_dir());
	assert_string_equal(err.text, want);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(ready[0]);
	close(ready[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(lock_is_exclusive_until_it_is_closed),
		CHECK(lock_rejects_a_symlink),
		CHECK(command_that_holds_the_lock_is_named),
	};

	return CHECK_RUN(tests);
}
