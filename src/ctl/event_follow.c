#include "ctl/event_follow.h"

#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "admin/event_command.h"
#include "ctl/fail.h"
#include "ctl/session.h"
#include "task/feed.h"

#define INTERVAL_FIRST_MS 500
#define INTERVAL_MOST_MS  2000

struct follower {
	const struct conf *conf;
	struct admin_call call; /* --after is the place, once there is one */
	char place[FEED_PLACE_SIZE];
	bool begun; /* a call was answered */
	bool more;  /* there are more events now */
	bool noted; /* that the service does not answer */
	int interval;
};

/* ---- one call ---- */

static bool take_place(struct follower *follower, struct str line, struct err *err)
{
	struct str word = str_split_next(&line, ' ');
	struct feed_place place;

	if (str_eq(word, STR("gone")))
		return err_set(err, ERR_GONE, NULL, "%.*s", STR_ARGS(line));
	follower->more = str_eq(word, STR("more"));
	if (!(follower->more || str_eq(word, STR("next"))) || !feed_place_parse(&place, line))
		return err_set(err, ERR_INTERNAL, NULL, "cannot read the events");
	feed_place_format(&place, follower->place);
	follower->call.options[ADMIN_AFTER] = follower->place;
	return true;
}

static bool print_answer(struct follower *follower, struct str answer, struct err *err)
{
	if (!take_place(follower, str_split_next(&answer, '\n'), err))
		return false;
	if (!follower->begun && !follower->call.options[ADMIN_JSON] &&
		!follower->call.options[ADMIN_NOHEADINGS])
		puts(admin_event_header);
	follower->begun = true;
	if (answer.len > 0) {
		fwrite(answer.ptr, 1, answer.len, stdout);
		follower->interval = INTERVAL_FIRST_MS;
	}
	return fflush(stdout) == 0 || err_set(err, ERR_INTERNAL, NULL, "cannot write the output");
}

/* *reached: the service has answered; otherwise the error is one that may pass. */
static bool ask(struct follower *follower, bool *reached, struct err *err)
{
	struct buf answer = BUF_INIT;
	struct session session;
	bool ok;

	session_open(&session, follower->conf);
	session.in_service = session.once = follower->begun;
	ok = *reached = session_call(&session, &follower->call, &answer, err);
	ok = ok && print_answer(follower, buf_str(&answer), err);
	session_close(&session);
	buf_free(&answer);
	return ok;
}

/* ---- the command ---- */

static void note_silence(struct follower *follower, bool reached, const struct err *err)
{
	const char *cause = err->code == ERR_BUSY ? "the service does not answer" : err_text(err);

	if (!reached && !follower->noted)
		fprintf(stderr, "polytaskctl: note: %s; trying again\n", cause);
	follower->noted = !reached;
}

/* False: the reader of the output has gone. */
static bool pause_follower(struct follower *follower)
{
	struct pollfd output = { .fd = STDOUT_FILENO };
	int found = follower->more ? 0 : poll(&output, 1, follower->interval);

	follower->interval += follower->interval / 2;
	if (follower->interval > INTERVAL_MOST_MS)
		follower->interval = INTERVAL_MOST_MS;
	return found <= 0 || !(output.revents & (POLLERR | POLLHUP));
}

int ctl_event_follow(const struct conf *conf, const struct admin_call *call)
{
	struct follower follower = {
		.conf = conf,
		.call = *call,
		.interval = INTERVAL_FIRST_MS,
	};

	for (;;) {
		struct err err = { 0 };
		bool reached, ok = ask(&follower, &reached, &err);

		if (!ok && (reached || !follower.begun))
			return ctl_fail_call(&err);
		follower.more &= reached;
		note_silence(&follower, reached, &err);
		if (!pause_follower(&follower))
			return EXIT_NO_READER;
	}
}
