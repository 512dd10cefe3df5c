/* Hooks for tasks that arrive by the native API. */
#include "dialect/fourhse/fourhse.h"

static bool set_default(struct change *change, const char *name, struct str json, struct err *err)
{
	if (change_field(change, str_cstr(name)).ptr)
		return true;
	if (!json.ptr)
		return err_no_memory(err);
	return change_set_field(change, str_cstr(name), json) ||
	       err_set(err, ERR_UNPROCESSABLE, name, "A task has too many members");
}

/* Derives the task's id from the client's task_id; fourhse_validate() rejects an invalid one. */
static bool set_native_id(struct op *op, struct err *err)
{
	struct str json = change_field(&op->change, STR("task_id")), text;
	char new_id[ID_TEXT_LEN + 1];

	id_format(&op->new_id, new_id);
	if (json.len == 0 || json.ptr[0] != '"')
		return set_default(
			&op->change, "task_id", json_quote(str_cstr(new_id), op->arena), err);
	text = json_unquote(json, op->arena);
	if (!text.ptr)
		return err_no_memory(err);
	op->client_named = true;
	if (!fourhse_parse_task_id(&op->new_id, &text, text, op->arena, err))
		return err->code == ERR_INVALID;
	json = json_quote(text, op->arena);
	return json.ptr ? change_set_field(&op->change, STR("task_id"), json) : err_no_memory(err);
}

bool fourhse_native_defaults(const struct request *request, struct op *op, struct err *err)
{
	struct change *change = &op->change;
	struct str user = json_quote(request->principal.user, op->arena);

	if (change->state == TASK_STATE_NONE)
		change->state = TASK_PENDING;
	if (change->status.len == 0)
		change->status = str_cstr(dialect_status(&fourhse_statuses, change->state));
	return set_native_id(op, err) && set_default(change, "user_id", user, err) &&
	       set_default(change, "entity_id", STR("null"), err) &&
	       set_default(change, "request", STR("null"), err) &&
	       set_default(change, "response", STR("null"), err);
}

static bool set_member_error(struct err *err, const struct fourhse_member *member, const char *what)
{
	return err_set(err, ERR_UNPROCESSABLE, member->name, "%s %s", member->name, what);
}

static bool validate_text(
	const struct fourhse_member *member, struct str json, struct arena *arena, struct err *err)
{
	struct str text;

	if (member->nullable && str_eq(json, STR("null")))
		return true;
	if (json.len == 0 || json.ptr[0] != '"')
		return set_member_error(err, member,
			member->nullable ? "must be a string or null" : "must be a string");
	text = json_unquote(json, arena);
	if (!text.ptr)
		return err_no_memory(err);
	if (!member->nullable && fourhse_is_blank(text))
		return set_member_error(err, member, "must not be blank");
	if (member->max_chars && str_utf8_length(text) > member->max_chars)
		return set_member_error(err, member, "is too long");
	return true;
}

static bool leads_to_id(const struct task *task, struct arena *arena, struct err *err)
{
	struct str json = task_field(task, STR("task_id")), text, canonical;
	struct id id;

	if (json.len == 0 || json.ptr[0] != '"')
		return err_set(err, ERR_UNPROCESSABLE, "task_id", "task_id must be a string");
	text = json_unquote(json, arena);
	if (!text.ptr)
		return err_no_memory(err);
	if (!fourhse_parse_task_id(&id, &canonical, text, arena, err))
		return err->code != ERR_NO_MEMORY &&
		       err_set(err, ERR_UNPROCESSABLE, "task_id",
			       "task_id must have 1 to %d characters", FOURHSE_ID_MAX);
	if (id_compare(&id, &task->id) == 0 && str_eq(text, canonical))
		return true;
	return err_set(err, ERR_UNPROCESSABLE, "task_id", "task_id must be the id of the task");
}

/*
 * task_id must lead to the task's id, or requests would not find the task, and must be in canonical
 * form (a UUID in lower case), or filters and dependent tasks would not match it.
 */
bool fourhse_check_address(const struct task *task, struct err *err)
{
	struct arena arena = { 0 };
	bool ok = leads_to_id(task, &arena, err);

	arena_free(&arena);
	return ok;
}

/* A derived id has two task_ids: the name that it was derived from, and its own text. */
static bool validate_id(
	const struct task *before, const struct task *task, struct arena *arena, struct err *err)
{
	struct str json = task_field(task, STR("task_id")), text;

	if (before)
		return str_eq(json, task_field(before, STR("task_id"))) ||
		       err_set(err, ERR_UNPROCESSABLE, "task_id",
			       "task_id must be the id of the task");
	text = json_unquote(json, arena);
	if (!text.ptr)
		return err_no_memory(err);
	return request_is_valid_segment(text) ||
	       err_set(err, ERR_UNPROCESSABLE, "task_id",
		       "task_id must not contain a backslash or a dot segment");
}

static bool validate_status(const struct fourhse_member *member, struct str status, struct err *err)
{
	if (fourhse_is_blank(status))
		return set_member_error(err, member, "must not be blank");
	if (str_utf8_length(status) > member->max_chars)
		return set_member_error(err, member, "is too long");
	return true;
}

/* The encoder copies these members unchecked, so they must be of the documented type. */
bool fourhse_validate(const struct task *before, const struct task *task, struct err *err)
{
	struct arena arena = { 0 };
	bool ok = true;

	for (size_t i = 0; ok && i < FOURHSE_MEMBER_COUNT; i++) {
		const struct fourhse_member *member = &fourhse_members[i];

		if (member->source == FOURHSE_FIELD)
			ok = validate_text(
				member, task_field(task, str_cstr(member->name)), &arena, err);
		else if (member->source == FOURHSE_STATUS)
			ok = validate_status(member, task->status, err);
	}
	ok = ok && validate_id(before, task, &arena, err);
	arena_free(&arena);
	return ok;
}
