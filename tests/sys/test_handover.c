/* The queue by which processes pass connections on. */
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/check.h"
#include "sys/handover.h"

static struct handover queue;

static int open_queue(void **state)
{
	struct err err;

	check_setup(state);
	must(handover_open(&queue, &err), &err);
	return 0;
}

static int close_queue(void **state)
{
	handover_close(&queue);
	return check_teardown(state);
}

/* A connection whose peer has sent this text; returns the peer. */
static int put_connection(const char *text)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(write(pair[1], text, strlen(text)), strlen(text));
	assert_true(handover_put(&queue, pair[0]));
	close(pair[0]);
	return pair[1];
}

static void expect_text(int fd, const char *text)
{
	char bytes[16] = "";

	assert_int_equal(read(fd, bytes, sizeof(bytes) - 1), strlen(text));
	assert_string_equal(bytes, text);
}

static void an_empty_queue_has_no_connection(void **state)
{
	(void)state;
	assert_int_equal(handover_take(&queue), -1);
	assert_int_equal(errno, EAGAIN);
}

static void unread_bytes_go_along(void **state)
{
	int peer = put_connection("request"), fd;

	(void)state;
	fd = handover_take(&queue);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	expect_text(fd, "request");
	assert_int_equal(write(fd, "answer", 6), 6);
	expect_text(peer, "answer");
	close(fd);
	close(peer);
}

static void a_connection_outlives_the_process_that_put_it(void **state)
{
	int pair[2], status, fd;
	pid_t pid;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	pid = fork();
	if (pid == 0)
		_exit(handover_put(&queue, pair[0]) ? 0 : 1);
	close(pair[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(write(pair[1], "later", 5), 5);
	fd = handover_take(&queue);
	expect_text(fd, "later");
	close(fd);
	close(pair[1]);
}

static void a_full_queue_is_reported(void **state)
{
	int pair[2], count = 0;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	while (count < 10000 && handover_put(&queue, pair[0]))
		count++;
	assert_in_range(count, 100, 9999);
	close(handover_take(&queue));
	close(pair[0]);
	close(pair[1]);
}

/* The kernel would drop it. */
static void a_process_without_descriptors_takes_no_connection(void **state)
{
	int peer = put_connection("kept"), fd, error;
	struct rlimit before, none;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = (struct rlimit){ 1, before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	fd = handover_take(&queue);
	error = errno;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(fd, -1);
	assert_int_equal(error, EMFILE);
	fd = handover_take(&queue);
	expect_text(fd, "kept");
	close(fd);
	close(peer);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_queue, close_queue)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_empty_queue_has_no_connection),
		TEST(unread_bytes_go_along),
		TEST(a_connection_outlives_the_process_that_put_it),
		TEST(a_full_queue_is_reported),
		TEST(a_process_without_descriptors_takes_no_connection),
	};

	return CHECK_RUN(tests);
}
