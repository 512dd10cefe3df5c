#pragma once
/*
 * Strict reading of JSON bodies over jansson, and JSON text for fields. What jansson refuses is
 * ERR_MALFORMED with its sentence and position; besides: duplicate members, more than
 * JSON_DEPTH_MAX levels, real numbers whose digits a double does not keep (1e-400,
 * 0.1000000000000000055), a NUL byte. ERR_NO_MEMORY leaves nothing behind. Not for threads:
 * jansson's allocators are changed for the time of a call.
 */
#include <jansson.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#define JSON_DEPTH_MAX 32
/* json_text goes deeper, so that what was read may be put into something that is written. */
#define JSON_TEXT_DEPTH_MAX 64

/* The caller owns *json (json_decref). */
bool json_parse_strict(json_t **json, struct str body, struct err *err)
	__attribute__((warn_unused_result));
/* What jansson takes, however deep and with whatever digits: for text that we wrote ourselves. */
bool json_parse_trusted(json_t **json, struct str text, struct err *err)
	__attribute__((warn_unused_result));
/* The same as json_parse_strict, and it must be an object (ERR_MALFORMED). */
bool json_parse_object(json_t **json, struct str body, struct err *err)
	__attribute__((warn_unused_result));
/*
 * Appends compact JSON text: UTF-8 kept, '/' not escaped, real numbers with the fewest digits that
 * read as the same number. Without memory, or past JSON_TEXT_DEPTH_MAX levels, the buffer fails.
 * Not json_dumps: jansson's own buffer leaves out what it has no room for and goes on.
 */
void json_put(struct buf *out, const json_t *json);
/* The same in arena; ptr NULL when it failed. */
struct str json_text(const json_t *json, struct arena *arena) __attribute__((warn_unused_result));
/* A borrowed view of a JSON string value. */
struct str json_str(const json_t *json);
/* JSON text of a string in arena. */
struct str json_quote(struct str text, struct arena *arena) __attribute__((warn_unused_result));
/*
 * Writes JSON text where a string or null is documented: either as it is, anything else as its text
 * in a string. Empty text is null.
 */
void json_put_as_string(struct buf *out, struct str json);
/*
 * The value of a JSON string's text ("a\u0041" with quotes), unescaped into arena; ptr NULL when the
 * text is not one JSON string.
 */
struct str json_unquote(struct str text, struct arena *arena) __attribute__((warn_unused_result));
