/* Members of bodies that set members of a task. */
#include "base/date.h"
#include "dialect/kind.h"
#include "dialect/native/native.h"

#define MEMBER_ERROR(body, name, ...)                                                           \
	native_set_error((body)->err, (body)->arena, ERR_UNPROCESSABLE, NATIVE_AT_MEMBER(name), \
		__VA_ARGS__)

/* ---- members ---- */

static bool parse_dialect(const struct native_body *body, struct str name, json_t *value)
{
	const struct dialect *dialect = dialect_by_name(json_str(value));

	if (!json_is_string(value) || !dialect)
		return MEMBER_ERROR(body, name, "This is not the name of a dialect.");
	/* find_dialect() reads the value. */
	return true;
}

static bool parse_state(const struct native_body *body, struct str name, json_t *value)
{
	enum task_state state = task_state_parse(json_str(value));

	if (!json_is_string(value) || state == TASK_STATE_NONE)
		return MEMBER_ERROR(body, name,
			"state must be pending, running, succeeded, failed or cancelled.");
	body->change->state = state;
	return true;
}

static bool parse_status(const struct native_body *body, struct str name, json_t *value)
{
	struct str status = json_str(value);

	if (!json_is_string(value) || status.len == 0 || status.len > NATIVE_STATUS_MAX)
		return MEMBER_ERROR(
			body, name, "status must be a string of 1 to %d bytes.", NATIVE_STATUS_MAX);
	body->change->status = arena_copy(body->arena, status);
	return body->change->status.ptr || err_no_memory(body->err);
}

bool native_parse_integer(const json_t *value, json_int_t min, json_int_t max, json_int_t *number)
{
	double real = json_number_value(value);

	if (!json_is_number(value) || real < (double)min || real > (double)max ||
		real != (double)(json_int_t)real)
		return false;
	*number = (json_int_t)real;
	return true;
}

/* Of tasks of another dialect, native_before_write() refuses it. */
static bool parse_kind(const struct native_body *body, struct str name, json_t *value)
{
	struct str kind = json_str(value);

	if (!json_is_null(value) && (!json_is_string(value) || !kind_is_valid(kind)))
		return MEMBER_ERROR(body, name,
			"kind must be null, or a string of 1 to %d bytes without control characters.",
			TASK_KIND_MAX);
	body->change->kind = json_is_null(value) ? STR("") : arena_copy(body->arena, kind);
	body->change->set |= CHANGE_KIND;
	return body->change->kind.ptr || err_no_memory(body->err);
}

static bool parse_priority(const struct native_body *body, struct str name, json_t *value)
{
	json_int_t number;

	if (!native_parse_integer(value, INT32_MIN, INT32_MAX, &number))
		return MEMBER_ERROR(body, name, "priority must be a 32-bit integer.");
	body->change->priority = (int32_t)number;
	body->change->set |= CHANGE_PRIORITY;
	return true;
}

static bool parse_max_attempts(const struct native_body *body, struct str name, json_t *value)
{
	json_int_t number;

	if (!native_parse_integer(value, 0, INT32_MAX, &number))
		return MEMBER_ERROR(
			body, name, "max_attempts must be an integer from 0 to %d.", INT32_MAX);
	body->change->max_attempts = (uint32_t)number;
	body->change->set |= CHANGE_MAX_ATTEMPTS;
	return true;
}

static bool parse_not_before(const struct native_body *body, struct str name, json_t *value)
{
	int64_t ms = 0;

	if (!json_is_null(value) && (!json_is_string(value) || !date_parse(&ms, json_str(value))))
		return MEMBER_ERROR(body, name, "not_before must be an RFC 3339 time or null.");
	body->change->not_before = json_is_null(value) ? OPTIONAL_TIME_NONE : optional_time(ms);
	body->change->set |= CHANGE_NOT_BEFORE;
	return true;
}

static bool parse_archived(const struct native_body *body, struct str name, json_t *value)
{
	if (!json_is_boolean(value))
		return MEMBER_ERROR(body, name, "archived must be true or false.");
	body->change->archived = json_is_true(value);
	body->change->set |= CHANGE_ARCHIVED;
	return true;
}

static bool parse_result(const struct native_body *body, struct str name, json_t *value)
{
	struct str json = STR("");

	if (!json_is_null(value))
		json = json_text(value, body->arena);
	if (!json.ptr)
		return err_no_memory(body->err);
	if (json.len > TASK_RESULT_MAX)
		return native_set_error(body->err, body->arena, ERR_TOO_LARGE,
			NATIVE_AT_MEMBER(name), "The JSON text must have at most %zu bytes.",
			TASK_RESULT_MAX);
	body->change->set |= CHANGE_RESULT;
	body->change->result = json;
	return true;
}

