/* Turns queries, forms and JSON bodies into one JSON object, the input of all decoders. */
#include "dialect/fourhse/fourhse.h"
#include "http/query.h"

#define NAME_LEVELS_MAX 8
/* A credential that clients send as a parameter. nginx has checked it; ignored here. */
#define CREDENTIAL_PARAM "access-token"

/* ---- bracketed names ---- */

/* Splits "[key]" off the front; returns false if *rest does not begin with one. */
static bool split_key(struct str *rest, struct str *key)
{
	struct str after = *rest, part = str_split_next(&after, ']');

	if (!str_starts(part, STR("[")) || !after.ptr)
		return false;
	*key = str_skip(part, 1);
	*rest = after;
	return true;
}

/*
 * The part before the first bracket, with the keys that follow in *rest, or the whole name if it
 * has no key. As in PHP, text after the last complete key is ignored.
 */
static struct str split_head(struct str name, struct str *rest)
{
	struct str after = name, head = str_split_next(&after, '['), left, key;

	left = str_skip(name, head.len);
	after = left;
	if (head.len > 0 && split_key(&after, &key)) {
		*rest = left;
		return head;
	}
	*rest = STR_NULL;
	return name;
}

/* The array index of a key. An empty key, or an index past the end, appends. */
static bool parse_array_index(struct str key, uint64_t *index)
{
	*index = UINT64_MAX;
	return key.len == 0 || str_to_u64(key, index);
}

static json_t *get_child(const json_t *node, struct str key)
{
	uint64_t index;

	if (json_is_object(node))
		return json_object_getn(node, key.ptr, key.len);
	return parse_array_index(key, &index) ? json_array_get(node, index) : NULL;
}

/* Takes ownership of child. */
static bool put_child(json_t *node, struct str key, json_t *child)
{
	uint64_t index;

	if (json_is_object(node))
		return json_object_setn_new(node, key.ptr, key.len, child) == 0;
	if (parse_array_index(key, &index) && index < json_array_size(node))
		return json_array_set_new(node, index, child) == 0;
	return json_array_append_new(node, child) == 0;
}

/* The container under key that can hold next; replaces any other value. NULL: no memory. */
static json_t *get_or_make_child(json_t *node, struct str key, struct str next)
{
	json_t *child = get_child(node, key);
	uint64_t index;
	bool list = parse_array_index(next, &index);

	if ((json_is_object(child) && next.len > 0) || (json_is_array(child) && list))
		return child;
	child = list ? json_array() : json_object();
	return put_child(node, key, child) ? child : NULL;
}

static bool put_pair(json_t *params, const struct pair *pair, struct err *err)
{
	struct str rest, next, key = split_head(pair->name, &rest);
	json_t *node = params;

	if (str_eq(key, STR(CREDENTIAL_PARAM)))
		return true;
	for (int level = 1; split_key(&rest, &next); level++) {
		if (level == NAME_LEVELS_MAX)
			return err_set(err, ERR_INVALID, NULL,
				"The name of a parameter has more than %d levels.",
				NAME_LEVELS_MAX);
		node = get_or_make_child(node, key, next);
		if (!node)
			return err_no_memory(err);
		key = next;
	}
	return put_child(node, key, json_stringn(pair->value.ptr, pair->value.len)) ||
	       err_no_memory(err);
}

static bool params_from_pairs(
	json_t **params, const struct pair *pairs, size_t count, struct err *err)
{
	json_t *object = json_object();
	bool ok = object || err_no_memory(err);

	for (size_t i = 0; ok && i < count; i++)
		ok = put_pair(object, &pairs[i], err);
	if (ok)
		*params = object;
	else
		json_decref(object);
	return ok;
}

/* ---- bodies ---- */

static bool parse_form(json_t **params, const struct request *request, struct err *err)
{
	struct pair pairs[AUTH_FORM_MAX];
	size_t count = 0;

	if (query_split(pairs, AUTH_FORM_MAX, &count, request->body, request->arena, err))
		return params_from_pairs(params, pairs, count, err);
	if (err->code == ERR_MALFORMED)
		err_set(err, ERR_MALFORMED, NULL, "Invalid form data in request body.");
	return false;
}

