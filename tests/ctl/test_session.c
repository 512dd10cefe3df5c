/* Calls of one command to a service, here a child process with prepared responses. */
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "admin/command.h"
#include "ctl/session.h"
#include "lib/check.h"
#include "sys/listen.h"

static struct conf conf;
static pid_t service;

/* Answers one connection with each response. */
static void start_service(const char *const *responses)
{
	struct err err;
	int listener;

	conf_defaults(&conf);
	snprintf(conf.control, sizeof(conf.control), "%s/control", check_temp_dir());
	unlink(conf.control);
	must(listen_bind(&listener, conf.control, 0600, (uid_t)-1, (gid_t)-1, 4, &err), &err);
	service = fork();
	for (size_t i = 0; service == 0 && responses[i]; i++) {
		struct pollfd poller = { .fd = listener, .events = POLLIN };
		char request[1000];
		int fd;

		poll(&poller, 1, 10000);
		fd = accept(listener, NULL, NULL);
		if (read(fd, request, sizeof(request)) <= 0 ||
			write(fd, responses[i], strlen(responses[i])) <= 0)
			_exit(1);
		close(fd);
	}
	if (service == 0)
		_exit(0);
	close(listener);
}

static bool call(struct buf *out, struct err *err)
{
	const char *const words[] = { "checkpoint" };
	struct admin_call checkpoint = { 0 };
	struct session session;
	int status;
	bool ok;

	must(admin_parse_command(&checkpoint, words, 1, err), err);
	session_open(&session, &conf);
	ok = session_call(&session, &checkpoint, out, err);
	session_close(&session);
	assert_int_equal(waitpid(service, &status, 0), service);
	assert_int_equal(status, 0);
	return ok;
}

static void output_is_appended(void **state)
{
	static const char *const responses[] = { "o one\no two\nx 0\n", NULL };
	struct buf out = BUF_INIT;
	struct err err = { 0 };

	(void)state;
	start_service(responses);
	must(call(&out, &err), &err);
	assert_true(str_eq(buf_str(&out), STR("one\ntwo\n")));
	buf_free(&out);
}

static void busy_service_is_asked_again(void **state)
{
	static const char *const responses[] = { "e wait\nx 75\n", "e wait\nx 75\n", "o one\nx 0\n",
		NULL };
	struct buf out = BUF_INIT;
	struct err err = { 0 };

	(void)state;
	start_service(responses);
	must(call(&out, &err), &err);
	assert_true(str_eq(buf_str(&out), STR("one\n")));
	buf_free(&out);
}

static void failure_has_the_cause(void **state)
{
	static const char *const responses[] = { "e the cause\ne another\nx 1\n", NULL };
	struct buf out = BUF_INIT;
	struct err err = { 0 };

	(void)state;
	start_service(responses);
	assert_fails(call(&out, &err), &err, ERR_INTERNAL);
	assert_string_equal(err_text(&err), "the cause");
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(output_is_appended),
		CHECK(busy_service_is_asked_again),
		CHECK(failure_has_the_cause),
	};

	return CHECK_RUN(tests);
}
