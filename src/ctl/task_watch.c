#include "ctl/task_watch.h"

#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "admin/task_text.h"
#include "auth/principal.h"
#include "base/clock.h"
#include "ctl/fail.h"
#include "ctl/session.h"
#include "task/task.h"

#define INTERVAL_FIRST_MS 200
#define INTERVAL_MOST_MS  2000
#define TIMEOUT_MAX	  ((uint64_t)100 * 366 * 24 * 3600)

struct watch {
	const struct conf *conf;
	struct admin_call call; /* with tenant and id, once they are known */
	char tenant[AUTH_TENANT_MAX];
	char id[ID_TEXT_LEN + 1];
	bool as_json;
	int64_t until;		    /* monotonic ms; 0: no timeout */
	int64_t looked;		    /* monotonic ms of the last look */
	int64_t interval;	    /* between the beginnings of two looks */
	char seen[21], seconds[21]; /* options of the next look */
	bool noted;		    /* that the service does not answer */
	enum task_state state;
	bool removed;
	struct buf shown; /* the last line, without its time */
};

/* ---- lines ---- */

static void put_line(struct buf *line, const json_t *task)
{
	static const char *const members[] = { "state", "status", "attempt", "progress", "error" };

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		buf_puts(line, "\t");
		task_text_put_json(line, json_object_get(task, members[i]), TASK_TEXT_SHORT);
	}
}

static bool print_change(struct watch *watch, const json_t *task, struct str row, struct err *err)
{
	struct buf line = BUF_INIT, time = BUF_INIT;
	bool first = watch->shown.len == 0, changed, ok;

	if (watch->as_json)
		buf_put_str(&line, row);
	else
		put_line(&line, task);
	task_text_put_time(&time, json_object_get(task, "updated_at"));
	ok = (buf_ok(&line) && buf_ok(&time)) || err_no_memory(err);
	changed = ok && !str_eq(buf_str(&line), buf_str(&watch->shown));
	if (changed) {
		if (first && !watch->as_json && !watch->call.options[ADMIN_NOHEADINGS])
			puts("time\tstate\tstatus\tattempt\tprogress\terror");
		printf("%.*s%.*s\n", watch->as_json ? 0 : (int)time.len, time.data,
			STR_ARGS(buf_str(&line)));
		buf_reset(&watch->shown);
		buf_put_str(&watch->shown, buf_str(&line));
		watch->interval = INTERVAL_FIRST_MS;
	}
	ok = ok && (buf_ok(&watch->shown) || err_no_memory(err));
	if (ok && fflush(stdout) != 0)
		ok = err_set(err, ERR_INTERNAL, NULL, "cannot write the output");
	buf_free(&line);
	buf_free(&time);
	return ok;
}

/* ---- the task ---- */

/* From now on the same task is meant, also if another tenant gets one with its id. */
static void keep_name(struct watch *watch, struct str tenant, const json_t *task)
{
	snprintf(watch->tenant, sizeof(watch->tenant), "%.*s", STR_ARGS(tenant));
	snprintf(watch->id, sizeof(watch->id), "%.*s",
		STR_ARGS(json_str(json_object_get(task, "id"))));
	watch->call.options[ADMIN_TENANT] = watch->tenant;
	watch->call.operand = watch->id;
}

static bool take_row(struct watch *watch, struct str tenant, struct str row, struct err *err)
{
	json_t *task = NULL;
	bool ok = json_parse_trusted(&task, row, err);

	if (ok) {
		if (!watch->id[0])
			keep_name(watch, tenant, task);
		watch->state = task_state_parse(json_str(json_object_get(task, "state")));
		ok = print_change(watch, task, row, err);
	}
	json_decref(task);
	return ok;
}

/* Another count: the next look may find a change soon. */
static void keep_count(struct watch *watch, struct str count)
{
	if (watch->seen[0] && !str_eq(count, str_cstr(watch->seen)))
		watch->interval = INTERVAL_FIRST_MS;
	snprintf(watch->seen, sizeof(watch->seen), "%.*s", STR_ARGS(count));
}

/* Reads the lines of the call (admin_task_watch). */
static bool take_answer(struct watch *watch, struct str answer, struct err *err)
{
	struct str tenant = str_split_next(&answer, '\n');
	struct str row = str_split_next(&answer, '\n');

	keep_count(watch, str_split_next(&answer, '\n'));
	if (!str_eq(row, STR("null")))
		return take_row(watch, tenant, row, err);
	watch->removed = watch->id[0] != '\0';
	return watch->removed || err_set(err, ERR_NOT_FOUND, NULL, "the tenant %.*s has no task %s",
					 STR_ARGS(tenant), watch->call.operand);
}

