#pragma once
/*
 * How a text of a worker is cut, for dialect/worker_text.c. UTF-8 is cut at whole characters. The
 * results are JSON strings in arena, or STR_NULL without memory; *cut is set if something is cut,
 * and else unchanged. Pure.
 */
#include "base/arena.h"
#include "base/str.h"

/* Bytes for the line that marks a cut, and for the quotes. */
#define WORKER_TEXT_MARK_ROOM 64

/*
 * The last part, of at most max bytes of JSON text, more than WORKER_TEXT_MARK_ROOM, after a line
 * with the number of bytes that are cut. before: bytes that are missing already.
 */
struct str worker_text_cut_end(
	struct str text, uint64_t before, size_t max, struct arena *arena, bool *cut);
/* The first max bytes. */
struct str worker_text_cut_start(struct str text, size_t max, struct arena *arena, bool *cut);
