#include "dialect/decode.h"

#include "base/date.h"
#include "dialect/native/native.h"

/* The state of the parser. */
struct body {
	struct arena *arena;
	struct change *change;
	struct native_patch *patch; /* NULL: the body creates a task */
	bool *force;		    /* of a patch */
	struct err *err;
};

#define MEMBER_ERROR(body, name, ...)                                                           \
	native_set_error((body)->err, (body)->arena, ERR_UNPROCESSABLE, NATIVE_AT_MEMBER(name), \
		__VA_ARGS__)

/* ---- members ---- */

static bool parse_dialect(const struct body *body, struct str name, json_t *value)
{
	const struct dialect *dialect = dialect_by_name(json_str(value));

	if (!json_is_string(value) || !dialect)
		return MEMBER_ERROR(body, name, "This is not the name of a dialect.");
	/* find_dialect() reads the value. */
	return true;
}

static bool parse_state(const struct body *body, struct str name, json_t *value)
{
	enum task_state state = task_state_parse(json_str(value));

	if (!json_is_string(value) || state == TASK_STATE_NONE)
		return MEMBER_ERROR(body, name,
			"state must be pending, running, succeeded, failed or cancelled.");
	body->change->state = state;
	return true;
}

static bool parse_status(const struct body *body, struct str name, json_t *value)
{
	struct str status = json_str(value);

	if (!json_is_string(value) || status.len == 0 || status.len > NATIVE_STATUS_MAX)
		return MEMBER_ERROR(
			body, name, "status must be a string of 1 to %d bytes.", NATIVE_STATUS_MAX);
	body->change->status = arena_copy(body->arena, status);
	return body->change->status.ptr || err_no_memory(body->err);
}

/* Takes 1.0 for an integer, as JSON Schema does: JSON has one type of numbers. */
static bool parse_integer(const json_t *value, json_int_t min, json_int_t max, json_int_t *number)
{
	double real = json_number_value(value);

	if (!json_is_number(value) || real < (double)min || real > (double)max ||
		real != (double)(json_int_t)real)
		return false;
	*number = (json_int_t)real;
	return true;
}

static bool parse_priority(const struct body *body, struct str name, json_t *value)
{
	json_int_t number;

	if (!parse_integer(value, INT32_MIN, INT32_MAX, &number))
		return MEMBER_ERROR(body, name, "priority must be a 32-bit integer.");
	body->change->priority = (int32_t)number;
	body->change->set |= CHANGE_PRIORITY;
	return true;
}

static bool parse_max_attempts(const struct body *body, struct str name, json_t *value)
{
	json_int_t number;

	if (!parse_integer(value, 0, INT32_MAX, &number))
		return MEMBER_ERROR(
			body, name, "max_attempts must be an integer from 0 to %d.", INT32_MAX);
	body->change->max_attempts = (uint32_t)number;
	body->change->set |= CHANGE_MAX_ATTEMPTS;
	return true;
}

static bool parse_not_before(const struct body *body, struct str name, json_t *value)
{
	int64_t ms = 0;

	if (!json_is_null(value) && (!json_is_string(value) || !date_parse(&ms, json_str(value))))
		return MEMBER_ERROR(body, name, "not_before must be an RFC 3339 time or null.");
	body->change->not_before = json_is_null(value) ? OPTIONAL_TIME_NONE : optional_time(ms);
	body->change->set |= CHANGE_NOT_BEFORE;
	return true;
}

static bool parse_archived(const struct body *body, struct str name, json_t *value)
{
	if (!json_is_boolean(value))
		return MEMBER_ERROR(body, name, "archived must be true or false.");
	body->change->archived = json_is_true(value);
	body->change->set |= CHANGE_ARCHIVED;
	return true;
}

/* *text is the JSON text, empty for null. A member whose name has an escape was not shortened. */
static bool parse_json_text(
	const struct body *body, struct str name, json_t *value, struct str *text)
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

static bool parse_error(const struct body *body, struct str name, json_t *value)
{
	if (!json_is_null(value) && !json_is_string(value))
		return MEMBER_ERROR(body, name, "error must be a string or null.");
	body->change->set |= CHANGE_ERROR;
	return parse_json_text(body, name, value, &body->change->error);
}

/* An object in a patch is a nested patch: see set_field(). */
static bool parse_progress(const struct body *body, struct str name, json_t *value)
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

static bool parse_force(const struct body *body, struct str name, json_t *value)
{
	if (!json_is_boolean(value))
		return MEMBER_ERROR(body, name, "force must be true or false.");
	*body->force = json_is_true(value);
	return true;
}

static bool reject_read_only(const struct body *body, struct str name, json_t *value)
{
	(void)value;
	return MEMBER_ERROR(body, name, "This member is read-only.");
}

/* ---- fields ---- */

/*
 * An object in a patch is a nested patch. The change holds the patch applied to an empty object,
 * which is right unless the stored field is an object; native_before_write() merges those.
 */
static bool set_field(const struct body *body, struct str name, json_t *value)
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

static bool parse_fields(const struct body *body, struct str name, json_t *value)
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

typedef bool parse_value(const struct body *body, struct str name, json_t *value);