/* *text is the JSON text, empty for null. A member whose name has an escape was not shortened. */
static bool parse_json_text(
	const struct native_body *body, struct str name, json_t *value, struct str *text)
{
	struct str json = STR("");

	if (!json_is_null(value))
		json = json_text(value, body->arena);
	if (json.len > NATIVE_TEXT_MAX && json_is_string(value))
		json = worker_text_quote_end(json_str(value), NATIVE_TEXT_MAX, body->arena);
	if (!json.ptr)
		return err_no_memory(body->err);
	if (json.len > NATIVE_TEXT_MAX)
		return MEMBER_ERROR(
			body, name, "The JSON text must have at most %d bytes.", NATIVE_TEXT_MAX);
	*text = json;
	return true;
}

static bool parse_error(const struct native_body *body, struct str name, json_t *value)
{
	if (!json_is_null(value) && !json_is_string(value))
		return MEMBER_ERROR(body, name, "error must be a string or null.");
	body->change->set |= CHANGE_ERROR;
	return parse_json_text(body, name, value, &body->change->error);
}

/* An object in a patch is a nested patch: see set_field(). */
static bool parse_progress(const struct native_body *body, struct str name, json_t *value)
{
	struct str *progress = &body->change->progress;

	body->change->set |= CHANGE_PROGRESS;
	if (!parse_json_text(body, name, value, progress))
		return false;
	if (!body->patch || !json_is_object(value))
		return true;
	body->patch->progress = *progress;
	return native_merge_patch(progress, STR("{}"), *progress, body->arena, body->err);
}

static bool parse_force(const struct native_body *body, struct str name, json_t *value)
{
	if (!json_is_boolean(value))
		return MEMBER_ERROR(body, name, "force must be true or false.");
	*body->force = json_is_true(value);
	return true;
}

static bool reject_read_only(const struct native_body *body, struct str name, json_t *value)
{
	(void)value;
	return MEMBER_ERROR(body, name, "This member is read-only.");
}

/* ---- fields ---- */

/*
 * An object in a patch is a nested patch. The change holds the patch applied to an empty object,
 * which is right unless the stored field is an object; native_before_write() merges those.
 */
static bool set_field(const struct native_body *body, struct str name, json_t *value)
{
	struct str copy = arena_copy(body->arena, name), json = STR("");
	bool nested = body->patch && json_is_object(value);

	if (!body->patch || !json_is_null(value))
		json = json_text(value, body->arena);
	if (!copy.ptr || !json.ptr)
		return err_no_memory(body->err);
	if (nested) {
		body->patch->fields[body->patch->count++] = (struct field){ copy, json };
		if (!native_merge_patch(&json, STR("{}"), json, body->arena, body->err))
			return false;
	}
	if (!change_set_field(body->change, copy, json))
		return MEMBER_ERROR(body, STR("fields"), "The task has too many fields.");
	return true;
}

static bool parse_fields(const struct native_body *body, struct str name, json_t *value)
{
	const char *field;
	json_t *content;

	if (!json_is_object(value))
		return MEMBER_ERROR(body, name, "fields must be an object.");
	if (json_object_size(value) > NATIVE_FIELDS_MAX)
		return MEMBER_ERROR(
			body, name, "fields must have at most %d members.", NATIVE_FIELDS_MAX);
	json_object_foreach (value, field, content) {
		size_t len = strlen(field);

		if (len == 0 || len > NATIVE_FIELD_NAME_MAX)
			return MEMBER_ERROR(body, name,
				"The name of a field must have 1 to %d bytes.",
				NATIVE_FIELD_NAME_MAX);
		if (!set_field(body, str_cstr(field), content))
			return false;
	}
	return true;
}

/* ---- bodies ---- */

typedef bool parse_value(const struct native_body *body, struct str name, json_t *value);

static parse_value *const parsers[MEMBERS] = {
	[MEMBER_DIALECT] = parse_dialect,
	[MEMBER_STATE] = parse_state,
	[MEMBER_STATUS] = parse_status,
	[MEMBER_ARCHIVED] = parse_archived,
	[MEMBER_KIND] = parse_kind,
	[MEMBER_PRIORITY] = parse_priority,
	[MEMBER_NOT_BEFORE] = parse_not_before,
	[MEMBER_MAX_ATTEMPTS] = parse_max_attempts,
	[MEMBER_POLICY] = native_parse_policy,
	[MEMBER_ERROR] = parse_error,
	[MEMBER_PROGRESS] = parse_progress,
	[MEMBER_RESULT] = parse_result,
};

static parse_value *find_parser(struct str name, enum native_request request)
{
	if (str_eq(name, STR("fields")))
		return parse_fields;
	if (str_eq(name, STR("force")) && request == NATIVE_PATCH)
		return parse_force;
	if (str_eq(name, STR("links")) || str_eq(name, STR("kept_until")))
		return reject_read_only;
	for (size_t i = 0; i < native_member_count; i++) {
		const struct native_member *member = &native_members[i];

		if (str_eq(name, str_cstr(member->name)))
			return member->set_by & request ? parsers[member->member]
							: reject_read_only;
	}
	return NULL;
}

bool native_parse_member(
	const struct native_body *body, enum native_request request, struct str name, json_t *value)
{
	parse_value *parse = find_parser(name, request);

	if (!parse)
		return MEMBER_ERROR(body, name, "A task has no such member.");
	return parse(body, name, value);
}
