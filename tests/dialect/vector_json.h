#pragma once
/* Values of an operation as JSON. Private to the files that write or read them. */
#include "dialect/vector.h"

static inline void set_str(json_t *json, const char *name, struct str value)
{
	json_object_set_new(json, name, json_stringn(value.ptr ? value.ptr : "", value.len));
}

static inline void set_number(json_t *json, const char *name, uint64_t number)
{
	if (number > 0)
		json_object_set_new(json, name, json_integer((json_int_t)number));
}

static inline json_t *json_of_time(const void *at)
{
	const struct optional_time *time = at;

	return optional_time_is_set(*time) ? json_integer(optional_time_ms(*time)) : json_null();
}

static inline json_t *json_of_json(const void *at)
{
	const struct str *text = at;

	return text->len ? json_loadb(text->ptr, text->len, JSON_DECODE_ANY, NULL) : json_null();
}

static inline json_t *json_of_text(const void *at)
{
	const struct str *text = at;

	return text->len ? json_stringn(text->ptr, text->len) : json_null();
}
