#pragma once
/*
 * The log: one JSON object a line on standard error, each line one write(2), so that processes do
 * not tear each other's lines. Members: time, level, process, pid, event, then what the event is
 * about. Never log a credential, a body or a signature.
 *
 * log_info: what an operator wants to see in a healthy day. log_warn: something is off and was
 * handled. log_error: somebody should look. log_fatal writes and ends the process with status 1.
 */
#include "base/buf.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR, LOG_LEVELS };

/* What this process calls itself ("worker 1"); copied. A child of fork says it before it logs. */
void log_set_process(const char *name);
/* Lines below this level are dropped. The default is LOG_INFO. */
void log_set_level(enum log_level level);
/* Reads "debug", "info", "warn", "error"; false for anything else. */
bool log_level_parse(enum log_level *level, const char *name);

void log_line(enum log_level level, const char *event, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
#define log_debug(event, ...) log_line(LOG_DEBUG, event, __VA_ARGS__)
#define log_info(event, ...)  log_line(LOG_INFO, event, __VA_ARGS__)
#define log_warn(event, ...)  log_line(LOG_WARN, event, __VA_ARGS__)
#define log_error(event, ...) log_line(LOG_ERROR, event, __VA_ARGS__)
void log_fatal(const char *event, const char *format, ...)
	__attribute__((format(printf, 2, 3), noreturn));

/*
 * A line with members of its own: log_begin writes the head into the buffer, the caller appends
 * `,"name":value` pairs, log_end closes and sends it. log_begin is false when the level is dropped.
 */
bool log_begin(struct buf *line, enum log_level level, const char *event);
void log_end(struct buf *line);

/*
 * While on, lines below LOG_ERROR are gathered and leave in one write(2), when it goes off or 32
 * KiB have come: a round of many requests costs one system call.
 */
void log_batch(bool on);

/* Tests: every line goes to this function instead of standard error; NULL ends it. */
void log_capture(void (*take)(enum log_level level, struct str line));
