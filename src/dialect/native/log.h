#pragma once
/*
 * Log lines that workers report, in the journal as one JSON array of strings for each report
 * (README.md, "Log lines"). Private to this folder.
 */
#include "dialect/native/native.h"

#define NATIVE_LOG_LINES ((size_t)100)	     /* of a report, and of an attempt that is shown */
#define NATIVE_LOG_LINE	 ((size_t)1024)	     /* bytes of JSON text of a line */
#define NATIVE_LOG_SHOWN ((size_t)64 * 1024) /* bytes of JSON text that an attempt shows */

/*
 * Makes the array of a report's lines, in arena; empty: none. The first lines are left out if all
 * have more than REPORT_LOG_MAX bytes. False: the value is no array of at most NATIVE_LOG_LINES
 * strings, or, with *memory false, there is no memory.
 */
bool native_make_log(const json_t *value, struct arena *arena, struct str *log, bool *memory);
/*
 * Writes the last lines of the entries, which are the newest first, as one array of at most
 * NATIVE_LOG_LINES lines and NATIVE_LOG_SHOWN bytes. Returns whether these are all lines.
 */
bool native_put_log(const struct journal_entry *entries, size_t count, struct buf *out);
