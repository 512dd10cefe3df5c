#pragma once
/*
 * Helpers of the functions that read the kind of a task from its fields (task_kind_function). A
 * kind is at most TASK_KIND_MAX bytes of UTF-8: of a longer value the first characters. Pure.
 */
#include "task/index.h"

/*
 * The value of the field if it is a string, in scratch; empty if the field is absent, of another
 * type, or has a control character.
 */
struct str kind_of_field(const struct task *task, const char *name, char scratch[TASK_KIND_MAX]);
/*
 * Appends the value of the JSON text of a string to the *len bytes in scratch. False if the text is
 * not a string, or the value is empty or has a control character.
 */
bool kind_put(struct str json, char scratch[TASK_KIND_MAX], size_t *len);
/*
 * The JSON text of the member of this name if it is a string in the JSON text of an object; else
 * STR_NULL. The name has no escapes, as in texts that this program has written.
 */
struct str kind_member(struct str object, struct str name);
/* Whether a request can name this kind: 1 to TASK_KIND_MAX bytes, no control character. */
bool kind_is_valid(struct str kind);
/*
 * The function index_field.kind_value of a field that kind_of_field() reads, and that is always a
 * string: its JSON text. STR_NULL for a kind that may be the beginning of other values or has a
 * character that JSON may escape.
 */
struct str kind_quote(struct str kind, char scratch[INDEX_SCRATCH_SIZE]);
