#include "ctl/bulk.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "admin/command.h"
#include "auth/principal.h"
#include "base/id.h"
#include "ctl/fail.h"
#include "ctl/progress.h"
#include "ctl/session.h"
#include "http/json.h"
#include "task/bulk.h"
#include "task/task.h"

#define SEEN_SIZE 24

struct bulk {
	struct session session;
	struct admin_call call;
	char tenant[AUTH_TENANT_MAX];
	char id[ID_TEXT_LEN + 1];
	char token[BULK_TOKEN_SIZE];
	uint64_t count; /* of the dry run */
	struct bulk_counts counts;
	enum task_state state;
	struct buf row; /* the last response: of the dry run, or the task */
};

/* ---- answers ---- */

static uint64_t number_of(const json_t *json, const char *name)
{
	json_int_t number = json_integer_value(json_object_get(json, name));

	return number > 0 ? (uint64_t)number : 0;
}

static void read_counts(struct bulk *bulk, const json_t *task)
{
	const json_t *progress = json_object_get(task, "progress");

	bulk->counts = (struct bulk_counts){ .total = number_of(progress, "total"),
		.done = number_of(progress, "done"),
		.refused = number_of(progress, "refused") };
}

/* The response to a dry run, or the task. */
static bool take_row(struct bulk *bulk, struct str row, struct err *err)
{
	json_t *json = NULL;
	bool ok = json_parse_trusted(&json, row, err);

	if (ok) {
		bulk->count = number_of(json, "count");
		snprintf(bulk->token, sizeof(bulk->token), "%.*s",
			STR_ARGS(json_str(json_object_get(json, "token"))));
		bulk->state = task_state_parse(json_str(json_object_get(json, "state")));
		read_counts(bulk, json);
		buf_reset(&bulk->row);
		buf_put_str(&bulk->row, row);
		ok = buf_ok(&bulk->row) || err_no_memory(err);
	}
	json_decref(json);
	return ok;
}

static void keep(char *text, size_t size, struct str line)
{
	snprintf(text, size, "%.*s", STR_ARGS(line));
}

/* Sends the request, and reads the lines of the answer (admin_bulk). */
static bool send(struct bulk *bulk, struct err *err)
{
	struct buf out = BUF_INIT;
	bool ok = session_call(&bulk->session, &bulk->call, &out, err);
	struct str rest = buf_str(&out);

	if (ok) {
		keep(bulk->tenant, sizeof(bulk->tenant), str_split_next(&rest, '\n'));
		keep(bulk->id, sizeof(bulk->id), str_split_next(&rest, '\n'));
		ok = take_row(bulk, str_split_next(&rest, '\n'), err);
	}
	buf_free(&out);
	return ok;
}

static bool dry_run(struct bulk *bulk, struct err *err)
{
	const char *given = bulk->call.options[ADMIN_DRY_RUN];
	bool ok;

	bulk->call.options[ADMIN_DRY_RUN] = "yes";
	ok = send(bulk, err);
	bulk->call.options[ADMIN_DRY_RUN] = given;
	bulk->call.options[ADMIN_DRY_RUN_TOKEN] = bulk->token;
	return ok;
}

/* ---- the question ---- */

/* An end of the input is a no. */
static bool is_confirmed(const struct bulk *bulk)
{
	char line[16] = "";

	fprintf(stderr, "%s %" PRIu64 " task%s of the tenant %s? [y/N] ", bulk->call.operand,
		bulk->count, str_plural(bulk->count), bulk->tenant);
	if (!fgets(line, sizeof(line), stdin))
		fputc('\n', stderr);
	return line[0] == 'y' || line[0] == 'Y';
}

/* ---- the end ---- */

/* Reads the lines of the call (admin_task_watch); `seen` is kept for the next one. */
static bool take_look(struct bulk *bulk, struct str answer, char seen[SEEN_SIZE], struct err *err)
{
	struct str row;

	str_split_next(&answer, '\n');
	row = str_split_next(&answer, '\n');
	keep(seen, SEEN_SIZE, str_split_next(&answer, '\n'));
	if (str_eq(row, STR("null")))
		return err_set(err, ERR_NOT_FOUND, NULL, "the bulk %s was removed", bulk->id);
	return take_row(bulk, row, err);
}

