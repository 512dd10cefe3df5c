#include "ctl/progress.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "ctl/progress_text.h"

#define FIRST_MS    2000
#define INTERVAL_MS 500
#define LINE_MAX    256
#define UNIT_SIZE   16
#define WIDTH	    80 /* of a terminal that does not tell its own */
#define CLEAR	    "\r\033[K"

static struct {
	/* The mutex guards all but the atomic members. */
	pthread_mutex_t mutex;
	pthread_cond_t wake;
	pthread_t thread;
	bool running, ending;
	const char *what, *phase;
	char unit[UNIT_SIZE]; /* empty: bytes */
	int64_t began;	      /* the phase; monotonic ms */
	bool follows_input, has_figures;
	_Atomic uint64_t done, total;
	_Atomic bool shown;
} meter = { .mutex = PTHREAD_MUTEX_INITIALIZER };

/* ---- the line ---- */

/* To the descriptor: a stream could be locked by the thread that is interrupted. */
static void write_text(const char *text, size_t len)
{
	/* If the terminal has gone, there is nothing to be done. */
	if (write(STDERR_FILENO, text, len) < 0)
		return;
}

static void clear(void)
{
	if (atomic_exchange(&meter.shown, false))
		write_text(CLEAR, strlen(CLEAR));
}

static void read_input_position(void)
{
	off_t position = lseek(STDIN_FILENO, 0, SEEK_CUR);

	if (position >= 0)
		meter.done = (uint64_t)position;
}

/* Never longer than the terminal is wide: a line that wraps could not be removed. */
static void show(void)
{
	struct winsize size = { .ws_col = WIDTH };
	char line[sizeof(CLEAR) + LINE_MAX] = CLEAR;
	size_t width;

	if (meter.follows_input)
		read_input_position();
	progress_format(&(struct progress_figures){ meter.what, meter.phase,
				meter.unit[0] ? meter.unit : NULL, meter.done, meter.total,
				clock_mono_ms() - meter.began },
		line + strlen(CLEAR), LINE_MAX);
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
		size.ws_col = WIDTH;
	width = strlen(CLEAR) + size.ws_col - 1;
	if (width < sizeof(line))
		line[width] = '\0';
	meter.shown = true;
	write_text(line, strlen(line));
}

static void *run(void *data)
{
	int wait_ms = FIRST_MS;

	(void)data;
	pthread_mutex_lock(&meter.mutex);
	while (!meter.ending) {
		struct timespec until;

		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec += wait_ms / 1000;
		until.tv_nsec += wait_ms % 1000 * 1000000L;
		if (until.tv_nsec >= 1000000000L) {
			until.tv_sec++;
			until.tv_nsec -= 1000000000L;
		}
		pthread_cond_timedwait(&meter.wake, &meter.mutex, &until);
		if (!meter.ending)
			show();
		wait_ms = INTERVAL_MS;
	}
	clear();
	pthread_mutex_unlock(&meter.mutex);
	return NULL;
}

/* ---- begin and end ---- */

static void on_interrupt(int number)
{
	if (meter.shown)
		write_text(CLEAR, strlen(CLEAR));
	signal(number, SIG_DFL);
	raise(number);
}

/* A command that catches signals itself does so later. */
static void catch_interrupt(void)
{
	struct sigaction action = { .sa_handler = SIG_DFL };

	sigaction(SIGINT, NULL, &action);
	if (action.sa_handler != SIG_DFL)
		return;
	action = (struct sigaction){ .sa_handler = on_interrupt };
	sigaction(SIGINT, &action, NULL);
}

/* All signals are for the thread of the command. */
static bool start_thread(void)
{
	sigset_t all, before;
	bool ok;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	ok = pthread_create(&meter.thread, NULL, run, NULL) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return ok;
}

/* With the mutex, or without a thread. */
static void reset(const char *phase)
{
	meter.phase = phase;
	meter.unit[0] = '\0';
	meter.done = meter.total = 0;
	meter.follows_input = meter.has_figures = false;
	meter.began = clock_mono_ms();
}

void progress_begin(const char *what)
{
	pthread_condattr_t attributes;

	if (meter.running || !isatty(STDERR_FILENO))
		return;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&meter.wake, &attributes);
	pthread_condattr_destroy(&attributes);
	meter.what = what;
	reset(NULL);
	meter.running = start_thread();
	if (meter.running)
		catch_interrupt();
}

void progress_end(void)
{
	if (!meter.running)
		return;
	pthread_mutex_lock(&meter.mutex);
	meter.ending = true;
	pthread_cond_signal(&meter.wake);
	pthread_mutex_unlock(&meter.mutex);
	pthread_join(meter.thread, NULL);
	pthread_cond_destroy(&meter.wake);
	meter.running = meter.ending = false;
	reset(NULL);
}

bool progress_runs(void)
{
	return meter.running;
}

/* ---- figures ---- */

void progress_phase(const char *phase)
{
	pthread_mutex_lock(&meter.mutex);
	reset(phase);
	pthread_mutex_unlock(&meter.mutex);
}

void progress_set(uint64_t done, uint64_t total, const char *unit)
{
	if (!meter.running)
		return;
	pthread_mutex_lock(&meter.mutex);
	snprintf(meter.unit, sizeof(meter.unit), "%s", unit ? unit : "");
	meter.has_figures = true;
	meter.done = done;
	meter.total = total;
	pthread_mutex_unlock(&meter.mutex);
}

void progress_add_line(void)
{
	if (!meter.running || meter.has_figures)
		return;
	pthread_mutex_lock(&meter.mutex);
	snprintf(meter.unit, sizeof(meter.unit), "lines");
	meter.done++;
	pthread_mutex_unlock(&meter.mutex);
}

void progress_follow_input(void)
{
	struct stat status;

	if (!meter.running || fstat(STDIN_FILENO, &status) != 0 || !S_ISREG(status.st_mode))
		return;
	progress_set(0, (uint64_t)status.st_size, NULL);
	pthread_mutex_lock(&meter.mutex);
	meter.follows_input = true;
	pthread_mutex_unlock(&meter.mutex);
}

/* ---- other output ---- */

void progress_clear(void)
{
	if (!meter.shown)
		return;
	pthread_mutex_lock(&meter.mutex);
	clear();
	pthread_mutex_unlock(&meter.mutex);
}

static ssize_t write_cleared(void *cookie, const char *bytes, size_t size)
{
	FILE *to = cookie;

	progress_clear();
	return fwrite(bytes, 1, size, to) == size && fflush(to) == 0 ? (ssize_t)size : 0;
}

FILE *progress_stream(FILE *to)
{
	FILE *stream;

	if (!meter.running || !isatty(fileno(to)))
		return to;
	stream = fopencookie(to, "w", (cookie_io_functions_t){ .write = write_cleared });
	if (!stream)
		return to;
	setvbuf(stream, NULL, _IOLBF, BUFSIZ);
	return stream;
}

bool progress_close_stream(FILE *stream, FILE *to)
{
	return stream == to || fclose(stream) == 0;
}
