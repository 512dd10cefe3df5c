#pragma once
/*
 * The view of `top` as text: the state of the service, what needs an operator, its rates and tasks,
 * and tables of its dialects and processes. A rate is the difference of a counter between two
 * statuses (process/status.h) by the time between them; a process that has not been there before,
 * or was started again, has none yet.
 */
#include "ctl/top_lines.h"

/* Appends the lines. False if it is no status, or without memory. */
bool top_view_put(const struct top_view *view, struct buf *out);
