#pragma once
/*
 * Strict JSON parsing with jansson, and JSON text of fields. ERR_MALFORMED has jansson's message
 * and position. Also malformed: duplicate members, more than JSON_DEPTH_MAX levels, real numbers
 * whose digits a double cannot keep (1e-400, 0.1000000000000000055), a NUL byte. Not thread-safe: a
 * parse replaces jansson's allocators.
 */
#include <jansson.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#define JSON_DEPTH_MAX 32
/* Deeper than JSON_DEPTH_MAX, so that parsed values can be nested in the text of others. */
#define JSON_TEXT_DEPTH_MAX 64

/* The caller owns *json (json_decref). */
bool json_parse_strict(json_t **json, struct str body, struct err *err)
	__attribute__((warn_unused_result));
/* Without the limits of depth and digits: for text that this program wrote. */
bool json_parse_trusted(json_t **json, struct str text, struct err *err)
	__attribute__((warn_unused_result));
/* Up to JSON_TEXT_DEPTH_MAX levels: for exported text, which an operator may have edited. */
bool json_parse_exact(json_t **json, struct str text, struct err *err)
	__attribute__((warn_unused_result));
/* json_parse_strict, and ERR_MALFORMED unless it is an object. */
bool json_parse_object(json_t **json, struct str body, struct err *err)
	__attribute__((warn_unused_result));
/*
 * Appends compact JSON text: UTF-8 is kept, '/' is not escaped, real numbers have the fewest digits
 * that read back as the same number. The buffer fails without memory and past JSON_TEXT_DEPTH_MAX
 * levels. (json_dumps cannot be used: without memory it omits parts and continues.)
 */
void json_put(struct buf *out, const json_t *json);
/* The same in arena; STR_NULL on failure. */
struct str json_text(const json_t *json, struct arena *arena) __attribute__((warn_unused_result));
/* The depth of nested arrays and objects in a valid JSON text; 0: neither. */
unsigned json_text_depth(struct str text);
/* Value of a JSON string, borrowed. */
struct str json_str(const json_t *json);
/* JSON text of a string, in arena; STR_NULL without memory. */
struct str json_quote(struct str text, struct arena *arena) __attribute__((warn_unused_result));
/*
 * Writes a JSON text where a string or null is documented: these unchanged, other values as a
 * string of their text. An empty text is written as null.
 */
void json_put_as_string(struct buf *out, struct str json);
/*
 * Value of the JSON text of a string ("a\u0041" with its quotes), unescaped into arena; STR_NULL if
 * the text is not a JSON string or memory is exhausted.
 */
struct str json_unquote(struct str text, struct arena *arena) __attribute__((warn_unused_result));
