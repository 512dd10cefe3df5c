#pragma once
/*
 * Texts that workers report: output of programs, of any length and with any bytes. A report is not
 * refused for such a text, because the state that it carries would be lost: its last part is kept,
 * after the line "[the first N bytes were cut]", and what JSON cannot have is replaced. The text is
 * changed within the body, before the strict parser (http/json.h) reads it. Pure.
 */
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/* A member of a body whose value a worker writes. Results are zero before. */
struct worker_text {
	const char *parent; /* the member of the body with the object that has it; NULL: none */
	const char *name;
	size_t max; /* bytes of JSON text */
	/* Instead of the last part, the first max bytes of the text, as a JSON string of any length. */
	bool keeps_start;
	bool nested; /* strings within its array or object are cleaned too, but not cut */
	/* The first so many strings within it are cut to item_max bytes of JSON text. */
	size_t items, item_max;
	bool cut;    /* result: it was longer */
	bool seen;   /* result: it was a string in the body */
	size_t item; /* result: strings within it */
};

/*
 * Replaces the values of `count` members in the text of a body, if they are strings. Bytes that are
 * not UTF-8, NUL (also \u0000) and lone surrogates become U+FFFD, control characters are escaped.
 * ERR_TOO_LARGE if the rest of the body, without these strings and those that item_max cuts, has
 * more than others_max bytes. *body is in arena or unchanged. Left to the parser are a text that is
 * not JSON, members with an escape in their name, a second member of the same name, and, of a long
 * string with a wrong escape, the escape alone.
 */
bool worker_text_shorten(struct str *body, struct worker_text *texts, size_t count,
	size_t others_max, struct arena *arena, struct err *err);
/*
 * The last part of a UTF-8 text as a JSON string of at most max bytes, more than 64. A
 * line at its start that marks a cut is replaced. STR_NULL without memory.
 */
struct str worker_text_quote_end(struct str text, size_t max, struct arena *arena);
