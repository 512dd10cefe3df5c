#pragma once
/* The outcome of a command: its exit status, its output, and the last line of its errors. */
#include "base/buf.h"
#include "worker/log_lines.h"
#include "worker/outcome.h"

#define RESULT_MAX   ((size_t)64 * 1024)  /* JSON text of `result`, as in the native API */
#define REPORT_MAX   ((size_t)256 * 1024) /* of a whole report, with its fields */
#define PROGRESS_MAX ((size_t)4096)	  /* JSON text of `progress`, as in the native API */

/* Statuses of <sysexits.h> with a meaning of their own. */
#define RESULT_EXIT_FINAL   65 /* EX_DATAERR: another attempt would fail as well */
#define RESULT_EXIT_RELEASE 75 /* EX_TEMPFAIL: the attempt does not count */

/* Standard output. Zero-initialise; free `bytes`. */
struct output {
	struct buf bytes;
	size_t most;
	bool too_long; /* what followed is lost */
};

void output_add(struct output *output, struct str bytes);

/*
 * Parses JSON that becomes a member of a report, which the service reads up to JSON_DEPTH_MAX
 * levels: one level less. False: it is none.
 */
bool result_parse(json_t **json, struct str text);
/* Bytes of its text as it is sent: numbers may be longer than in the text that was parsed. */
size_t result_size(const json_t *json);
/*
 * Sets the outcome of a command that has ended with this status of waitpid(). report: its output is
 * an object with result, fields, error and progress, all optional; otherwise it is the result.
 */
void result_set(struct outcome *outcome, int status, const struct output *output, bool report,
	const struct log_lines *log);
