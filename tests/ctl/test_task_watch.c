/* `task watch` with a service, here a child process with prepared responses. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "admin/command.h"
#include "ctl/task_watch.h"
#include "lib/check.h"
#include "sys/listen.h"

#define ID   "018f2f6e-7c3a-7b21-9d55-3f0b8a1c2d3e"
#define TIME "2026-11-27T22:35:05"
#define ROW(state, more)                                                                 \
	"o demo\no {\"id\":\"" ID "\",\"state\":\"" state "\",\"status\":\"" state "\"," \
	"\"attempt\":1," more "\"updated_at\":\"" TIME ".091Z\"}\nx 0\n"
/* A response of a service in which looks can wait. */
#define COUNTED(state)                                                                   \
	"o demo\no {\"id\":\"" ID "\",\"state\":\"" state "\",\"status\":\"" state "\"," \
	"\"attempt\":1,\"updated_at\":\"" TIME ".091Z\"}\no 7\nx 0\n"
#define GONE   "o demo\no null\nx 0\n"
#define HEADER "time\tstate\tstatus\tattempt\tprogress\terror\n"

static struct conf conf;

/* A later request has the tenant, the id, and the count of the response before it. */
static bool goes_on(const char *request, const char *before)
{
	const char *seen = strstr(request, "\"seen\":");
	bool counted = strstr(before, "\no 7\n") != NULL;

	return strstr(request, ID) && strstr(request, "\"tenant\":\"demo\"") &&
	       (counted ? seen && strstr(seen, "\"7\"") : !seen);
}

/* Answers one connection with each response. Exits with 1 if a later request is not as above. */
static pid_t start_service(const char *const *responses)
{
	struct err err;
	int listener;
	pid_t pid;

	conf_defaults(&conf);
	snprintf(conf.control, sizeof(conf.control), "%s/control", check_temp_dir());
	snprintf(conf.home, sizeof(conf.home), "%s/none", check_temp_dir());
	unlink(conf.control);
	must(listen_bind(&listener, conf.control, 0600, (uid_t)-1, (gid_t)-1, 4, &err), &err);
	pid = fork();
	for (size_t i = 0; pid == 0 && responses[i]; i++) {
		struct pollfd poller = { .fd = listener, .events = POLLIN };
		char request[1000] = "";
		int fd;

		poll(&poller, 1, 10000);
		fd = accept(listener, NULL, NULL);
		if (read(fd, request, sizeof(request) - 1) <= 0 ||
			write(fd, responses[i], strlen(responses[i])) < 0 ||
			(i > 0 && !goes_on(request, responses[i - 1])))
			_exit(1);
		close(fd);
	}
	if (pid == 0)
		_exit(0);
	close(listener);
	return pid;
}

/* Runs the watch in a process of its own, whose output it returns; free it. */
static char *run_watch(const char *timeout, bool as_json, int *status)
{
	const char *const words[] = { "task", "watch", "idol:3" };
	struct admin_call call = {
		.options = { [ADMIN_TIMEOUT] = timeout, [ADMIN_JSON] = as_json ? "yes" : NULL }
	};
	char path[200];
	struct err err;
	size_t size;
	pid_t pid;

	must(admin_parse_command(&call, words, 3, &err), &err);
	snprintf(path, sizeof(path), "%s/out", check_temp_dir());
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		if (!freopen(path, "w", stdout) || !freopen("/dev/null", "w", stderr))
			_exit(99);
		_exit(ctl_task_watch(&conf, &call));
	}
	assert_int_equal(waitpid(pid, status, 0), pid);
	assert_true(WIFEXITED(*status));
	*status = WEXITSTATUS(*status);
	return check_read_file(path, &size);
}

static void expect(const char *const *responses, const char *timeout, bool as_json, int wanted,
	const char *output)
{
	pid_t service = start_service(responses);
	int status, service_status;
	char *out = run_watch(timeout, as_json, &status);

	kill(service, SIGTERM);
	assert_int_equal(waitpid(service, &service_status, 0), service);
	assert_false(WIFEXITED(service_status) && WEXITSTATUS(service_status) != 0);
	assert_string_equal(out, output);
	assert_int_equal(status, wanted);
	free(out);
}

