#include "dialect/decode.h"

#include "dialect/uplynk/uplynk.h"
#include "http/json.h"

#define NAME_MAX_BYTES 255
#define DESC_MAX_BYTES 4096

/* ---- ids ---- */

static bool parse_id(
	const struct request *request, const char *name, struct id *id, struct err *err)
{
	return uplynk_parse_id(id, request_path_var(request, name)) ||
	       err_set(err, ERR_NOT_FOUND, NULL, NULL);
}

/* ---- bodies ---- */

/* The members of an ingest point that a body may set. All others are ignored. */
static const struct member {
	const char *name;
	size_t min, max; /* bytes; min > 0: required */
	bool may_change;
} members[] = {
	{ .name = "endpoint_name", .min = 1, .max = NAME_MAX_BYTES, .may_change = true },
	{ .name = "server_region_id", .min = 1, .max = NAME_MAX_BYTES },
	{ .name = "stream_type_name", .min = 1, .max = NAME_MAX_BYTES },
	{ .name = "desc", .max = DESC_MAX_BYTES, .may_change = true },
};

#define MEMBER_COUNT (sizeof(members) / sizeof(members[0]))

/* A missing or null member is an empty string if the member may be empty. */
static bool parse_text(const struct member *member, const json_t *value, struct arena *arena,
	struct str *json, struct err *err)
{
	struct str text = json_str(value), quoted = STR("\"\"");

	if (value && !json_is_string(value) && !(json_is_null(value) && member->min == 0))
		return decode_not_a_string(err, ERR_INVALID, member->name);
	if (text.len < member->min || text.len > member->max)
		return err_set(err, ERR_INVALID, member->name, "%s must have %zu to %zu bytes",
			member->name, member->min, member->max);
	if (text.len > 0)
		quoted = json_quote(text, arena);
	if (!quoted.ptr)
		return err_no_memory(err);
	*json = quoted;
	return true;
}

/* A new point has all members, in the order of the table. */
static bool parse_create(
	const struct request *request, const json_t *body, struct change *change, struct err *err)
{
	for (size_t i = 0; i < MEMBER_COUNT; i++) {
		const struct member *member = &members[i];
		const json_t *value = json_object_get(body, member->name);
		struct str json;

		if (!value && member->min > 0)
			return err_set(
				err, ERR_MISSING, member->name, "%s is required", member->name);
		if (!parse_text(member, value, request->arena, &json, err))
			return false;
		change_set_field(change, str_cstr(member->name), json);
	}
	return true;
}

static bool parse_update(
	const struct request *request, const json_t *body, struct change *change, struct err *err)
{
	for (size_t i = 0; i < MEMBER_COUNT; i++) {
		const struct member *member = &members[i];
		const json_t *value = json_object_get(body, member->name);
		struct str json;

		if (!value || !member->may_change)
			continue;
		if (!parse_text(member, value, request->arena, &json, err))
			return false;
		change_set_field(change, str_cstr(member->name), json);
	}
	return true;
}

/* Accepts any Content-Type: the documentation does not say what clients send. */
static bool parse_body(const struct request *request,
	bool (*parse)(const struct request *, const json_t *, struct change *, struct err *),
	struct change *change, struct err *err)
{
	json_t *json = NULL;
	bool ok;

	if (request->body.len > 0 && !json_parse_object(&json, request->body, err))
		return false;
	ok = parse(request, json, change, err);
	json_decref(json);
	return ok;
}

/* ---- operations ---- */

/*
 * Creates the task that records an operation on an ingest point. Its fields tell the backend which
 * point and which of its members were set.
 */
static bool make_task_op(const struct request *request, const char *operation,
	const struct id *point, const struct change *change, struct op **task_op, struct err *err)
{
	struct op *task = arena_alloc(request->arena, sizeof(*task));
	char hex[UPLYNK_HEX_LEN + 1];
	struct str json;

	if (!task)
		return err_no_memory(err);
	*task = (struct op){ .kind = OP_CREATE, .dialect = DIALECT_CODE_uplynk };
	uplynk_format_id(point, hex);
	json = json_quote((struct str){ hex, UPLYNK_HEX_LEN }, request->arena);
	if (!json.ptr)
		return err_no_memory(err);
	task->change.state = request->completes_tasks ? TASK_SUCCEEDED : TASK_PENDING;
	task->change.status = str_cstr(dialect_status(&uplynk_statuses, task->change.state));
	change_set_field(&task->change, STR("operation"), str_cstr(operation));
	change_set_field(&task->change, STR("ingest_point"), json);
	for (size_t i = 0; change && i < change->field_count; i++)
		change_set_field(&task->change, change->fields[i].name, change->fields[i].json);
	*task_op = task;
	return true;
}

