#include "admin/webhook_options.h"

#include "http/json.h"

static json_t *text_or_null(struct str text)
{
	return text.len > 0 ? json_stringn(text.ptr, text.len) : json_null();
}

/* A text that is no number is sent as it is, and the API says what is wrong. */
static json_t *number_or_text(const char *text)
{
	uint64_t number;

	return str_to_u64(str_cstr(text), &number) && number <= INT64_MAX
		       ? json_integer((json_int_t)number)
		       : text_or_null(str_cstr(text));
}

/* "failed,cancelled"; an empty text is null. */
static json_t *list_or_null(const char *text)
{
	struct str rest = str_cstr(text);
	json_t *list;

	if (rest.len == 0)
		return json_null();
	list = json_array();
	while (rest.len > 0) {
		struct str item = str_split_next(&rest, ',');

		json_array_append_new(list, json_stringn(item.ptr ? item.ptr : "", item.len));
	}
	return list;
}

static struct str without_spaces(struct str text)
{
	while (text.len > 0 && text.ptr[0] == ' ')
		text = str_skip(text, 1);
	while (text.len > 0 && text.ptr[text.len - 1] == ' ')
		text.len--;
	return text;
}

/* "Name: value" in each line, whose value must not be empty; without one the field is removed. */
static json_t *header_fields(const char *text, struct err *err)
{
	struct str rest = str_cstr(text);
	json_t *fields = json_object();

	while (rest.len > 0) {
		struct str line = str_split_next(&rest, '\n');
		const char *colon = memchr(line.ptr, ':', line.len);
		struct str name = line;

		if (!colon) {
			json_decref(fields);
			err_set(err, ERR_INVALID, "header", "--header must be 'NAME: VALUE'");
			return NULL;
		}
		name.len = (size_t)(colon - line.ptr);
		json_object_setn_new(fields, name.ptr, name.len,
			text_or_null(without_spaces(str_skip(line, name.len + 1))));
	}
	return fields;
}

/* "name=value" in each line; without `=` the parameter is removed. */
static json_t *parameters(const char *text)
{
	struct str rest = str_cstr(text);
	json_t *list = json_object();

	while (rest.len > 0) {
		struct str line = str_split_next(&rest, '\n'), name = line;
		const char *sign = memchr(line.ptr, '=', line.len);

		if (sign)
			name.len = (size_t)(sign - line.ptr);
		json_object_setn_new(list, name.ptr, name.len,
			sign ? json_stringn(sign + 1, line.len - name.len - 1) : json_null());
	}
	return list;
}

static void set_filter(json_t *json, const struct admin_call *call)
{
	static const struct {
		enum admin_option option;
		const char *name;
	} members[] = {
		{ ADMIN_DIALECT, "dialects" },
		{ ADMIN_KIND, "kinds" },
		{ ADMIN_STATE, "states" },
		{ ADMIN_TYPE, "types" },
	};
	json_t *filter = json_object();

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		if (call->options[members[i].option])
			json_object_set_new(filter, members[i].name,
				list_or_null(call->options[members[i].option]));
	}
	if (json_object_size(filter) > 0)
		json_object_set(json, "filter", filter);
	json_decref(filter);
}

static bool set_members(
	json_t *json, const struct admin_call *call, const char *url, struct err *err)
{
	const char *const *options = call->options;
	json_t *fields = NULL;

	if (options[ADMIN_HEADER]) {
		fields = header_fields(options[ADMIN_HEADER], err);
		if (!fields)
			return false;
	}
	if (url)
		json_object_set_new(json, "url", json_string(url));
	if (options[ADMIN_NAME])
		json_object_set_new(json, "name", text_or_null(str_cstr(options[ADMIN_NAME])));
	if (options[ADMIN_FORMAT])
		json_object_set_new(json, "format", text_or_null(str_cstr(options[ADMIN_FORMAT])));
	if (options[ADMIN_METHOD])
		json_object_set_new(json, "method", text_or_null(str_cstr(options[ADMIN_METHOD])));
	if (options[ADMIN_PARALLEL])
		json_object_set_new(json, "max_parallel", number_or_text(options[ADMIN_PARALLEL]));
	if (fields)
		json_object_set_new(json, "headers", fields);
	if (options[ADMIN_QUERY])
		json_object_set_new(json, "query", parameters(options[ADMIN_QUERY]));
	set_filter(json, call);
	return true;
}

bool webhook_options_put(
	const struct admin_call *call, const char *url, struct buf *body, struct err *err)
{
	json_t *json = json_object();
	bool ok = set_members(json, call, url, err);

	if (ok) {
		json_put(body, json);
		ok = buf_ok(body) || err_no_memory(err);
	}
	json_decref(json);
	return ok;
}
