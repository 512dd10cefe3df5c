#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/check.h"
#include "sys/listen.h"

static const char *path_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", check_temp_dir(), name);
	return path;
}

/* Binds without a change of owner and group. */
static bool bind_at(int *fd, const char *path, mode_t mode, struct err *err)
{
	return listen_bind(fd, path, mode, (uid_t)-1, (gid_t)-1, 5, err);
}

static void a_socket_is_bound_with_its_mode(void **state)
{
	const char *path = path_of("mode");
	struct stat info;
	struct err err;
	int fd;

	(void)state;
	must(bind_at(&fd, path, 0640, &err), &err);
	assert_int_equal(stat(path, &info), 0);
	assert_true(S_ISSOCK(info.st_mode));
	assert_int_equal(info.st_mode & 07777, 0640);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
}

static void a_stale_socket_is_replaced(void **state)
{
	const char *path = path_of("stale");
	struct err err;
	int fd, client;

	(void)state;
	must(bind_at(&fd, path, 0600, &err), &err);
	close(fd);
	assert_false(listen_connect(&client, path));
	assert_int_equal(errno, ECONNREFUSED);
	must(bind_at(&fd, path, 0600, &err), &err);
	assert_true(listen_connect(&client, path));
	close(client);
	close(fd);
}

static void a_socket_in_use_is_not_replaced(void **state)
{
	const char *path = path_of("used");
	struct err err;
	int fd, second = 7, client;

	(void)state;
	must(bind_at(&fd, path, 0600, &err), &err);
	assert_fails(bind_at(&second, path, 0600, &err), &err, ERR_BUSY);
	assert_int_equal(second, 7);
	assert_true(listen_connect(&client, path));
	close(client);
	close(fd);
}

/* Of a process that was killed: it has released its locks, and not yet closed its socket. */
static void a_socket_that_is_being_closed_is_waited_for(void **state)
{
	const char *path = path_of("closing");
	struct err err;
	int fd, second;
	pid_t pid;

	(void)state;
	must(bind_at(&fd, path, 0600, &err), &err);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		poll(NULL, 0, 300);
		_exit(0);
	}
	close(fd);
	must(bind_at(&second, path, 0600, &err), &err);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	close(second);
}

static void another_file_is_not_replaced(void **state)
{
	const char *path = path_of("file");
	int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600), fd = 7;
	struct stat info;
	struct err err;

	(void)state;
	assert_true(file >= 0);
	close(file);
	assert_fails(bind_at(&fd, path, 0600, &err), &err, ERR_INTERNAL);
	assert_int_equal(fd, 7);
	assert_int_equal(stat(path, &info), 0);
	assert_true(S_ISREG(info.st_mode));
}

static void a_path_has_a_longest_size(void **state)
{
	char path[CONF_SOCKET_MAX + 1] = { 0 };
	struct err err;
	int fd = 7;

	(void)state;
	memset(path, 'a', CONF_SOCKET_MAX);
	assert_fails(bind_at(&fd, path, 0600, &err), &err, ERR_INVALID);
	assert_false(listen_connect(&fd, path));
	assert_int_equal(errno, ENAMETOOLONG);
	assert_int_equal(fd, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(a_socket_is_bound_with_its_mode),
		CHECK(a_stale_socket_is_replaced),
		CHECK(a_socket_in_use_is_not_replaced),
		CHECK(a_socket_that_is_being_closed_is_waited_for),
		CHECK(another_file_is_not_replaced),
		CHECK(a_path_has_a_longest_size),
	};

	return CHECK_RUN(tests);
}
