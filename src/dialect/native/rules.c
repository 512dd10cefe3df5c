#include "dialect/check.h"
#include "dialect/native/native.h"

/* Sets *state to the state that the status means. If *state is set already, both must agree. */
static bool state_of_status(const struct dialect *dialect, struct str status,
	enum task_state *state, struct arena *arena, struct err *err)
{
	enum task_state implied = dialect_state(dialect->statuses, status);

	if (implied == TASK_STATE_NONE)
		return native_set_error(err, arena, ERR_UNPROCESSABLE,
			NATIVE_AT_MEMBER(STR("status")), "The dialect %s has no such status.",
			dialect->name);
	if (*state != TASK_STATE_NONE && *state != implied)
		return native_set_error(err, arena, ERR_UNPROCESSABLE,
			NATIVE_AT_MEMBER(STR("status")),
			"In the dialect %s this status means the state %s.", dialect->name,
			task_state_name(implied));
	*state = implied;
	return true;
}

bool native_complete_state(
	const struct dialect *dialect, struct change *change, struct arena *arena, struct err *err)
{
	if (change->status.len > 0)
		return state_of_status(dialect, change->status, &change->state, arena, err);
	if (change->state == TASK_STATE_NONE)
		change->state = TASK_PENDING;
	change->status = str_cstr(dialect_status(dialect->statuses, change->state));
	return true;
}

/* Keeps a status that already means the new state: several may. */
static bool update_state(
	const struct op *op, const struct dialect *dialect, struct task *task, struct err *err)
{
	enum task_state state = op->change.state;

	/* The store has set the state. */
	if (op->report.kind != REPORT_NONE || op->kind == OP_CLAIM)
		state = task->state;
	if (op->change.status.len > 0) {
		if (!state_of_status(dialect, op->change.status, &state, op->arena, err))
			return false;
		task_set_state(task, state, task->updated);
	} else if (state != TASK_STATE_NONE &&
		   dialect_state(dialect->statuses, task->status) != state) {
		task->status = str_cstr(dialect_status(dialect->statuses, state));
	}
	return true;
}

/*
 * RFC 7396 §2. The recursion is as deep as the patch, at most JSON_DEPTH_MAX. Both documents share
 * values that are not objects; only objects are modified, so the patch stays unchanged.
 */
static bool merge(json_t *target, json_t *patch)
{
	const char *name;
	json_t *value, *member;

	json_object_foreach (patch, name, value) {
		if (json_is_null(value)) {
			json_object_del(target, name);
			continue;
		}
		if (!json_is_object(value)) {
			if (json_object_set(target, name, value) != 0)
				return false;
			continue;
		}
		member = json_object_get(target, name);
		if (!json_is_object(member)) {
			member = json_object();
			if (json_object_set_new(target, name, member) != 0)
				return false;
		}
		if (!merge(member, value))
			return false;
	}
	return true;
}

/* Both texts were parsed before, so malformed text here is an internal error. */
static bool parse_stored(json_t **json, struct str text, struct err *err)
{
	if (json_parse_object(json, text, err))
		return true;
	if (err->code != ERR_NO_MEMORY)
		err_set(err, ERR_INTERNAL, NULL, NULL);
	return false;
}

bool native_merge_patch(struct str *merged, struct str stored, struct str patch,
	struct arena *arena, struct err *err)
{
	json_t *target = NULL, *change = NULL;
	struct str text = STR_NULL;
	bool ok = false;

	if (!parse_stored(&target, stored, err) || !parse_stored(&change, patch, err))
		goto out;
	if (merge(target, change))
		text = json_text(target, arena);
	ok = text.ptr || err_no_memory(err);
	if (ok)
		*merged = text;
out:
	json_decref(target);
	json_decref(change);
	return ok;
}

/* Merges patches into stored objects. The change has set all other fields already. */
static bool merge_fields(
	const struct op *op, const struct task *before, struct task *task, struct err *err)
{
	const struct native_patch *patch = op->hook_data;

	for (size_t i = 0; i < patch->count; i++) {
		struct field field = patch->fields[i];
		struct str stored = task_field(before, field.name);

		if (stored.len == 0 || stored.ptr[0] != '{')
			continue;
		if (!native_merge_patch(&field.json, stored, field.json, op->arena, err))
			return false;
		task_set_field(task, field);
	}
	return true;
}

