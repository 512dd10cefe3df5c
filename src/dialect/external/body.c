/* The members of a request: liberal in the types of scalars, as the original. */
#include <inttypes.h>
#include <stdio.h>

#include "base/date.h"
#include "dialect/external/external.h"
#include "dialect/worker_text.h"
#include "http/query.h"

bool external_read_body(const struct request *request, json_t **json, struct err *err)
{
	struct worker_text texts[] = {
		{ .name = "errorMessage", .max = 4 * EXTERNAL_MESSAGE_MAX, .keeps_start = true },
		{ .name = "errorDetails", .max = TASK_TEXT_MAX },
	};
	struct str body = request->body;
	json_t *read = NULL;

	/* RFC 8259 §8.1: a parser may ignore it. */
	if (str_starts(body, STR("\xEF\xBB\xBF")))
		body = str_skip(body, 3);
	if (!worker_text_shorten(&body, texts, sizeof(texts) / sizeof(texts[0]),
		    request->body_limit, request->arena, err))
		return false;
	if (body.len > 0 && !json_parse_strict(&read, body, err))
		return false;
	if (!read || json_is_null(read)) {
		json_decref(read);
		read = json_object();
	}
	if (!read)
		return err_no_memory(err);
	if (!json_is_object(read)) {
		json_decref(read);
		return err_set(err, ERR_MALFORMED, NULL, "The body must be a JSON object.");
	}
	*json = read;
	return true;
}

static bool set_text(const struct external_body *body, struct str text, struct str *out)
{
	*out = arena_copy(body->arena, text);
	return out->ptr || err_no_memory(body->err);
}

/* 5.0 is 5, as JSON has one type of numbers. */
static bool set_number(const struct external_body *body, double number, struct str *out)
{
	char text[32];
	json_t *json = NULL;

	if (number >= -9e15 && number <= 9e15 && (double)(int64_t)number == number) {
		int len = snprintf(text, sizeof(text), "%" PRId64, (int64_t)number);

		return set_text(body, (struct str){ text, (size_t)len }, out);
	}
	json = json_real(number);
	*out = json ? json_text(json, body->arena) : STR_NULL;
	json_decref(json);
	return out->ptr || err_no_memory(body->err);
}

bool external_get(const struct external_body *body, const char *name, struct external_value *value)
{
	const json_t *json = body->json ? json_object_get(body->json, name) : NULL;
	char text[32];
	int len;

	*value = (struct external_value){ STR_NULL, NULL };
	switch (json ? json_typeof(json) : JSON_NULL) {
	case JSON_STRING:
		return set_text(body, json_str(json), &value->text);
	case JSON_INTEGER:
		len = snprintf(
			text, sizeof(text), "%" JSON_INTEGER_FORMAT, json_integer_value(json));
		return set_text(body, (struct str){ text, (size_t)len }, &value->text);
	case JSON_REAL:
		return set_number(body, json_real_value(json), &value->text);
	case JSON_TRUE:
		value->text = STR("true");
		return true;
	case JSON_FALSE:
		value->text = STR("false");
		return true;
	case JSON_ARRAY:
	case JSON_OBJECT:
		value->json = json;
		return true;
	case JSON_NULL:
	default:
		/* An empty parameter is one that a form left out. */
		if (!json && body->request)
			value->text = request_query_param(body->request, name);
		if (value->text.len == 0)
			value->text = STR_NULL;
		return true;
	}
}

/* ---- typed members ---- */

/* A scalar; *given is false if it is absent. */
static bool get_scalar(const struct external_body *body, const char *name, const char *expected,
	struct str *text, bool *given)
{
	struct external_value value;

	*given = false;
	if (!external_get(body, name, &value))
		return false;
	if (value.json)
		return err_set(body->err, ERR_INVALID, name, "%s must be %s.", name, expected);
	*given = value.text.ptr != NULL;
	*text = value.text;
	return true;
}

bool external_get_text(const struct external_body *body, const char *name, struct str *text)
{
	struct str read;
	bool given;

	if (!get_scalar(body, name, "a string", &read, &given))
		return false;
	if (given)
		*text = read;
	return true;
}

static bool parse_number(struct str text, int64_t *number)
{
	bool negative = str_starts(text, STR("-"));
	uint64_t digits;

	if (!str_to_u64(str_skip(text, negative), &digits) ||
		digits > (uint64_t)INT64_MAX + negative)
		return false;
	*number = negative ? (int64_t)(0 - digits) : (int64_t)digits;
	return true;
}

bool external_get_number(const struct external_body *body, const char *name, int64_t min,
	int64_t max, struct optional_number *number)
{
	struct str text;
	bool given;
	int64_t read;

	if (!get_scalar(body, name, "a number", &text, &given))
		return false;
	if (!given || text.len == 0)
		return true;
	if (!parse_number(text, &read) || read < min || read > max)
		return err_set(body->err, ERR_INVALID, name,
			"%s must be an integer from %" PRId64 " to %" PRId64 ".", name, min, max);
	*number = (struct optional_number){ true, read };
	return true;
}

bool external_get_flag(const struct external_body *body, const char *name, bool *flag)
{
	struct str text;
	bool given;

	if (!get_scalar(body, name, "true or false", &text, &given))
		return false;
	if (!given || text.len == 0)
		return true;
	if (!str_eq_nocase(text, STR("true")) && !str_eq_nocase(text, STR("false")))
		return err_set(body->err, ERR_INVALID, name, "%s must be true or false.", name);
	*flag = str_eq_nocase(text, STR("true"));
	return true;
}

