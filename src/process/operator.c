/* The operator: carries out one command of polytaskctl on the open store. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "admin/request.h"
#include "base/log.h"
#include "http/json.h"
#include "process/child.h"

/* A client that does not read for this time is dropped. */
#define CLIENT_TIMEOUT_SEC 60

/* Input of the verb: the rest of what the supervisor read, then the connection. */
struct input {
	const struct child_context *child;
	struct str rest;
};

/* Returns true when the client has sent something, false when the service stops. */
static bool wait_for_input(const struct child_context *child)
{
	bool readable;

	while (child_wait(child, child->client, &readable)) {
		if (readable)
			return true;
	}
	return false;
}

static ssize_t read_input(void *cookie, char *bytes, size_t size)
{
	struct input *input = cookie;
	size_t len = input->rest.len < size ? input->rest.len : size;

	if (len > 0) {
		memcpy(bytes, input->rest.ptr, len);
		input->rest = str_skip(input->rest, len);
		return (ssize_t)len;
	}
	if (!wait_for_input(input->child)) {
		errno = EINTR;
		return -1;
	}
	return recv(input->child->client, bytes, size, 0);
}

static bool make_blocking(int fd)
{
	struct timeval timeout = { .tv_sec = CLIENT_TIMEOUT_SEC };
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) == 0 &&
	       setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) == 0;
}

static bool open_streams(struct admin *admin, struct input *input)
{
	cookie_io_functions_t reader = { .read = read_input };

	if (!make_blocking(input->child->client))
		return false;
	admin->in = fopencookie(input, "r", reader);
	admin->out = fdopen(input->child->client, "w");
	return admin->in && admin->out;
}

static int refuse(FILE *out, const struct err *err, int status)
{
	fprintf(out, "e %s\nx %d\n", err_text(err), status);
	fflush(out);
	return err->code == ERR_PANIC ? STORE_EXIT_PANIC : 0;
}

/* Logs the command before it runs, and again with its status if it failed. */
static void audit(
	const struct child_context *child, const struct admin_call *call, const int *status)
{
	struct buf line = BUF_INIT;
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (!log_begin(&line, LOG_INFO, "admin"))
		return;
	admin_log_call(call, &line);
	if (getsockopt(child->client, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0)
		buf_printf(&line, ",\"uid\":%u", peer.uid);
	if (status)
		buf_printf(&line, ",\"status\":%d", *status);
	log_end(&line);
	buf_free(&line);
}

/* Returns the exit status of this process, which is 0 also if the verb failed. */
static int run_verb(
	struct admin *admin, const struct child_context *child, const struct admin_call *call)
{
	struct store_options options;
	struct err err = { 0 };
	bool panic;
	int status;

	child_store_options(child, STORE_ATTACH, &options);
	if (!store_open(&admin->store, &options, &err))
		return refuse(admin->out, &err, 1);
	child->slot->state = CHILD_READY;
	audit(child, call, NULL);
	status = admin_run(admin, call, &panic);
	if (status != 0)
		audit(child, call, &status);
	if (!panic)
		store_close(admin->store);
	fprintf(admin->out, "x %d\n", status);
	fflush(admin->out);
	return panic ? STORE_EXIT_PANIC : 0;
}

int operator_main(const struct child_context *child)
{
	struct input input = { .child = child };
	struct admin admin = { .conf = child->conf };
	struct admin_call call = { 0 };
	struct err err = { 0 };
	struct str line;
	json_t *request = NULL;
	int result = 1;

	child_catch_sigterm();
	input.rest = child->received;
	line = str_split_next(&input.rest, '\n');
	if (!open_streams(&admin, &input)) {
		log_error("operator", "cannot open the connection: %s", strerror(errno));
		return 1;
	}
	if (json_parse_trusted(&request, line, &err) && admin_request_read(&call, request, &err))
		result = run_verb(&admin, child, &call);
	else
		result = refuse(admin.out, &err, 2);
	json_decref(request);
	fclose(admin.in);
	fclose(admin.out);
	return result;
}