static bool merge_progress(
	const struct op *op, const struct task *before, struct task *task, struct err *err)
{
	const struct native_patch *patch = op->hook_data;
	struct str stored = before->progress;

	if (patch->progress.len == 0 || stored.len == 0 || stored.ptr[0] != '{')
		return true;
	if (!native_merge_patch(&task->progress, stored, patch->progress, op->arena, err))
		return false;
	if (task->progress.len <= NATIVE_TEXT_MAX)
		return true;
	return native_set_error(err, op->arena, ERR_UNPROCESSABLE,
		NATIVE_AT_MEMBER(STR("progress")), "The JSON text must have at most %d bytes.",
		NATIVE_TEXT_MAX);
}

/* Applies what depends on the stored task. */
static bool apply_patch(const struct op *op, const struct dialect *dialect,
	const struct task *before, struct task *task, struct err *err)
{
	const struct native_patch *patch = op->hook_data;

	return native_check_cut(&patch->texts, dialect, op->arena, err) &&
	       merge_fields(op, before, task, err) && merge_progress(op, before, task, err) &&
	       native_merge_policy(op, before, task, err);
}

/* Whether the request sets the field itself; a creation has the dialect's defaults too. */
static bool sets_field(const struct op *op, const struct dialect_error_field *field, bool creates)
{
	struct str json = change_field(&op->change, str_cstr(field->name));

	return json.ptr && !(creates && str_eq(json, str_cstr(field->none)));
}

/* Copies a new error to the field in which the dialect's clients look for it. */
static bool show_error(const struct op *op, const struct dialect *dialect,
	const struct task *before, struct task *task)
{
	const struct dialect_error_field *field = &dialect->error_field;
	struct str none = str_cstr(field->none), shown;

	bool by_report = before && op->report.kind != REPORT_NONE &&
			 !str_eq(before->error, task->error);

	if (!field->name || !((op->change.set & CHANGE_ERROR) || by_report) ||
		sets_field(op, field, !before))
		return true;
	shown = task_field(task, str_cstr(field->name));
	if (shown.len > 0 && !str_eq(shown, none) && !(before && str_eq(shown, before->error)) &&
		!(field->replaces && task->error.len > 0))
		return true;
	return task_set_field(task,
		(struct field){ str_cstr(field->name), task->error.len > 0 ? task->error : none });
}

/* A result that is no string is shown as its JSON text. */
static bool show_result(
	const struct op *op, const struct dialect *dialect, struct task *task, struct err *err)
{
	const size_t max = dialect->error_field.max;
	struct str shown = task->result;

	if (!dialect->result_field || !(op->change.set & CHANGE_RESULT) || shown.len == 0 ||
		change_field(&op->change, str_cstr(dialect->result_field)).ptr)
		return true;
	if (shown.ptr[0] != '"')
		shown = worker_text_quote_end(shown, max, op->arena);
	if (!shown.ptr)
		return err_no_memory(err);
	return task_set_field(task, (struct field){ str_cstr(dialect->result_field), shown }) ||
	       native_set_error(err, op->arena, ERR_UNPROCESSABLE, NATIVE_AT_MEMBER(STR("result")),
		       "The task has too many fields.");
}

static bool check_kind(const struct op *op, const struct dialect *dialect, struct err *err)
{
	return !(op->change.set & CHANGE_KIND) || dialect->kind == task_own_kind ||
	       native_set_error(err, op->arena, ERR_UNPROCESSABLE, NATIVE_AT_MEMBER(STR("kind")),
		       "In the dialect %s the kind comes from the fields of the task.",
		       dialect->name);
}

bool native_before_write(
	const struct op *op, const struct task *before, struct task *task, struct err *err)
{
	const struct dialect *dialect = dialect_by_code(task->dialect);

	/* Resources such as Uplynk's ingest points are not tasks: not served here. */
	if (!dialect)
		return err_set(err, ERR_NOT_FOUND, NULL, NULL);
	if (!check_kind(op, dialect, err) || !update_state(op, dialect, task, err))
		return false;
	if (!op_check_end(op, before, task, err))
		return native_convert_error(err, op->arena);
	if (before && op->hook_data && !apply_patch(op, dialect, before, task, err))
		return false;
	if (!show_error(op, dialect, before, task))
		return native_set_error(err, op->arena, ERR_UNPROCESSABLE,
			NATIVE_AT_MEMBER(STR("error")), "The task has too many fields.");
	if (!show_result(op, dialect, task, err))
		return false;
	if (dialect->native_complete && !dialect->native_complete(op, before, task, err))
		return native_convert_error(err, op->arena);
	return dialect_check_task(before, task, err) || native_convert_error(err, op->arena);
}

bool native_follow(const struct op *op, const struct task *before, const struct task *after,
	struct op *next, struct err *err)
{
	const struct dialect *dialect = dialect_by_code(after ? after->dialect : before->dialect);

	return !dialect || !dialect->native_follow ||
	       dialect->native_follow(op, before, after, next, err);
}
