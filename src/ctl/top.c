#include "ctl/top.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "ctl/fail.h"
#include "ctl/screen.h"
#include "ctl/service_call.h"
#include "ctl/top_view.h"
#include "http/json.h"

#define INTERVAL_MS 1000
#define REQUEST	    STR("{\"verb\":[\"status\",\"watch\"]}\n")
/* With --once: the service begins to count tasks at the first request, in up to two seconds. */
#define ONCE_TRIES 3
#define KEYS	   "q: quit"

struct top {
	const char *control;
	json_t *before, *now; /* owned; NULL: none */
	int64_t before_ms, now_ms, wall;
	struct err err; /* of the last request */
};

/* Keeps what there was if the service does not answer. Returns the exit status. */
static int fetch(struct top *top)
{
	char *text = NULL, *messages = NULL;
	size_t size = 0, messages_size = 0;
	FILE *out = open_memstream(&text, &size),
	     *errors = open_memstream(&messages, &messages_size);
	json_t *status = NULL;
	int result = EXIT_FAILED;

	top->err = (struct err){ 0 };
	if (!out || !errors)
		err_no_memory(&top->err);
	else
		result = service_try(top->control, REQUEST, STATUS_SECONDS, out, errors, &top->err);
	if (out)
		fclose(out);
	if (errors)
		fclose(errors);
	if (top->err.code == ERR_NONE &&
		json_parse_trusted(&status, (struct str){ text, size }, &top->err)) {
		json_decref(top->before);
		top->before = top->now;
		top->before_ms = top->now_ms;
		top->now = status;
		top->now_ms = clock_mono_ms();
		top->wall = clock_wall_ms();
	}
	free(text);
	free(messages);
	return result;
}

static bool put_view(const struct top *top, size_t columns, struct buf *out)
{
	const struct top_view view = {
		.before = top->before,
		.now = top->now,
		.ms = top->now_ms - top->before_ms,
		.wall = top->wall,
		.columns = columns,
		.styled = columns > 0,
	};

	return top_view_put(&view, out);
}

/* ---- once ---- */

/* A service that is not serving counts no tasks. */
static bool lacks_tasks(const struct top *top, int64_t since)
{
	const json_t *at = json_object_get(top->now, "counted_at");

	return at && json_integer_value(at) < since;
}

static int run_once(struct top *top)
{
	int64_t since = top->wall;
	struct buf out = BUF_INIT;
	int status, tries = 0;

	do {
		poll(NULL, 0, INTERVAL_MS);
		status = fetch(top);
	} while (top->err.code == ERR_NONE && status == EXIT_DONE && lacks_tasks(top, since) &&
		 ++tries < ONCE_TRIES);
	if (top->err.code != ERR_NONE)
		return ctl_fail(err_text(&top->err)), status;
	if (!put_view(top, 0, &out))
		status = ctl_fail("cannot read the status that the service sent");
	else
		fwrite(out.data, 1, out.len, stdout);
	buf_free(&out);
	return status == EXIT_NOT_YET ? EXIT_DONE : status;
}

/* ---- the live view ---- */

/* The footer has the keys, or why there is no newer status. */
static void draw(const struct top *top)
{
	bool failed = top->err.code != ERR_NONE;
	struct buf view = BUF_INIT;

	if (!put_view(top, screen_columns(), &view))
		buf_reset(&view);
	screen_draw(buf_str(&view), failed ? err_text(&top->err) : KEYS, failed);
	buf_free(&view);
}

static int run_live(struct top *top)
{
	int64_t due = clock_mono_ms() + INTERVAL_MS;
	enum screen_event event;
	char key;

	if (!screen_begin())
		return ctl_fail("standard input is no terminal: use --once");
	draw(top);
	while ((event = screen_wait(due, &key)) != SCREEN_END) {
		if (event == SCREEN_KEY && (key == 'q' || key == 'Q'))
			break;
		if (event == SCREEN_DUE) {
			fetch(top);
			due = clock_mono_ms() + INTERVAL_MS;
		}
		draw(top);
	}
	screen_end();
	return EXIT_DONE;
}

/* A shell in an editor, for example, is a terminal without sequences. */
static bool has_screen(void)
{
	const char *type = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(type && strcmp(type, "dumb") == 0);
}

int ctl_top(struct ctl *ctl)
{
	bool once = ctl->call.options[ADMIN_ONCE] || !has_screen();
	struct top top = { .control = ctl->conf.control };
	int status = fetch(&top);

	if (top.err.code != ERR_NONE)
		ctl_fail(err_text(&top.err));
	else
		status = once ? run_once(&top) : run_live(&top);
	json_decref(top.before);
	json_decref(top.now);
	return status;
}
