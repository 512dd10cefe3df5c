#include "auth/token_params.h"

#include "http/json.h"
#include "http/multipart.h"
#include "http/query.h"

#define PAIRS_MAX 16

static const char *const names[TOKEN_PARAMS] = {
	[TOKEN_GRANT_TYPE] = "grant_type",
	[TOKEN_USERNAME] = "username",
	[TOKEN_PASSWORD] = "password",
	[TOKEN_SCOPE] = "scope",
	[TOKEN_REFRESH_TOKEN] = "refresh_token",
	[TOKEN_TOKEN] = "token",
};

static void set_fault(struct token_params *params, enum token_params_fault fault)
{
	if (params->fault == TOKEN_PARAMS_VALID)
		params->fault = fault;
}

static void add_pairs(struct token_params *params, const struct pair *pairs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < TOKEN_PARAMS; j++) {
			if (!str_eq(pairs[i].name, str_cstr(names[j])))
				continue;
			if (params->values[j].ptr)
				set_fault(params, TOKEN_PARAMS_REPEATED);
			params->values[j] = pairs[i].value;
		}
	}
}

static bool read_form(struct token_params *params, const struct request *request, struct str text,
	struct err *err)
{
	struct pair pairs[PAIRS_MAX];
	size_t count = 0;

	if (!query_split(pairs, PAIRS_MAX, &count, text, request->arena, err)) {
		set_fault(params, TOKEN_PARAMS_UNREADABLE);
		return err->code != ERR_NO_MEMORY;
	}
	add_pairs(params, pairs, count);
	return true;
}

static bool read_multipart(struct token_params *params, const struct request *request,
	struct str text, struct err *err)
{
	struct pair pairs[PAIRS_MAX];
	size_t count = 0;
	struct err fault;

	(void)err;
	if (multipart_split(pairs, PAIRS_MAX, &count, request_cgi_param(request, "CONTENT_TYPE"),
		    text, &fault))
		add_pairs(params, pairs, count);
	else
		set_fault(params, TOKEN_PARAMS_UNREADABLE);
	return true;
}

/* null is no value. */
static bool add_member(struct token_params *params, enum token_param param, const json_t *value,
	struct arena *arena, struct err *err)
{
	if (!value || json_is_null(value))
		return true;
	if (!json_is_string(value)) {
		set_fault(params, TOKEN_PARAMS_UNREADABLE);
		return true;
	}
	params->values[param] = arena_copy(arena, json_str(value));
	return params->values[param].ptr || err_no_memory(err);
}

/* A text that is not an object has no parameters, as in Rails. */
static bool read_json(struct token_params *params, const struct request *request, struct str text,
	struct err *err)
{
	json_t *json;
	bool ok = true;

	if (!json_parse_strict(&json, text, err)) {
		set_fault(params, TOKEN_PARAMS_UNREADABLE);
		return err->code != ERR_NO_MEMORY;
	}
	for (int i = 0; i < TOKEN_PARAMS && ok; i++)
		ok = add_member(params, (enum token_param)i, json_object_get(json, names[i]),
			request->arena, err);
	json_decref(json);
	return ok;
}

typedef bool read_text(struct token_params *params, const struct request *request, struct str text,
	struct err *err);

static const struct {
	const char *type;
	read_text *read;
} readers[] = {
	{ "", read_form },
	{ "application/x-www-form-urlencoded", read_form },
	{ "multipart/form-data", read_multipart },
	{ "application/json", read_json },
	{ "application/vnd.api+json", read_json },
};

static bool read_body(struct token_params *params, const struct request *request, struct err *err)
{
	struct str type = request_media_type(request);

	for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++) {
		if (str_eq_nocase(type, str_cstr(readers[i].type)))
			return readers[i].read(params, request, request->body, err);
	}
	return true;
}

bool token_params_read(struct token_params *params, const struct request *request, bool reads_query,
	struct err *err)
{
	struct token_params body = { 0 };
	struct str query = reads_query ? request_cgi_param(request, "QUERY_STRING") : STR_NULL;

	*params = (struct token_params){ 0 };
	if (!read_form(params, request, query, err) ||
		(request->body.len > 0 && !read_body(&body, request, err)))
		return false;
	for (int i = 0; i < TOKEN_PARAMS; i++) {
		if (body.values[i].ptr)
			params->values[i] = body.values[i];
	}
	set_fault(params, body.fault);
	return true;
}
