#pragma once
/*
 * Texts of tasks for a terminal. They come from clients and workers, so they may have escape
 * sequences, and characters that move the text around them.
 */
#include "base/buf.h"
#include "http/json.h"

/* Most bytes of an error or of a progress in a table. */
#define TASK_TEXT_SHORT 60

/*
 * Appends the UTF-8 text with control characters, line separators and directional formatting
 * characters as \uXXXX. Of a text longer than max bytes (0: any length), the beginning and "...".
 */
void task_text_put(struct buf *out, struct str text, size_t max);
/* The same with a JSON value: a string without its quotes, "-" for null, other values as JSON. */
void task_text_put_json(struct buf *out, const json_t *value, size_t max);
/* "2026-11-23T18:12:54Z" from a time of the API; "-" for null. */
void task_text_put_time(struct buf *out, const json_t *value);