static parse_value *const parsers[MEMBERS] = {
	[MEMBER_DIALECT] = parse_dialect,
	[MEMBER_STATE] = parse_state,
	[MEMBER_STATUS] = parse_status,
	[MEMBER_ARCHIVED] = parse_archived,
	[MEMBER_PRIORITY] = parse_priority,
	[MEMBER_NOT_BEFORE] = parse_not_before,
	[MEMBER_MAX_ATTEMPTS] = parse_max_attempts,
	[MEMBER_ERROR] = parse_error,
	[MEMBER_PROGRESS] = parse_progress,
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

static bool parse_member(const struct body *body, struct str name, json_t *value)
{
	parse_value *parse = find_parser(name, body->patch ? NATIVE_PATCH : NATIVE_CREATE);

	if (!parse)
		return MEMBER_ERROR(body, name, "A task has no such member.");
	return parse(body, name, value);
}

static bool parse_members(const struct body *body, json_t *json)
{
	const char *name;
	json_t *value;

	json_object_foreach (json, name, value) {
		if (!parse_member(body, str_cstr(name), value))
			return false;
	}
	return true;
}

bool native_check_content_type(const struct request *request, bool patch, struct err *err)
{
	struct str type = request_media_type(request);

	if (type.len == 0 || str_eq_nocase(type, STR(NATIVE_MEDIA_TYPE)) ||
		(patch && str_eq_nocase(type, STR(NATIVE_MERGE_PATCH_TYPE))))
		return true;
	return err_set(err, ERR_MEDIA_TYPE, "Content-Type", "The body must be %s.",
		patch ? NATIVE_MERGE_PATCH_TYPE : NATIVE_MEDIA_TYPE);
}

/* ---- create ---- */

static const struct dialect *find_dialect(const json_t *json)
{
	const json_t *name = json_object_get(json, "dialect");

	return name ? dialect_by_name(json_str(name)) : dialect_by_code(DIALECT_CODE_native);
}

/*
 * Completes state and status before native_defaults() if the client sent one of them. If it sent
 * neither, native_defaults() chooses, because not every dialect starts with pending.
 */
static bool complete_create(const struct request *request, const struct dialect *dialect,
	struct op *op, struct err *err)
{
	struct change *change = &op->change;
	bool given = change->state != TASK_STATE_NONE || change->status.len > 0;

	if (given && !native_complete_state(dialect, change, request->arena, err))
		return false;
	op->kind = OP_CREATE;
	op->dialect = dialect->code;
	op->before_write = native_before_write;
	op->follow = native_follow;
	if (dialect->uuid_version)
		id_set_version(&op->new_id, dialect->uuid_version);
	if (dialect->native_defaults && !dialect->native_defaults(request, op, err))
		return native_convert_error(err, request->arena);
	return native_complete_state(dialect, change, request->arena, err);
}

bool native_decode_create(struct request *request, struct op *op, struct err *err)
{
	struct change change = { 0 };
	const struct body body = { .arena = request->arena, .change = &change, .err = err };
	const struct dialect *dialect = NULL;
	struct native_worker_texts texts;
	json_t *json = NULL;
	bool ok;

	if (!request_check_accepts_json(request, err) ||
		!native_check_content_type(request, false, err) ||
		!native_read_body(request, &texts, &json, err))
		return false;
	ok = parse_members(&body, json);
	if (ok)
		dialect = find_dialect(json);
	json_decref(json);
	if (!ok)
		return false;
	op->change = change;
	return native_check_cut(&texts, dialect, request->arena, err) &&
	       complete_create(request, dialect, op, err);
}

/* ---- one task ---- */

static bool parse_id(
	const struct request *request, struct op *op, enum op_kind kind, struct err *err)
{
	if (!id_parse(&op->id, request_path_var(request, "id")))
		return err_set(err, ERR_NOT_FOUND, NULL, NULL);
	op->kind = kind;
	op->dialect = 0;
	return true;
}

bool native_decode_read(struct request *request, struct op *op, struct err *err)
{
	return request_check_accepts_json(request, err) && parse_id(request, op, OP_READ, err);
}

/* The response has no body, so Accept does not matter. */
bool native_decode_delete(struct request *request, struct op *op, struct err *err)
{
	op->follow = native_follow;
	return parse_id(request, op, OP_REMOVE, err);
}

bool native_decode_archive(struct request *request, struct op *op, struct err *err)
{
	op->before_write = native_before_write;
	return request_check_accepts_json(request, err) && parse_id(request, op, OP_ARCHIVE, err);
}

static bool parse_patch(struct request *request, struct op *op, struct err *err)
{
	struct change change = { 0 };
	struct body body = {
		.arena = request->arena, .change = &change, .force = &op->leave_end, .err = err
	};
	json_t *json = NULL;
	bool ok;

	body.patch = arena_alloc(request->arena,
		sizeof(*body.patch) + NATIVE_FIELDS_MAX * sizeof(body.patch->fields[0]));
	if (!body.patch)
		return err_no_memory(err);
	*body.patch = (struct native_patch){ 0 };
	if (!native_read_body(request, &body.patch->texts, &json, err))
		return false;
	ok = parse_members(&body, json);
	json_decref(json);
	if (!ok)
		return false;
	op->change = change;
	op->hook_data = body.patch;
	op->before_write = native_before_write;
	op->follow = native_follow;
	return true;
}

bool native_decode_update(struct request *request, struct op *op, struct err *err)
{
	if (!request_check_accepts_json(request, err) ||
		!native_check_content_type(request, true, err) ||
		!parse_id(request, op, OP_UPDATE, err))
		return false;
	return parse_patch(request, op, err) || decode_keep_invalid(op, request->arena, err);
}
