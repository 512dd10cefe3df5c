#pragma once
/*
 * The view of `top` as text: the state of the service, its rates and its processes. A rate is the
 * difference of a counter between two statuses (process/status.h) by the time between them; a
 * process that has not been there before, or was started again, has none yet.
 */
#include <jansson.h>

#include "base/buf.h"

struct top_view {
	const json_t *before; /* NULL: no rates yet */
	const json_t *now;
	int64_t ms;	/* between the two */
	int64_t wall;	/* wall-clock ms of the newer one */
	size_t columns; /* lines are cut to them; 0: not */
};

/* Appends the lines. False if it is no status, or without memory. */
bool top_view_put(const struct top_view *view, struct buf *out);
