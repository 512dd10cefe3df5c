/* Paths and query parameters; README.md describes what Rails does with each parameter. */
#include "dialect/decode.h"

#include "dialect/idol/idol.h"

#define INCLUDE_ERRORS_MAX 20 /* error objects for include in one response */

static const struct str type = { IDOL_RESOURCE_TYPE, sizeof(IDOL_RESOURCE_TYPE) - 1 };

/* ---- Accept ---- */

struct negotiation {
	bool present, acceptable;
};

static void match_header(struct negotiation *negotiation, struct str header)
{
	while (header.len > 0) {
		struct str range = str_trim(str_split_next(&header, ','));

		negotiation->present |= range.len > 0;
		negotiation->acceptable |= str_eq_nocase(range, STR(IDOL_MEDIA_TYPE)) ||
					   str_starts(range, STR("*/*"));
	}
}

static bool check_accept(const struct request *request, struct err *err)
{
	struct negotiation negotiation = { 0 };

	for (size_t i = 0; i < request->cgi_param_count; i++) {
		if (str_eq(request->cgi_params[i].name, STR("HTTP_ACCEPT")))
			match_header(&negotiation, request->cgi_params[i].value);
	}
	if (negotiation.acceptable || !negotiation.present)
		return true;
	return idol_set_error(err, request->arena, IDOL_NOT_ACCEPTABLE,
		request_cgi_param(request, "HTTP_ACCEPT"), STR_NULL);
}

/* ---- fields ---- */

static bool select_fields(struct request *request, struct str names, struct err *err)
{
	request->selected_fields = 0;
	if (names.len == 0)
		return idol_set_error(err, request->arena, IDOL_INVALID_FIELD, STR("nil"), type);
	while (names.len > 0) {
		struct str name = str_split_next(&names, ',');

		if (!idol_select_field(name, &request->selected_fields))
			return idol_set_error(err, request->arena, IDOL_INVALID_FIELD, name, type);
	}
	return true;
}

/*
 * If a parameter is repeated, the last one counts. Resources of other types are never sent, so
 * their fields are not checked.
 */
static bool check_fields(struct request *request, struct err *err)
{
	request->selected_fields = ~0U;
	for (size_t i = 0; i < request->query_count; i++) {
		const struct pair *pair = &request->query[i];
		struct str key;

		if (str_eq(pair->name, STR("fields")))
			return idol_set_error(
				err, request->arena, IDOL_INVALID_FIELD_FORMAT, STR_NULL, STR_NULL);
		if (!idol_split_brackets(pair->name, "fields", &key) ||
			idol_is_attachable_type(key))
			continue;
		if (!str_eq(key, type))
			return idol_set_error(
				err, request->arena, IDOL_INVALID_RESOURCE, key, STR_NULL);
		if (!select_fields(request, pair->value, err))
			return false;
	}
	return true;
}

/* ---- include ---- */

/* Related resources are not stored here, so no include is valid. */
static bool check_include(const struct request *request, struct err *err)
{
	struct buf objects = BUF_INIT;
	size_t count = 0;

	for (size_t i = 0; i < request->query_count; i++) {
		struct str rest = request->query[i].value;

		if (!str_eq(request->query[i].name, STR("include")))
			continue;
		for (; rest.len > 0 && count < INCLUDE_ERRORS_MAX; count++) {
			struct str path = str_split_next(&rest, ',');

			idol_put_api_error(
				&objects, IDOL_INVALID_INCLUDE, str_split_next(&path, '.'), type);
		}
	}
	if (count > 0)
		idol_set_errors(err, request->arena, ERR_INVALID, &objects);
	buf_free(&objects);
	return count == 0;
}

bool idol_check_query(struct request *request, struct err *err)
{
	return check_accept(request, err) && check_fields(request, err) &&
	       check_include(request, err);
}

/* ---- decoders ---- */

bool idol_decode_read(struct request *request, struct op *op, struct err *err)
{
	struct str id = request_path_var(request, "id"), digits;

	decode_init_op(op, OP_READ, DIALECT_CODE_idol, NULL);
	if (!idol_check_query(request, err))
		return false;
	if (!idol_parse_integer(id, &digits))
		return idol_set_error(err, request->arena, IDOL_INVALID_FIELD_VALUE, id, STR("id"));
	/* Numbers start at 1 and have 64 bits: no task has another one. */
	if (!str_to_u64(digits, &op->number) || op->number == 0)
		return idol_set_error(err, request->arena, IDOL_NOT_FOUND, id, STR_NULL);
	return true;
}

/* Fails on purpose: a documented way to test how a client handles failures. */
bool idol_decode_trigger(struct request *request, struct op *op, struct err *err)
{
	struct str kind = request_query_param(request, "kind");

	(void)op;
	if (kind.len == 0)
		return idol_set_error(
			err, request->arena, IDOL_PARAM_MISSING, STR("kind"), STR_NULL);
	if (!idol_is_trigger_kind(kind))
		return idol_set_error(
			err, request->arena, IDOL_INVALID_FIELD_VALUE, kind, STR("kind"));
	/* idol_encode_error() finds the response by the kind in err->detail. */
	err_set(err, ERR_INTERNAL, "kind", NULL);
	err->detail = kind;
	return false;
}