bool uplynk_decode_tasks(struct request *request, struct op *op, struct err *err)
{
	(void)request, (void)err;
	return decode_init_op(op, OP_LIST, DIALECT_CODE_uplynk, NULL);
}

bool uplynk_decode_task(struct request *request, struct op *op, struct err *err)
{
	struct id id;

	return parse_id(request, "task", &id, err) &&
	       decode_init_op(op, OP_READ, DIALECT_CODE_uplynk, &id);
}

bool uplynk_decode_points(struct request *request, struct op *op, struct err *err)
{
	(void)request, (void)err;
	return decode_init_op(op, OP_LIST, DIALECT_CODE_uplynk_point, NULL);
}

bool uplynk_decode_point(struct request *request, struct op *op, struct err *err)
{
	struct id id;

	return parse_id(request, "point", &id, err) &&
	       decode_init_op(op, OP_READ, DIALECT_CODE_uplynk_point, &id);
}

bool uplynk_decode_create(struct request *request, struct op *op, struct err *err)
{
	struct change change = { 0 };
	struct op *task;

	if (!parse_body(request, parse_create, &change, err) ||
		!make_task_op(request, "\"CREATE\"", &op->new_id, &change, &task, err))
		return false;
	op->change = change;
	op->companion = task;
	return decode_init_op(op, OP_CREATE, DIALECT_CODE_uplynk_point, NULL);
}

bool uplynk_decode_update(struct request *request, struct op *op, struct err *err)
{
	struct change change = { 0 };
	struct op *task;
	struct id id;

	if (!parse_id(request, "point", &id, err))
		return false;
	decode_init_op(op, OP_UPDATE, DIALECT_CODE_uplynk_point, &id);
	if (!parse_body(request, parse_update, &change, err))
		return decode_keep_invalid(op, request->arena, err);
	if (!make_task_op(request, "\"UPDATE\"", &id, &change, &task, err))
		return false;
	op->change = change;
	op->companion = task;
	op->before_write = uplynk_check_point;
	return true;
}

/* The point stays until the back end has completed the task; a repetition shows that task again. */
bool uplynk_decode_delete(struct request *request, struct op *op, struct err *err)
{
	struct op *task;
	struct id id;

	if (!parse_id(request, "point", &id, err) ||
		!make_task_op(request, "\"DELETE\"", &id, NULL, &task, err))
		return false;
	task->complete = uplynk_copy_point;
	op->companion = task;
	if (request->completes_tasks)
		return decode_init_op(op, OP_REMOVE, DIALECT_CODE_uplynk_point, &id);
	op->before_write = uplynk_begin_removal;
	op->only_changes = true;
	return decode_init_op(op, OP_UPDATE, DIALECT_CODE_uplynk_point, &id);
}

/* ---- points that are imported ---- */

bool uplynk_validate_members(const struct task *point, struct err *err)
{
	struct arena arena = { 0 };
	bool ok = true;

	for (size_t i = 0; ok && i < MEMBER_COUNT; i++) {
		const struct member *member = &members[i];
		struct str json = task_field(point, str_cstr(member->name));
		struct str text = json_unquote(json, &arena);

		if (json.len == 0 || json.ptr[0] != '"')
			ok = decode_not_a_string(err, ERR_UNPROCESSABLE, member->name);
		else if (!text.ptr)
			ok = err_no_memory(err);
		else if (text.len < member->min || text.len > member->max)
			ok = err_set(err, ERR_UNPROCESSABLE, member->name,
				"%s must have %zu to %zu bytes", member->name, member->min,
				member->max);
	}
	arena_free(&arena);
	return ok;
}