/* A look waits in the service, but not beyond the timeout, which it has in whole seconds. */
static void set_wait(struct watch *watch)
{
	int64_t left = watch->until > 0 ? watch->until - watch->looked : (int64_t)TIMEOUT_MAX;

	snprintf(watch->seconds, sizeof(watch->seconds), "%" PRId64, left > 0 ? left / 1000 : 0);
	watch->call.options[ADMIN_TIMEOUT] = watch->seconds;
	watch->call.options[ADMIN_SEEN] = watch->seen[0] ? watch->seen : NULL;
}

/* *reached: the store was read; otherwise the error is one that may pass. */
static bool look(struct watch *watch, bool *reached, struct err *err)
{
	struct buf answer = BUF_INIT;
	struct session session;
	bool ok;

	watch->looked = clock_mono_ms();
	set_wait(watch);
	session_open(&session, watch->conf);
	session.in_service = session.once = watch->id[0] != '\0';
	ok = *reached = session_call(&session, &watch->call, &answer, err);
	if (ok)
		ok = take_answer(watch, buf_str(&answer), err);
	else
		watch->seen[0] = '\0';
	session_close(&session);
	buf_free(&answer);
	return ok;
}

/* ---- the watch ---- */

static bool is_over(const struct watch *watch)
{
	return watch->removed || task_state_is_final(watch->state) ||
	       (watch->until > 0 && clock_mono_ms() >= watch->until);
}

static void pause_watch(struct watch *watch)
{
	int64_t now = clock_mono_ms(), wait = watch->looked + watch->interval - now;

	if (watch->until > 0 && watch->until - now < wait)
		wait = watch->until - now;
	if (wait > 0)
		poll(NULL, 0, (int)wait);
	watch->interval += watch->interval / 2;
	if (watch->interval > INTERVAL_MOST_MS)
		watch->interval = INTERVAL_MOST_MS;
}

static void note_silence(struct watch *watch, bool reached, const struct err *err)
{
	const char *cause = err->code == ERR_BUSY ? "the service does not answer" : err_text(err);

	if (!reached && !watch->noted)
		fprintf(stderr, "polytaskctl: note: %s; trying again\n", cause);
	watch->noted = !reached;
}

/* A failure before the task was seen ends the watch. */
static bool run(struct watch *watch, struct err *err)
{
	for (;;) {
		bool reached, ok = look(watch, &reached, err);

		if (!ok && (reached || !watch->id[0]))
			return false;
		note_silence(watch, reached, err);
		if (is_over(watch))
			return true;
		pause_watch(watch);
		if (is_over(watch))
			return true;
	}
}

static int status_of(const struct watch *watch)
{
	if (watch->removed)
		return EXIT_NOT_FOUND;
	if (!task_state_is_final(watch->state))
		return EXIT_NOT_YET;
	return watch->state == TASK_SUCCEEDED ? EXIT_DONE : EXIT_FAILED;
}

/* Every line was flushed, and the kernel releases the locks. */
static void end_watch(int number)
{
	(void)number;
	_exit(EXIT_INTERRUPTED);
}

/* A shell starts background commands with SIGINT ignored. */
static void catch_interrupt(void)
{
	struct sigaction action = { .sa_handler = SIG_DFL };

	sigaction(SIGINT, NULL, &action);
	if (action.sa_handler == SIG_IGN)
		return;
	action = (struct sigaction){ .sa_handler = end_watch };
	sigaction(SIGINT, &action, NULL);
}

static bool set_timeout(struct watch *watch, struct err *err)
{
	const char *text = watch->call.options[ADMIN_TIMEOUT];
	uint64_t seconds;

	if (!text)
		return true;
	if (!str_to_u64(str_cstr(text), &seconds) || seconds == 0 || seconds > TIMEOUT_MAX)
		return err_set(err, ERR_INVALID, "timeout",
			"--timeout must be a number of seconds from 1 on, not '%s'", text);
	watch->until = clock_mono_ms() + (int64_t)seconds * 1000;
	return true;
}

int ctl_task_watch(const struct conf *conf, const struct admin_call *call)
{
	struct watch watch = {
		.conf = conf,
		.call = *call,
		.as_json = call->options[ADMIN_JSON] != NULL,
		.interval = INTERVAL_FIRST_MS,
	};
	struct err err = { 0 };
	int status = 1;
	bool ok;

	catch_interrupt();
	ok = set_timeout(&watch, &err) && run(&watch, &err);
	if (!ok)
		status = ctl_fail_call(&err);
	else if (watch.removed)
		fprintf(stderr, "polytaskctl: the task was removed\n");
	buf_free(&watch.shown);
	return ok ? status_of(&watch) : status;
}
