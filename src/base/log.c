#include "base/log.h"

#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/date.h"

static const char *const names[LOG_LEVELS] = {
	[LOG_DEBUG] = "debug",
	[LOG_INFO] = "info",
	[LOG_WARN] = "warn",
	[LOG_ERROR] = "error",
};

static char process[32] = "main";
static bool process_members_valid; /* whether process_members() may return its last text */
static enum log_level threshold = LOG_INFO;
static enum log_level current_level;
static struct log_limits *limits;
static void (*capture)(enum log_level level, struct str line);

/* The largest write to a pipe that is atomic (pipe(7)), so lines of processes do not mix. */
#define BATCH_MAX PIPE_BUF

static struct {
	bool on;
	struct buf lines;
} batch;

void log_set_process(const char *name)
{
	snprintf(process, sizeof(process), "%s", name);
	process_members_valid = false;
}

void log_set_level(enum log_level level)
{
	threshold = level;
}

void log_set_limits(struct log_limits *shared)
{
	limits = shared;
}

bool log_level_parse(enum log_level *level, const char *name)
{
	for (int i = 0; i < LOG_LEVELS; i++) {
		if (strcmp(names[i], name) == 0) {
			*level = (enum log_level)i;
			return true;
		}
	}
	return false;
}

/* "2026-11-23T10:00:00", formatted once a second. */
static const char *format_second(int64_t ms)
{
	static char text[32];
	static int64_t formatted;

	if (ms / 1000 != formatted || !text[0]) {
		date_format(text, sizeof(text), ms, "%Y-%m-%dT%H:%M:%S");
		formatted = ms / 1000;
	}
	return text;
}

/* `,"process":"worker 1","pid":123,"event":`, formatted once per process. */
static struct str process_members(void)
{
	static struct buf text;

	if (!process_members_valid) {
		buf_reset(&text);
		buf_puts(&text, ",\"process\":");
		buf_put_json_string(&text, str_cstr(process));
		buf_printf(&text, ",\"pid\":%d,\"event\":", (int)getpid());
		process_members_valid = buf_ok(&text);
	}
	return buf_str(&text);
}

static void put_time(struct buf *line, int64_t now)
{
	const char ms[] = { '.', (char)('0' + now / 100 % 10), (char)('0' + now / 10 % 10),
		(char)('0' + now % 10), 'Z' };

	buf_puts(line, "{\"time\":\"");
	buf_puts(line, format_second(now));
	buf_put(line, ms, sizeof(ms));
}

bool log_begin(struct buf *line, enum log_level level, const char *event)
{
	if (level < threshold)
		return false;
	current_level = level;
	put_time(line, clock_wall_ms());
	buf_puts(line, "\",\"level\":\"");
	buf_puts(line, names[level]);
	buf_putc(line, '"');
	buf_put_str(line, process_members());
	buf_put_json_string(line, str_cstr(event));
	return true;
}

/* A failure is ignored: there is nowhere to report it. */
static void write_stderr(const char *bytes, size_t len)
{
	ssize_t written = write(STDERR_FILENO, bytes, len);

	(void)written;
}

static void flush_batch(void)
{
	if (batch.lines.len > 0)
		write_stderr(batch.lines.data, batch.lines.len);
	buf_reset(&batch.lines);
}

void log_batch(bool on)
{
	batch.on = on;
	if (!on)
		flush_batch();
}

void log_end(struct buf *line)
{
	buf_puts(line, "}\n");
	if (!buf_ok(line))
		return;
	if (capture) {
		capture(current_level, (struct str){ line->data, line->len - 1 });
		return;
	}
	if (batch.lines.len + line->len > BATCH_MAX)
		flush_batch();
	buf_put(&batch.lines, line->data, line->len);
	if (!batch.on || current_level >= LOG_ERROR)
		flush_batch();
}

__attribute__((format(printf, 3, 0))) static void log_text(
	enum log_level level, const char *event, const char *format, va_list args)
{
	struct buf line = BUF_INIT;
	uint64_t suppressed = 0;
	char text[1024];

	if (limits && level >= LOG_WARN &&
		!log_limit_take(limits, event, format, clock_mono_ms(), &suppressed))
		return;
	vsnprintf(text, sizeof(text), format, args);
	if (log_begin(&line, level, event)) {
		buf_puts(&line, ",\"text\":");
		buf_put_json_string(&line, str_cstr(text));
		if (suppressed > 0)
			buf_printf(&line, ",\"suppressed\":%" PRIu64, suppressed);
		log_end(&line);
	}
	buf_free(&line);
}

void log_line(enum log_level level, const char *event, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_text(level, event, format, args);
	va_end(args);
}

void log_fatal(const char *event, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_text(LOG_ERROR, event, format, args);
	va_end(args);
	exit(1);
}

void log_capture(void (*take)(enum log_level level, struct str line))
{
	capture = take;
}
