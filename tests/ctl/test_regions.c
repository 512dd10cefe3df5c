/* The shared memory of a command on a stopped service is removed at its end, also by a signal. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl/regions.h"
#include "lib/check.h"

static void path_of(char path[300], const char *name)
{
	snprintf(path, 300, "%s/%s", check_temp_dir(), name);
}

static void make_file(const char *name)
{
	char path[300];
	int fd;

	path_of(path, name);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
}

static bool exists(const char *name)
{
	char path[300];

	path_of(path, name);
	return access(path, F_OK) == 0;
}

static void end_removes_the_regions_only(void **state)
{
	(void)state;
	make_file("lock");
	regions_guard(check_temp_dir());
	for (int i = 1; i <= 40; i++) {
		char name[16];

		snprintf(name, sizeof(name), "__db.%03d", i);
		make_file(name);
	}
	regions_remove();
	assert_true(exists("lock"));
	assert_false(exists("__db.001"));
	assert_false(exists("__db.040"));
}

/* The store is still being opened: more files may follow the first. */
static void signal_ends_the_process_at_once(void **state)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		int status;
		pid_t pid = fork();

		if (pid == 0) {
			/* The shell that runs the tests may have set SIGINT to be ignored. */
			signal(numbers[i], SIG_DFL);
			regions_guard(check_temp_dir());
			make_file("__db.001");
			raise(numbers[i]);
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), numbers[i]);
		assert_false(exists("__db.001"));
	}
}

static void ignored_signal_stays_ignored(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		signal(SIGHUP, SIG_IGN);
		regions_guard(check_temp_dir());
		make_file("__db.001");
		raise(SIGHUP);
		_exit(exists("__db.001") ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(end_removes_the_regions_only),
		CHECK(signal_ends_the_process_at_once),
		CHECK(ignored_signal_stays_ignored),
	};

	return CHECK_RUN(tests);
}
