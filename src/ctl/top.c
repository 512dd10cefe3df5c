#include "ctl/top.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "ctl/fail.h"
#include "ctl/service_call.h"
#include "ctl/top_view.h"
#include "http/json.h"

#define INTERVAL_MS 1000

#define SCREEN_BEGIN "\033[?1049h\033[?25l" /* alternative screen, no cursor */
#define SCREEN_END   "\033[?25h\033[?1049l"
#define SCREEN_HOME  "\033[H"
#define LINE_END     "\033[K\n" /* the terminal adds the carriage return */
#define SCREEN_REST  "\033[J"

struct top {
	const char *control;
	json_t *before, *now; /* owned; NULL: none */
	int64_t before_ms, now_ms, wall;
	struct err err; /* of the last request */
	struct termios modes;
	struct winsize size;
};

static volatile sig_atomic_t ended, resized;

static void on_end(int number)
{
	ended = number;
}

static void on_resize(int number)
{
	(void)number;
	resized = 1;
}

/* ---- statuses ---- */

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
		result = service_try(
			top->control, STATUS_REQUEST, STATUS_SECONDS, out, errors, &top->err);
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
	};

	return top_view_put(&view, out);
}

/* ---- once ---- */

static int run_once(struct top *top)
{
	struct buf out = BUF_INIT;
	int status;

	poll(NULL, 0, INTERVAL_MS);
	status = fetch(top);
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

static void catch_signals(void)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	struct sigaction action = { .sa_handler = on_end };

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		sigaction(ends[i], &action, NULL);
	action.sa_handler = on_resize;
	sigaction(SIGWINCH, &action, NULL);
}

static void write_all(const char *text, size_t len)
{
	while (len > 0) {
		ssize_t written = write(STDOUT_FILENO, text, len);

		if (written < 0 && errno != EINTR) {
			ended = SIGHUP;
			return;
		}
		if (written > 0) {
			text += written;
			len -= (size_t)written;
		}
	}
}

/* Keys arrive at once and are not shown; Ctrl-Z would leave the screen as it is. */
static bool begin_screen(struct top *top)
{
	struct termios modes;

	if (tcgetattr(STDIN_FILENO, &top->modes) != 0)
		return false;
	modes = top->modes;
	modes.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	modes.c_cc[VMIN] = 0;
	modes.c_cc[VTIME] = 0;
	modes.c_cc[VSUSP] = _POSIX_VDISABLE;
	if (tcsetattr(STDIN_FILENO, TCSADRAIN, &modes) != 0)
		return false;
	write_all(SCREEN_BEGIN, strlen(SCREEN_BEGIN));
	return true;
}

static void end_screen(const struct top *top)
{
	write_all(SCREEN_END, strlen(SCREEN_END));
	tcsetattr(STDIN_FILENO, TCSADRAIN, &top->modes);
}

static void read_size(struct top *top)
{
	resized = 0;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &top->size) != 0 || top->size.ws_col == 0)
		top->size = (struct winsize){ .ws_row = 24, .ws_col = 80 };
}

/* The last line has the keys, or why there is no newer status. */
static void draw(struct top *top)
{
	struct buf view = BUF_INIT, screen = BUF_INIT;
	struct str rest;
	size_t lines = 1;

	read_size(top);
	put_view(top, top->size.ws_col, &view);
	rest = buf_str(&view);
	buf_puts(&screen, SCREEN_HOME);
	for (; rest.len > 0 && lines < top->size.ws_row; lines++) {
		buf_put_str(&screen, str_split_next(&rest, '\n'));
		buf_puts(&screen, LINE_END);
	}
	buf_printf(&screen, "%.*s" SCREEN_REST, (int)top->size.ws_col - 1,
		top->err.code == ERR_NONE ? "q: quit" : err_text(&top->err));
	if (buf_ok(&screen))
		write_all(screen.data, screen.len);
	buf_free(&view);
	buf_free(&screen);
}

/* Until the next status is due, a key was typed or a signal came. False: the end. */
static bool wait_for_key(int64_t until)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
	int64_t left = until - clock_mono_ms();
	char key = '\0';

	if (ended || poll(&input, 1, left > 0 ? (int)left : 0) <= 0)
		return !ended;
	return read(STDIN_FILENO, &key, 1) == 1 && key != 'q' && key != 'Q';
}

static int run_live(struct top *top)
{
	int64_t due = clock_mono_ms() + INTERVAL_MS;

	catch_signals();
	if (!begin_screen(top))
		return ctl_fail("standard input is no terminal: use --once");
	draw(top);
	while (wait_for_key(due)) {
		if (clock_mono_ms() >= due) {
			fetch(top);
			due = clock_mono_ms() + INTERVAL_MS;
			draw(top);
		} else if (resized) {
			draw(top);
		}
	}
	end_screen(top);
	if (ended && ended != SIGINT) {
		signal((int)ended, SIG_DFL);
		raise((int)ended);
	}
	return EXIT_DONE;
}

int ctl_top(struct ctl *ctl)
{
	bool once = ctl->call.options[ADMIN_ONCE] || !isatty(STDOUT_FILENO);
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
