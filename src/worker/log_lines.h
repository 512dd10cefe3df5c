#pragma once
/*
 * Lines that a command printed on standard error, until a report has brought them to the service.
 * Memory is bounded: a long line is cut, and of too many lines the oldest are dropped. The limits
 * are below those of a report (src/dialect/native/README.md, Log lines): 100 lines, 16 KiB.
 *
 * Zero-initialise; free with log_lines_free.
 */
#include <jansson.h>

#include "base/str.h"

#define LOG_LINES_MAX	   99		   /* beside the line that counts the dropped ones */
#define LOG_LINE_BYTES_MAX 1000		   /* of a line; its JSON text is cut to this, too */
#define LOG_REPORT_BYTES   ((size_t)15000) /* JSON text of all lines of a report */

struct log_line {
	uint16_t len;
	bool cut;
	char text[LOG_LINE_BYTES_MAX];
};

struct log_lines {
	struct log_line *ring; /* LOG_LINES_MAX lines; allocated with the first byte */
	size_t first, count;
	size_t taken;		   /* of the oldest lines, those in the present report */
	uint64_t dropped;	   /* before the oldest line */
	uint64_t dropped_reported; /* of these, as the present report says */
	uint64_t dropped_since;	   /* lines of the present report that had to give way */
	struct log_line partial;   /* without its line feed yet */
	struct log_line last;	   /* the last line that is not empty */
};

void log_lines_free(struct log_lines *log);
/* Adds a part of the output. */
void log_lines_add(struct log_lines *log, struct str bytes);
/* At the end of the output: the last line may have no line feed. */
void log_lines_end(struct log_lines *log);
bool log_lines_waiting(const struct log_lines *log);
/*
 * Returns the lines for a report as an array of strings, at most 100; NULL: none. They are kept
 * until log_lines_settle reports whether the service has stored them. Of lines that have more bytes
 * than a report may have, the oldest are taken, and the others wait for the next one. If it is the
 * last report, the oldest are dropped.
 */
json_t *log_lines_take(struct log_lines *log, bool last);
void log_lines_settle(struct log_lines *log, bool stored);
/* The last line that is not empty, as a JSON string; NULL: none. */
json_t *log_lines_last(const struct log_lines *log);