/* "+0000" as "+00:00". In a query, a plus that is not escaped has been decoded as a space. */
static bool complete_offset(struct str *text, struct arena *arena, struct err *err)
{
	const size_t sign = text->len < 6 ? 0 : text->ptr[text->len - 3] == ':' ? 6 : 5;
	char *copy;
	size_t at;

	if (sign == 0 || !strchr("+- ", text->ptr[text->len - sign]))
		return true;
	copy = arena_alloc(arena, text->len + 2);
	if (!copy)
		return err_no_memory(err);
	at = text->len - sign;
	memcpy(copy, text->ptr, text->len);
	copy[at] = copy[at] == ' ' ? '+' : copy[at];
	if (sign == 5) {
		copy[at + 3] = ':';
		memcpy(copy + at + 4, text->ptr + at + 3, 2);
		text->len++;
	}
	text->ptr = copy;
	return true;
}

bool external_parse_date(
	struct str text, int64_t *ms, bool *valid, struct arena *arena, struct err *err)
{
	if (!complete_offset(&text, arena, err))
		return false;
	*valid = date_parse(ms, text);
	return true;
}

bool external_get_date(
	const struct external_body *body, const char *name, struct optional_time *date)
{
	struct str text;
	bool given, valid;
	int64_t ms;

	if (!get_scalar(body, name, "a date", &text, &given))
		return false;
	if (!given || text.len == 0)
		return true;
	if (!external_parse_date(text, &ms, &valid, body->arena, body->err))
		return false;
	if (!valid)
		return err_set(body->err, ERR_INVALID, name,
			"%s must be a date such as 2026-11-27T22:00:00.000+0000.", name);
	*date = optional_time(ms);
	return true;
}

/* ---- several texts ---- */

static bool add_items(const struct external_body *body, const char *name, const json_t *json,
	struct str *texts, size_t *count)
{
	size_t i;
	json_t *item;

	json_array_foreach (json, i, item) {
		if (!json_is_string(item))
			return err_set(body->err, ERR_INVALID, name,
				"%s must be an array of strings.", name);
		if (!set_text(body, json_str(item), &texts[(*count)++]))
			return false;
	}
	return true;
}

static size_t count_texts(struct str text)
{
	size_t count = 1;

	for (size_t i = 0; i < text.len; i++)
		count += text.ptr[i] == ',';
	return count;
}

bool external_get_texts(
	const struct external_body *body, const char *name, const struct str **texts, size_t *count)
{
	struct external_value value;
	struct str *items, rest;
	size_t most = EXTERNAL_ITEMS_MAX, room, read = 0;
	bool in_body = body->json && json_object_get(body->json, name);

	if (!external_get(body, name, &value))
		return false;
	if (!value.json && !value.text.ptr)
		return true;
	if ((value.json || in_body) &&
		(!json_is_array(value.json) || json_array_size(value.json) > most))
		return err_set(body->err, ERR_INVALID, name,
			"%s must be an array of at most %zu strings.", name, most);
	room = value.json ? json_array_size(value.json) : count_texts(value.text);
	if (room > most)
		return err_set(
			body->err, ERR_INVALID, name, "%s has more than %zu values.", name, most);
	/* Also of an empty array, which is not the same as none. */
	items = arena_alloc(body->arena, (room + 1) * sizeof(*items));
	if (!items)
		return err_no_memory(body->err);
	if (value.json && !add_items(body, name, value.json, items, &read))
		return false;
	for (rest = value.text; rest.ptr;)
		items[read++] = str_split_next(&rest, ',');
	*texts = items;
	*count = read;
	return true;
}

bool external_has(const struct external_body *body, const char *name, bool *has)
{
	struct external_value value;

	if (!external_get(body, name, &value))
		return false;
	*has = value.text.len > 0 || json_array_size(value.json) > 0 ||
	       json_object_size(value.json) > 0;
	return true;
}

bool external_get_sorting(
	const struct external_body *body, const struct external_sort **sorts, size_t *count)
{
	struct external_value value;
	struct external_sort *items;
	size_t i;
	json_t *item;

	if (!external_get(body, "sorting", &value))
		return false;
	*count = json_array_size(value.json);
	if (value.text.ptr || json_is_object(value.json) || *count > EXTERNAL_ITEMS_MAX)
		return err_set(body->err, ERR_INVALID, "sorting",
			"sorting must be an array of at most %d objects.", EXTERNAL_ITEMS_MAX);
	items = arena_alloc(body->arena, (*count + 1) * sizeof(*items));
	if (!items)
		return err_no_memory(body->err);
	json_array_foreach (value.json, i, item) {
		const struct external_body one = {
			.json = item, .arena = body->arena, .err = body->err
		};

		items[i] = (struct external_sort){ STR_NULL, STR_NULL };
		if (!json_is_object(item))
			return err_set(body->err, ERR_INVALID, "sorting",
				"sorting must be an array of objects.");
		if (!external_get_text(&one, "sortBy", &items[i].by) ||
			!external_get_text(&one, "sortOrder", &items[i].order))
			return false;
	}
	*sorts = items;
	return true;
}

struct str external_characters(struct str text, size_t max)
{
	struct str rest = text;

	for (size_t i = 0; i < max && rest.len > 0; i++) {
		size_t len = str_utf8_sequence(rest);

		/* NUL has no sequence. */
		rest = str_skip(rest, len > 0 ? len : 1);
	}
	return (struct str){ text.ptr, text.len - rest.len };
}

bool external_get_worker(const struct external_body *body, bool required, struct str *worker)
{
	struct str name = STR_NULL;

	if (!external_get_text(body, "workerId", &name))
		return false;
	if (!name.ptr && !required)
		return true;
	if (!work_is_worker_name(name))
		return err_set(body->err, ERR_INVALID, "workerId",
			"workerId must be a string of 1 to %d bytes without control characters, "
			"and not *.",
			TASK_WORKER_MAX);
	*worker = name;
	return true;
}
