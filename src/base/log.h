#pragma once
/*
 * Log: one JSON object per line on standard error. Each line is in one write(2), so that lines of
 * several processes do not mix. Members: time, level, process, pid, event, then those of the event.
 * Never log a credential, a body or a signature.
 *
 * log_info: normal events of interest to an operator. log_warn: a problem that was handled.
 * log_error: a problem that needs an operator. log_fatal: logs and exits with status 1.
 */
#include "base/buf.h"
#include "base/log_limit.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR, LOG_LEVELS };

/* Sets the name of this process ("worker 1"), copied. After fork, call it before logging. */
void log_set_process(const char *name);
/* Drops lines below this level. The default is LOG_INFO. */
void log_set_level(enum log_level level);
/* Parses "debug", "info", "warn" or "error"; false for any other text. */
bool log_level_parse(enum log_level *level, const char *name);

/*
 * Limits repeated lines of log_line() at warning or above (log_limit.h): the next line of a message
 * has the number left out before it as its member "suppressed". Borrowed; NULL, the default: no
 * limit.
 */
void log_set_limits(struct log_limits *limits);

void log_line(enum log_level level, const char *event, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
#define log_debug(event, ...) log_line(LOG_DEBUG, event, __VA_ARGS__)
#define log_info(event, ...)  log_line(LOG_INFO, event, __VA_ARGS__)
#define log_warn(event, ...)  log_line(LOG_WARN, event, __VA_ARGS__)
#define log_error(event, ...) log_line(LOG_ERROR, event, __VA_ARGS__)
void log_fatal(const char *event, const char *format, ...)
	__attribute__((format(printf, 2, 3), noreturn));

/*
 * Writes a line with more members: log_begin puts the start of the line into the buffer, the caller
 * appends `,"name":value`, log_end completes and writes it. log_begin returns false if the level is
 * dropped.
 */
bool log_begin(struct buf *line, enum log_level level, const char *event);
void log_end(struct buf *line);

/*
 * While on, lines below LOG_ERROR are collected and written together, when PIPE_BUF (4096) bytes
 * are reached or it is switched off: a round of many requests takes few system calls.
 */
void log_batch(bool on);

/* For tests: passes every line to this function instead of standard error; NULL: stop. */
void log_capture(void (*take)(enum log_level level, struct str line));
