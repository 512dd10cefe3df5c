/* The client of the control socket: frames of the response, and failed connections. */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "ctl/client.h"
#include "lib/check.h"

#define REQUEST STR("{\"verb\":[\"x\"]}\n")

struct exchange {
	bool ok;
	int status;
	char *out, *errors;
	char sent[100]; /* what the client sent */
	struct err err;
};

/* The peer sends the frames and closes the connection. */
static struct exchange exchange(const char *frames, const char *input)
{
	struct exchange result = { .status = -1 };
	size_t out_size, errors_size;
	FILE *out = open_memstream(&result.out, &out_size);
	FILE *errors = open_memstream(&result.errors, &errors_size);
	FILE *in = input ? fmemopen((void *)(uintptr_t)input, strlen(input), "r") : NULL;
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_int_equal(write(fds[1], frames, strlen(frames)), (ssize_t)strlen(frames));
	assert_int_equal(shutdown(fds[1], SHUT_WR), 0);
	result.ok = client_exchange(fds[0], REQUEST, in, out, errors, &result.status, &result.err);
	assert_true(read(fds[1], result.sent, sizeof(result.sent) - 1) > 0);
	close(fds[0]);
	close(fds[1]);
	fclose(out);
	fclose(errors);
	if (in)
		fclose(in);
	return result;
}

static void free_exchange(struct exchange *result)
{
	free(result->out);
	free(result->errors);
}

static void frames_go_to_their_streams(void **state)
{
	struct exchange result = exchange("o one\ne two\no \no three\nx 3\n", NULL);

	(void)state;
	must(result.ok, &result.err);
	assert_int_equal(result.status, 3);
	assert_string_equal(result.out, "one\n\nthree\n");
	assert_string_equal(result.errors, "polytaskctl: two\n");
	assert_string_equal(result.sent, "{\"verb\":[\"x\"]}\n");
	free_exchange(&result);
}

static void input_follows_the_request(void **state)
{
	struct exchange result = exchange("x 0\n", "line\n");

	(void)state;
	must(result.ok, &result.err);
	assert_int_equal(result.status, 0);
	assert_string_equal(result.sent, "{\"verb\":[\"x\"]}\nline\n");
	free_exchange(&result);
}

/* The input has no end: without the response the exchange would wait for it. */
static void response_ends_the_wait_for_input(void **state)
{
	static const char response[] = "e late\nx 1\n";
	struct err err = { 0 };
	int fds[2], input[2], status = -1;
	char *text = NULL;
	size_t size;
	FILE *errors = open_memstream(&text, &size), *in;

	(void)state;
	assert_int_equal(pipe(input), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_int_equal(write(fds[1], response, strlen(response)), (ssize_t)strlen(response));
	in = fdopen(input[0], "r");
	must(client_exchange(fds[0], REQUEST, in, stdout, errors, &status, &err), &err);
	fclose(errors);
	assert_int_equal(status, 1);
	assert_string_equal(text, "polytaskctl: late\n");
	free(text);
	fclose(in);
	close(input[1]);
	close(fds[0]);
	close(fds[1]);
}

static void outcome_is_unknown_without_exit_status(void **state)
{
	static const char *const rows[] = { "", "o one\n", "o one\nx 0", "x\n", "x -1\n", "x 256\n",
		"y 0\n" };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct exchange result = exchange(rows[i], NULL);

		assert_fails(result.ok, &result.err, ERR_UNKNOWN_OUTCOME);
		assert_int_equal(result.status, -1);
		free_exchange(&result);
	}
}

static void silent_service_ends_the_exchange_in_time(void **state)
{
	int64_t began = clock_mono_ms();
	struct err err = { 0 };
	int fds[2], status = -1;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	client_set_timeout(fds[0], 1);
	assert_fails(client_exchange(fds[0], REQUEST, NULL, stdout, stderr, &status, &err), &err,
		ERR_BUSY);
	assert_in_range(clock_mono_ms() - began, 900, 2500);
	assert_int_equal(status, -1);
	close(fds[0]);
	close(fds[1]);
}

static void failed_connection_sets_errno(void **state)
{
	bool answered = true;
	int status = -1;
	struct err err;
	char path[200];

	(void)state;
	snprintf(path, sizeof(path), "%s/none.sock", check_temp_dir());
	must(client_call(path, REQUEST, 0, NULL, stdout, stderr, &answered, &status, &err), &err);
	assert_int_equal(errno, ENOENT);
	assert_false(answered);
	assert_int_equal(status, -1);
}

static void connection_errors_give_a_hint(void **state)
{
	static const struct {
		int error;
		const char *text;
	} rows[] = {
		{ EACCES, "cannot connect to s: Permission denied (are you root or the service's "
			  "user?)" },
		{ ENOENT, "cannot connect to s: No such file or directory (is the service "
			  "running?)" },
		{ ECONNREFUSED,
			"cannot connect to s: Connection refused (is the service running?)" },
		{ EAGAIN, "cannot connect to s: Resource temporarily unavailable (the service "
			  "accepts no connection: is it stopped?)" },
		{ EIO, "cannot connect to s: Input/output error" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err err;

		assert_false(client_cannot_connect("s", rows[i].error, &err));
		assert_string_equal(err_text(&err), rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(frames_go_to_their_streams),
		CHECK(input_follows_the_request),
		CHECK(response_ends_the_wait_for_input),
		CHECK(outcome_is_unknown_without_exit_status),
		CHECK(silent_service_ends_the_exchange_in_time),
		CHECK(failed_connection_sets_errno),
		CHECK(connection_errors_give_a_hint),
	};

	return CHECK_RUN(tests);
}