static void each_change_is_one_line(void **state)
{
	static const char *const responses[] = { ROW("pending", ""), ROW("pending", ""),
		ROW("running", "\"progress\":{\"percent\":10},"),
		ROW("succeeded", "\"progress\":\"a\\u001bb\","), NULL };

	(void)state;
	expect(responses, NULL, false, 0,
		HEADER TIME "Z\tpending\tpending\t1\t-\t-\n" TIME
			    "Z\trunning\trunning\t1\t{\"percent\":10}\t-\n" TIME
			    "Z\tsucceeded\tsucceeded\t1\ta\\u001bb\t-\n");
}

static void task_that_failed_is_status_1(void **state)
{
	static const char *const failed[] = { ROW("failed", "\"error\":\"no audio\","), NULL };
	static const char *const cancelled[] = { ROW("cancelled", ""), NULL };

	(void)state;
	expect(failed, "60", false, 1, HEADER TIME "Z\tfailed\tfailed\t1\t-\tno audio\n");
	expect(cancelled, "60", true, 1,
		"{\"id\":\"" ID "\",\"state\":\"cancelled\",\"status\":\"cancelled\",\"attempt\":1,"
		"\"updated_at\":\"" TIME ".091Z\"}\n");
}

static void timeout_is_status_3(void **state)
{
	static const char *const responses[] = { ROW("running", ""), ROW("running", ""),
		ROW("running", ""), NULL };

	(void)state;
	expect(responses, "1", false, EXIT_NOT_YET, HEADER TIME "Z\trunning\trunning\t1\t-\t-\n");
}

static void removal_is_status_5(void **state)
{
	static const char *const responses[] = { ROW("running", ""), GONE, NULL };

	(void)state;
	expect(responses, NULL, false, EXIT_NOT_FOUND,
		HEADER TIME "Z\trunning\trunning\t1\t-\t-\n");
}

static void unknown_task_and_wrong_timeout_are_errors(void **state)
{
	static const char *const unknown[] = { "e no tenant has a task idol:3\nx 5\n", NULL };
	static const char *const gone[] = { GONE, NULL };
	static const char *const none[] = { NULL };

	(void)state;
	expect(unknown, NULL, false, EXIT_NOT_FOUND, "");
	expect(gone, NULL, false, EXIT_NOT_FOUND, "");
	expect(none, "soon", false, 1, "");
	expect(none, "0", false, 1, "");
}

/* A restart: responses that are cut, a refusal, and a time without a service. */
static void outage_is_survived(void **state)
{
	static const char *const responses[] = { ROW("running", ""), "o demo\n", "e busy\nx 75\n",
		"e The store is being recovered\nx 1\n", ROW("succeeded", ""), NULL };

	(void)state;
	expect(responses, NULL, false, 0,
		HEADER TIME "Z\trunning\trunning\t1\t-\t-\n" TIME
			    "Z\tsucceeded\tsucceeded\t1\t-\t-\n");
}

/* After a look that failed, the count may be one of an earlier start of the service. */
static void count_is_given_back_until_a_look_fails(void **state)
{
	static const char *const responses[] = { COUNTED("pending"), COUNTED("running"),
		COUNTED("running"), "e busy\nx 75\n", ROW("running", ""), COUNTED("succeeded"),
		NULL };

	(void)state;
	expect(responses, NULL, false, 0,
		HEADER TIME "Z\tpending\tpending\t1\t-\t-\n" TIME
			    "Z\trunning\trunning\t1\t-\t-\n" TIME
			    "Z\tsucceeded\tsucceeded\t1\t-\t-\n");
}

static void service_that_ends_is_waited_for_until_the_timeout(void **state)
{
	static const char *const responses[] = { ROW("running", ""), NULL };

	(void)state;
	expect(responses, "1", false, EXIT_NOT_YET, HEADER TIME "Z\trunning\trunning\t1\t-\t-\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(each_change_is_one_line),
		CHECK(task_that_failed_is_status_1),
		CHECK(timeout_is_status_3),
		CHECK(removal_is_status_5),
		CHECK(unknown_task_and_wrong_timeout_are_errors),
		CHECK(outage_is_survived),
		CHECK(count_is_given_back_until_a_look_fails),
		CHECK(service_that_ends_is_waited_for_until_the_timeout),
	};

	return CHECK_RUN(tests);
}
