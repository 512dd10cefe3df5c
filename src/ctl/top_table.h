#pragma once
/*
 * The tables of `top`: dialects and processes. If the terminal is too narrow for all columns, the
 * least important ones are left out, so that the others stay whole.
 */
#include "base/buf.h"
#include "ctl/top_lines.h"

/* Both append a header and a line for each row. */
void top_put_dialects(const struct top_view *view, struct buf *out);
void top_put_processes(const struct top_view *view, struct buf *out);
