#pragma once
/* What a view of `top` is made of (top_view.h), and its lines. */
#include <jansson.h>

#include "base/buf.h"

#define TOP_LINE_BYTES 1024

struct top_view {
	const json_t *before; /* NULL: no rates yet */
	const json_t *now;
	int64_t ms;	/* between the two */
	int64_t wall;	/* wall-clock ms of the newer one */
	size_t columns; /* lines are cut to them; 0: not */
	bool styled;	/* headers and what is important have sequences for a terminal */
};

enum top_style { TOP_PLAIN, TOP_BOLD, TOP_HEADER };

/* Appends a line, cut to the columns; a header is as wide as these. */
void top_put_line(
	const struct top_view *view, enum top_style style, const char *line, struct buf *out);
/* Appends the text in as many lines as it needs, broken between words. */
void top_put_wrapped(
	const struct top_view *view, enum top_style style, const char *text, struct buf *out);
