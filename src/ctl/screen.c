#include "ctl/screen.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"

#define BEGIN "\033[?1049h\033[?25l" /* alternative screen, no cursor */
#define END   "\033[?25h\033[?1049l"
#define HOME  "\033[H"
/* Before a line: behind one that fills the terminal it would erase the last character. */
#define ERASE_LINE   "\033[K"
#define ERASE_BELOW  "\033[J"
#define ALERT_BEGIN  "\033[7m"
#define ALERT_END    "\033[0m"
#define FOOTER_BYTES 512

static const int ends[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
static const int changes[] = { SIGWINCH, SIGCONT, SIGTSTP };

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static struct {
	struct termios modes; /* before */
	sigset_t mask;	      /* before: no signal of the two lists */
	struct winsize size;
} screen;

static volatile sig_atomic_t ended, resized, stopped, continued;

static void on_end(int number)
{
	ended = number;
}

static void on_change(int number)
{
	stopped |= number == SIGTSTP;
	resized |= number == SIGWINCH;
	continued |= number == SIGCONT;
}

/* ---- signals ---- */

static void catch_all(void)
{
	struct sigaction action = { .sa_handler = on_end };

	for (size_t i = 0; i < COUNT(ends); i++)
		sigaction(ends[i], &action, NULL);
	action = (struct sigaction){ .sa_handler = on_change, .sa_flags = SA_RESTART };
	for (size_t i = 0; i < COUNT(changes); i++)
		sigaction(changes[i], &action, NULL);
}

static sigset_t set_of(const int *list, size_t count)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < count; i++)
		sigaddset(&set, list[i]);
	return set;
}

/* Outside of screen_wait() a request to the service must not be interrupted by a new size. */
static void block_changes(void)
{
	sigset_t set = set_of(changes, COUNT(changes)), other = set_of(ends, COUNT(ends));

	sigprocmask(SIG_BLOCK, &set, &screen.mask);
	sigprocmask(SIG_UNBLOCK, &other, NULL);
	for (size_t i = 0; i < COUNT(changes); i++)
		sigdelset(&screen.mask, changes[i]);
	for (size_t i = 0; i < COUNT(ends); i++)
		sigdelset(&screen.mask, ends[i]);
}

/* ---- the terminal ---- */

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

static void set_modes(const struct termios *modes)
{
	while (tcsetattr(STDIN_FILENO, TCSADRAIN, modes) != 0 && errno == EINTR && !ended)
		;
}

/* In the background the first call stops the process until a shell has continued it. */
static void enter(void)
{
	struct termios modes = screen.modes;

	modes.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	modes.c_cc[VMIN] = 1;
	modes.c_cc[VTIME] = 0;
	set_modes(&modes);
	write_all(BEGIN, strlen(BEGIN));
}

static void leave(void)
{
	write_all(END, strlen(END));
	set_modes(&screen.modes);
}

bool screen_begin(void)
{
	if (tcgetattr(STDIN_FILENO, &screen.modes) != 0)
		return false;
	block_changes();
	catch_all();
	enter();
	return true;
}

void screen_end(void)
{
	leave();
	if (ended && ended != SIGINT) {
		signal((int)ended, SIG_DFL);
		raise((int)ended);
	}
}

/* As Ctrl-Z does without a view. Returns when the process was continued. */
static void stop(void)
{
	sigset_t set = set_of((const int[]){ SIGTSTP }, 1);
	sigset_t next = set_of((const int[]){ SIGCONT }, 1);

	leave();
	signal(SIGTSTP, SIG_DFL);
	raise(SIGTSTP);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	sigprocmask(SIG_BLOCK, &set, NULL);
	/* The one that has continued it. */
	sigtimedwait(&next, NULL, &(const struct timespec){ 0 });
	catch_all();
	enter();
}

/* ---- drawing ---- */

static void read_size(void)
{
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &screen.size) != 0 || screen.size.ws_col == 0 ||
		screen.size.ws_row == 0)
		screen.size = (struct winsize){ .ws_row = 24, .ws_col = 80 };
}

size_t screen_columns(void)
{
	read_size();
	return screen.size.ws_col;
}

static size_t count_lines(struct str lines)
{
	size_t count = 0;

	for (; lines.len > 0; count++)
		str_split_next(&lines, '\n');
	return count;
}

void screen_draw(struct str lines, const char *footer, bool alert)
{
	size_t count = count_lines(lines), room;
	struct buf text = BUF_INIT;
	char last[FOOTER_BYTES];

	read_size();
	room = screen.size.ws_row - 1U;
	buf_puts(&text, HOME);
	for (size_t i = 0; i < count && i < room; i++) {
		buf_puts(&text, ERASE_LINE);
		buf_put_str(&text, str_split_next(&lines, '\n'));
		buf_putc(&text, '\n'); /* the terminal adds the carriage return */
	}
	snprintf(last, sizeof(last), "%s", footer);
	if (count > room)
		snprintf(last, sizeof(last), "%s   %zu more line%s below", footer, count - room,
			str_plural(count - room));
	buf_printf(&text, ERASE_BELOW "%s%.*s%s", alert ? ALERT_BEGIN : "",
		(int)screen.size.ws_col - 1, last, alert ? ALERT_END : "");
	if (buf_ok(&text))
		write_all(text.data, text.len);
	buf_free(&text);
}

/* ---- waiting ---- */

/* ppoll() lets the signals through, so none comes between the look at them and the wait. */
static enum screen_event wait_once(int64_t until, char *key)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
	int64_t left = until - clock_mono_ms();
	struct timespec time = { .tv_sec = left / 1000, .tv_nsec = left % 1000 * 1000000 };
	int ready;

	if (ended)
		return SCREEN_END;
	if (left <= 0)
		return SCREEN_DUE;
	if (stopped || resized || continued) {
		if (stopped)
			stop();
		else if (continued)
			enter();
		stopped = resized = continued = 0;
		return SCREEN_REDRAW;
	}
	ready = ppoll(&input, 1, &time, &screen.mask);
	if (ready <= 0)
		return ready == 0 ? SCREEN_DUE : SCREEN_KEY;
	return read(STDIN_FILENO, key, 1) == 1 ? SCREEN_KEY : SCREEN_END;
}

enum screen_event screen_wait(int64_t until, char *key)
{
	sigset_t set = set_of(ends, COUNT(ends)), before;
	enum screen_event event;

	sigprocmask(SIG_BLOCK, &set, &before);
	do {
		*key = '\0';
		event = wait_once(until, key);
	} while (event == SCREEN_KEY && *key == '\0');
	sigprocmask(SIG_SETMASK, &before, NULL);
	return event;
}
