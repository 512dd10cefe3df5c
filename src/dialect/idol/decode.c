/* Paths, fields and include; README.md describes what Rails does with each parameter. */
#include "dialect/decode.h"

#include "dialect/idol/idol.h"

#define INCLUDE_ERRORS_MAX 20 /* error objects for include in one response */

static const struct str type = { IDOL_RESOURCE_TYPE, sizeof(IDOL_RESOURCE_TYPE) - 1 };

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

/* Only the attachable can be included; nothing is known of its own relationships. */
static bool is_includable(struct str path, bool allowed, struct str *wrong, struct str *owner)
{
	*wrong = str_split_next(&path, '.');
	*owner = type;
	if (!allowed || !str_eq(*wrong, STR("attachable")))
		return false;
	*wrong = str_split_next(&path, '.');
	*owner = STR("attachables");
	return wrong->len == 0;
}

/* Room for the attachables of one page. */
static bool add_included(struct request *request, struct err *err)
{
	struct idol_included *included = arena_alloc(request->arena, sizeof(*included));

	if (!included)
		return err_no_memory(err);
	included->count = 0;
	request->encoder_state = included;
	return true;
}

/* Reports every include that is not known. */
static bool check_include(struct request *request, bool allowed, struct err *err)
{
	struct buf objects = BUF_INIT;
	size_t count = 0;
	bool included = false, ok;

	for (size_t i = 0; i < request->query_count; i++) {
		struct str rest = request->query[i].value, wrong, owner;

		if (!str_eq(request->query[i].name, STR("include")))
			continue;
		while (rest.len > 0 && count < INCLUDE_ERRORS_MAX) {
			if (is_includable(str_split_next(&rest, ','), allowed, &wrong, &owner)) {
				included = true;
				continue;
			}
			idol_put_api_error(&objects, IDOL_INVALID_INCLUDE, wrong, owner);
			count++;
		}
	}
	if (count > 0)
		idol_set_errors(err, request->arena, ERR_INVALID, &objects);
	ok = count == 0 && (!included || add_included(request, err));
	buf_free(&objects);
	return ok;
}

bool idol_check_query(struct request *request, enum idol_query_kind kind, struct err *err)
{
	return idol_check_accept(request, err) &&
	       idol_normalize_query(request, kind == IDOL_QUERY_LIST, err) &&
	       check_fields(request, err) &&
	       check_include(request, kind != IDOL_QUERY_RELATED, err);
}

/* ---- decoders ---- */

static bool decode_read(
	struct request *request, enum idol_query_kind kind, struct op *op, struct err *err)
{
	struct str id = request_path_var(request, "id"), digits;

	decode_init_op(op, OP_READ, DIALECT_CODE_idol, NULL);
	if (!idol_check_query(request, kind, err))
		return false;
	if (!idol_parse_integer(id, &digits))
		return idol_set_error(err, request->arena, IDOL_INVALID_FIELD_VALUE, id, STR("id"));
	/* Numbers start at 1 and have 64 bits: no task has another one. */
	if (!str_to_u64(digits, &op->number) || op->number == 0)
		return idol_set_error(err, request->arena, IDOL_NOT_FOUND, id, STR_NULL);
	return true;
}

bool idol_decode_read(struct request *request, struct op *op, struct err *err)
{
	return decode_read(request, IDOL_QUERY_ONE, op, err);
}

bool idol_decode_related(struct request *request, struct op *op, struct err *err)
{
	return decode_read(request, IDOL_QUERY_RELATED, op, err);
}

/* Fails on purpose: a documented way to test how a client handles failures. */
bool idol_decode_trigger(struct request *request, struct op *op, struct err *err)
{
	struct str kind = request_path_var(request, "kind");

	(void)op;
	if (!kind.ptr)
		kind = request_query_param(request, "kind");
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
