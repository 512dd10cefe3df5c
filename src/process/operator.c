/* The operator: carries out one command of polytaskctl on the open store. */
#include <errno.h>
#include <stdio.h>

#include "admin/request.h"
#include "base/log.h"
#include "http/json.h"
#include "process/operator_io.h"

static int refuse(struct operator_io *io, FILE *out, const struct err *err, int status)
{
	fprintf(out, "e %s\n", err_text(err));
	operator_io_finish(io, out, status);
	return err->code == ERR_PANIC ? STORE_EXIT_PANIC : 0;
}

/* Logs the command before it runs, and again with its status if it failed. */
static void audit(
	const struct child_context *child, const struct admin_call *call, const int *status)
{
	struct buf line = BUF_INIT;

	/* It only reads, and would fill the log. */
	if (admin_is_repeated(call))
		return;
	if (!log_begin(&line, LOG_INFO, "admin"))
		return;
	admin_log_call(call, &line);
	buf_printf(&line, ",\"uid\":%u", (unsigned)child->client.uid);
	if (status)
		buf_printf(&line, ",\"status\":%d", *status);
	log_end(&line);
	buf_free(&line);
}

/* Returns the exit status of this process, which is 0 also if the verb failed. */
static int run_verb(struct admin *admin, struct operator_io *io, const struct admin_call *call)
{
	const struct child_context *child = io->child;
	struct store_options options;
	struct err err = { 0 };
	bool panic;
	int status;

	child_store_options(child, STORE_ATTACH, &options);
	if (!store_open(&admin->store, &options, &err))
		return refuse(io, admin->out, &err, 1);
	child->slot->state = CHILD_READY;
	audit(child, call, NULL);
	status = admin_run(admin, call, &panic);
	if (status != 0)
		audit(child, call, &status);
	/* First: what the command has asked for may end this process, as a recovery does. */
	operator_io_finish(io, admin->out, status);
	if (!panic)
		store_close(admin->store);
	return panic ? STORE_EXIT_PANIC : 0;
}

int operator_main(const struct child_context *child)
{
	struct operator_io io = { .child = child, .rest = child->client.received };
	struct admin admin = { .conf = child->conf, .pause = operator_io_pause, .pause_data = &io };
	struct admin_call call = { 0 };
	struct err err = { 0 };
	struct str line;
	json_t *request = NULL;
	int result = 1;

	child_catch_sigterm();
	line = str_split_next(&io.rest, '\n');
	if (!operator_io_open(&io, &admin.in, &admin.out)) {
		log_error("operator", "cannot open the connection: %s", strerror(errno));
		return 1;
	}
	if (json_parse_trusted(&request, line, &err) && admin_request_read(&call, request, &err))
		result = run_verb(&admin, &io, &call);
	else
		result = refuse(&io, admin.out, &err, 2);
	json_decref(request);
	fclose(admin.in);
	fclose(admin.out);
	return result;
}
