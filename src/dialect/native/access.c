#include "dialect/native/access.h"

#include "base/date.h"
#include "dialect/native/query.h"

#define LIMIT_DEFAULT 50

const char *const native_users_params[] = { "limit", "cursor", NULL };
const char *const native_credentials_params[] = { "user", "type", "state", "limit", "cursor",
	NULL };

const char *const native_access_states[ACCESS_STATES] = {
	[ACCESS_LIVE] = "live",
	[ACCESS_REPLACED] = "replaced",
	[ACCESS_EXPIRED] = "expired",
	[ACCESS_REVOKED] = "revoked",
};

const char *const native_access_types[ACCESS_TYPES] = {
	[ACCESS_TOKEN] = "token",
	[ACCESS_LOGIN] = "login",
	[ACCESS_KEY] = "key",
};

static bool begin(
	struct op *op, enum access_action action, struct op_access **access, struct err *err)
{
	*access = arena_alloc(op->arena, sizeof(**access));
	if (!*access)
		return err_no_memory(err);
	**access = (struct op_access){ .action = action, .limit = LIMIT_DEFAULT };
	op->kind = OP_ACCESS;
	op->dialect = 0;
	op->access = *access;
	return true;
}

/* ---- pages ---- */

static bool set_limit(const struct native_query *query, const struct native_param *given)
{
	struct op_access *access = query->target;

	return native_parse_limit(query, given, ACCESS_PAGE_MAX, &access->limit);
}

static bool set_cursor(const struct native_query *query, const struct native_param *given)
{
	struct op_access *access = query->target;

	return native_cursor_decode(query->request, given->value, &access->after, query->err);
}

static bool set_user(const struct native_query *query, const struct native_param *given)
{
	struct op_access *access = query->target;

	access->has_user = id_parse(&query->op->id, given->value);
	return access->has_user ||
	       NATIVE_QUERY_ERROR(query, given->name, "user must be the id of a user.");
}

/* 1 << index of the word; 0 if it is not in `words`. Index 0 is unused. */
static unsigned bit_of(const char *const *words, unsigned count, struct str word)
{
	for (unsigned i = 1; i < count; i++) {
		if (str_eq(word, str_cstr(words[i])))
			return 1U << i;
	}
	return 0;
}

static bool add_types(const struct native_query *query, const struct native_param *given)
{
	struct op_access *access = query->target;
	struct str rest = given->value;

	do {
		unsigned bit = bit_of(
			native_access_types, ACCESS_TYPES, str_split_next(&rest, ','));

		if (bit == 0)
			return NATIVE_QUERY_ERROR(
				query, given->name, "type must be token, login or key.");
		access->types |= bit;
	} while (rest.ptr);
	return true;
}

static bool add_states(const struct native_query *query, const struct native_param *given)
{
	struct op_access *access = query->target;
	struct str rest = given->value;

	do {
		unsigned bit = bit_of(
			native_access_states, ACCESS_STATES, str_split_next(&rest, ','));

		if (bit == 0)
			return NATIVE_QUERY_ERROR(query, given->name,
				"state must be live, replaced, expired or revoked.");
		access->states |= bit;
	} while (rest.ptr);
	return true;
}

static const struct native_query_row user_rows[] = {
	{ "limit", NATIVE_ONCE, set_limit, 0 },
	{ NATIVE_CURSOR, NATIVE_ONCE, set_cursor, 0 },
	{ 0 },
};

static const struct native_query_row credential_rows[] = {
	{ "user", NATIVE_ONCE, set_user, 0 },
	{ "type", NATIVE_EACH, add_types, 0 },
	{ "state", NATIVE_EACH, add_states, 0 },
	{ "limit", NATIVE_ONCE, set_limit, 0 },
	{ NATIVE_CURSOR, NATIVE_ONCE, set_cursor, 0 },
	{ 0 },
};

static bool decode_page(struct request *request, struct op *op, enum access_action action,
	const struct native_query_row *rows, struct err *err)
{
	struct native_query query = { .request = request, .op = op, .err = err };
	struct op_access *access;

	if (!request_check_accepts_json(request, err) ||
		!native_check_links(request, NATIVE_CURSOR, err) ||
		!begin(op, action, &access, err))
		return false;
	query.target = access;
	native_unwrap_arrays(request, rows);
	return native_parse_params(&query, rows);
}