static bool invalid_json(struct err *err, const char *why)
{
	char text[sizeof(err->text)];
	size_t len = strnlen(why, sizeof(text) - 1);

	memcpy(text, why, len);
	len -= len > 0 && text[len - 1] == '.';
	text[len] = '\0';
	return err_set(err, ERR_MALFORMED, NULL, "Invalid JSON data in request body: %s.", text);
}

/* PHP encodes an empty object as an empty array. The framework takes null for no body. */
static bool parse_json_body(json_t **params, const struct request *request, struct err *err)
{
	json_t *json;

	if (!json_parse_strict(&json, request->body, err))
		return err->code == ERR_MALFORMED ? invalid_json(err, err->text) : false;
	if (json_is_null(json) || (json_is_array(json) && json_array_size(json) == 0)) {
		json_decref(json);
		json = json_object();
		if (!json)
			return err_no_memory(err);
	}
	if (!json_is_object(json)) {
		json_decref(json);
		return invalid_json(err, "an object is wanted");
	}
	json_object_del(json, CREDENTIAL_PARAM);
	*params = json;
	return true;
}

/* curl -d announces a form even for JSON, so look at the first byte. */
static bool looks_like_json(struct str body)
{
	size_t i = 0;

	while (i < body.len && memchr(" \t\r\n", body.ptr[i], 4))
		i++;
	return i < body.len && (body.ptr[i] == '{' || body.ptr[i] == '[');
}

bool fourhse_parse_body(json_t **params, const struct request *request, struct err *err)
{
	struct str type = request_media_type(request);

	if (request->body.len == 0)
		return params_from_pairs(params, NULL, 0, err);
	if (type.len == 0 || looks_like_json(request->body) ||
		str_eq_nocase(type, STR("application/json")))
		return parse_json_body(params, request, err);
	if (str_eq_nocase(type, STR("application/x-www-form-urlencoded")))
		return parse_form(params, request, err);
	return err_set(err, ERR_MEDIA_TYPE, "Content-Type", NULL);
}

bool fourhse_list_params(json_t **params, const struct request *request, struct err *err)
{
	json_t *body;

	if (!fourhse_parse_body(&body, request, err))
		return false;
	if (json_object_size(body) > 0) {
		*params = body;
		return true;
	}
	json_decref(body);
	return params_from_pairs(params, request->query, request->query_count, err);
}

struct str fourhse_last_query_param(const struct request *request, const char *name)
{
	for (size_t i = request->query_count; i > 0; i--) {
		if (str_eq(request->query[i - 1].name, str_cstr(name)))
			return request->query[i - 1].value;
	}
	return STR_NULL;
}

struct str fourhse_requested_id(const struct request *request)
{
	struct str id = request_path_var(request, "id");

	return id.ptr ? id : fourhse_last_query_param(request, "id");
}

/* The bit of a name, all bits for "*", which the framework takes as every field. */
static unsigned field_bits(struct str name)
{
	const struct fourhse_member *member;
	struct str after = name;

	/* The fields of a nested object, of which a task has none, follow after the dot. */
	name = str_split_next(&after, '.');
	member = fourhse_member_by_name(name);
	if (str_eq(name, STR("*")))
		return ~0U;
	return member ? 1U << (member - fourhse_members) : 0;
}

void fourhse_select_fields(struct request *request)
{
	struct str names = fourhse_last_query_param(request, "fields");
	bool any = false;

	request->selected_fields = 0;
	while (names.len > 0) {
		struct str name = str_trim(str_split_next(&names, ','));

		any = any || name.len > 0;
		request->selected_fields |= field_bits(name);
	}
	if (!any)
		request->selected_fields = ~0U;
}

/* Python clients send True. */
bool fourhse_text_is_true(struct str text)
{
	return str_eq_nocase(text, STR("true")) || str_eq(text, STR("1"));
}

bool fourhse_json_is_true(const json_t *value)
{
	if (json_is_string(value))
		return fourhse_text_is_true(json_str(value));
	return json_is_true(value) || json_integer_value(value) == 1;
}