static bool look(struct bulk *bulk, struct admin_call *watch, char seen[SEEN_SIZE], struct err *err)
{
	struct buf answer = BUF_INIT;
	bool ok;

	watch->options[ADMIN_SEEN] = seen[0] ? seen : NULL;
	ok = session_call(&bulk->session, watch, &answer, err) &&
	     take_look(bulk, buf_str(&answer), seen, err);
	buf_free(&answer);
	return ok;
}

static bool wait_for_end(struct bulk *bulk, struct err *err)
{
	const char *const words[] = { "task", "watch", bulk->id };
	struct admin_call watch = { .options = { [ADMIN_TENANT] = bulk->tenant } };
	char seen[SEEN_SIZE] = "";
	bool ok = admin_parse_command(&watch, words, 3, err);

	progress_begin("bulk");
	while (ok && !task_state_is_final(bulk->state)) {
		progress_set(bulk->counts.done + bulk->counts.refused, bulk->counts.total, "tasks");
		ok = look(bulk, &watch, seen, err);
	}
	progress_end();
	return ok;
}

static int print_end(const struct bulk *bulk)
{
	const struct bulk_counts *counts = &bulk->counts;
	uint64_t sum = counts->done + counts->refused;

	if (bulk->call.options[ADMIN_JSON])
		printf("%.*s\n", STR_ARGS(buf_str(&bulk->row)));
	else
		printf("%" PRIu64 " task%s done, %" PRIu64 " refused, %" PRIu64 " left alone\n",
			counts->done, str_plural(counts->done), counts->refused,
			sum < counts->total ? counts->total - sum : 0);
	if (bulk->state == TASK_SUCCEEDED)
		return EXIT_DONE;
	fprintf(stderr, "polytaskctl: the bulk %s has %s\n", bulk->id,
		bulk->state == TASK_CANCELLED ? "been cancelled" : "failed");
	return EXIT_FAILED;
}

/* ---- the command ---- */

static int create(struct bulk *bulk, struct err *err)
{
	if (!send(bulk, err))
		return ctl_fail_call(err);
	if (bulk->call.options[ADMIN_NO_WAIT]) {
		if (bulk->call.options[ADMIN_JSON])
			printf("%.*s\n", STR_ARGS(buf_str(&bulk->row)));
		else
			printf("%s\n", bulk->id);
		return EXIT_DONE;
	}
	if (!bulk->session.in_service) {
		fprintf(stderr, "polytaskctl: the bulk %s begins when the service is started\n",
			bulk->id);
		return EXIT_NOT_YET;
	}
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "bulk %s runs; to stop it: polytaskctl task cancel %s\n", bulk->id,
			bulk->id);
	if (!wait_for_end(bulk, err)) {
		fprintf(stderr, "polytaskctl: the service goes on with the bulk %s\n", bulk->id);
		return ctl_fail_call(err);
	}
	return print_end(bulk);
}

static int print_count(const struct bulk *bulk)
{
	if (bulk->call.options[ADMIN_JSON])
		printf("%.*s\n", STR_ARGS(buf_str(&bulk->row)));
	else
		printf("%" PRIu64 " task%s match%s\n", bulk->count, str_plural(bulk->count),
			bulk->count == 1 ? "es" : "");
	return EXIT_DONE;
}

static int run(struct bulk *bulk, struct err *err)
{
	bool is_dry = bulk->call.options[ADMIN_DRY_RUN] != NULL;
	bool asks = !is_dry && !bulk->call.options[ADMIN_YES];

	if ((is_dry || asks) && !dry_run(bulk, err))
		return ctl_fail_call(err);
	if (is_dry || (asks && bulk->count == 0))
		return print_count(bulk);
	if (asks && !is_confirmed(bulk)) {
		fprintf(stderr, "polytaskctl: nothing was changed\n");
		return EXIT_FAILED;
	}
	return create(bulk, err);
}

int ctl_bulk(const struct conf *conf, const struct admin_call *call)
{
	struct bulk bulk = { .call = *call };
	struct err err = { 0 };
	int status;

	if (!call->options[ADMIN_YES] && !call->options[ADMIN_DRY_RUN] &&
		!(isatty(STDIN_FILENO) && isatty(STDERR_FILENO))) {
		ctl_fail("without a terminal, 'bulk do' requires --yes or --dry-run");
		return EXIT_USAGE;
	}
	session_open(&bulk.session, conf);
	status = run(&bulk, &err);
	session_close(&bulk.session);
	buf_free(&bulk.row);
	return fflush(stdout) == 0 ? status : ctl_fail_output();
}