bool native_decode_users(struct request *request, struct op *op, struct err *err)
{
	return decode_page(request, op, ACCESS_USERS, user_rows, err);
}

bool native_decode_credentials(struct request *request, struct op *op, struct err *err)
{
	return decode_page(request, op, ACCESS_CREDENTIALS, credential_rows, err);
}

/* ---- one ---- */

static bool begin_user(const struct request *request, struct op *op, enum access_action action,
	struct op_access **access, struct err *err)
{
	if (!id_parse(&op->id, request_path_var(request, "user")))
		return err_set(err, ERR_NOT_FOUND, NULL, "There is no such user.");
	return begin(op, action, access, err);
}

static bool begin_credential(const struct request *request, struct op *op,
	enum access_action action, struct op_access **access, struct err *err)
{
	if (!begin(op, action, access, err))
		return false;
	(*access)->credential = request_path_var(request, "credential");
	return true;
}

bool native_decode_user(struct request *request, struct op *op, struct err *err)
{
	struct op_access *access;

	return request_check_accepts_json(request, err) &&
	       begin_user(request, op, ACCESS_USER, &access, err);
}

bool native_decode_credential(struct request *request, struct op *op, struct err *err)
{
	struct op_access *access;

	return request_check_accepts_json(request, err) &&
	       begin_credential(request, op, ACCESS_CREDENTIAL, &access, err);
}

/* The body is ignored, as for POST /tasks/{id}/archive. */
bool native_decode_user_revoke(struct request *request, struct op *op, struct err *err)
{
	struct op_access *access;

	return request_check_accepts_json(request, err) &&
	       begin_user(request, op, ACCESS_USER_REVOKE, &access, err);
}

bool native_decode_credential_revoke(struct request *request, struct op *op, struct err *err)
{
	struct op_access *access;

	return request_check_accepts_json(request, err) &&
	       begin_credential(request, op, ACCESS_CREDENTIAL_REVOKE, &access, err);
}

/* ---- the end of one ---- */

static bool parse_end(struct op *op, struct op_access *access, json_t *json, struct err *err)
{
	const char *name;
	json_t *value;
	int64_t ms;

	json_object_foreach (json, name, value) {
		if (strcmp(name, "expires_at") != 0)
			return native_set_error(err, op->arena, ERR_UNPROCESSABLE,
				NATIVE_AT_MEMBER(str_cstr(name)),
				"expires_at is the only member that can be set.");
		if (json_is_null(value))
			continue;
		if (!json_is_string(value) || !date_parse(&ms, json_str(value)))
			return native_set_error(err, op->arena, ERR_UNPROCESSABLE,
				NATIVE_AT_MEMBER(STR("expires_at")),
				"expires_at must be null or an RFC 3339 time.");
		access->end = optional_time(ms);
	}
	return true;
}

/* A patch without a member changes nothing: its response is that of a read. */
static bool decode_patch(const struct request *request, struct op *op, struct op_access *access,
	enum access_action read, struct err *err)
{
	json_t *json = NULL;
	bool ok;

	if (request->body.len > request->body_limit)
		return err_set(err, ERR_TOO_LARGE, NULL, NULL);
	if (!json_parse_object(&json, request->body, err))
		return false;
	ok = parse_end(op, access, json, err);
	if (json_object_size(json) == 0)
		access->action = read;
	json_decref(json);
	return ok;
}

bool native_decode_user_update(struct request *request, struct op *op, struct err *err)
{
	struct op_access *access;

	return request_check_accepts_json(request, err) &&
	       native_check_content_type(request, true, err) &&
	       begin_user(request, op, ACCESS_USER_END, &access, err) &&
	       decode_patch(request, op, access, ACCESS_USER, err);
}

bool native_decode_credential_update(struct request *request, struct op *op, struct err *err)
{
	struct op_access *access;

	return request_check_accepts_json(request, err) &&
	       native_check_content_type(request, true, err) &&
	       begin_credential(request, op, ACCESS_CREDENTIAL_END, &access, err) &&
	       decode_patch(request, op, access, ACCESS_CREDENTIAL, err);
}
