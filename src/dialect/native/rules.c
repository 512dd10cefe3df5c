#include "dialect/native/native.h"

/* The state that a word stands for; the other state, if one is given, must be the same. */
static bool state_of_status(const struct dialect *dialect, struct str word, enum task_state *state,
	struct arena *arena, struct err *err)
{
	enum task_state meant = dialect_state(dialect->statuses, word);

	if (meant == TASK_STATE_NONE)
		return native_set_error(err, arena, ERR_UNPROCESSABLE,
			NATIVE_AT_MEMBER(STR("status")), "The dialect %s has no such status.",
			dialect->name);
	if (*state != TASK_STATE_NONE && *state != meant)
		return native_set_error(err, arena, ERR_UNPROCESSABLE,
			NATIVE_AT_MEMBER(STR("status")),
			"In the dialect %s this status means the state %s.", dialect->name,
			task_state_name(meant));
	*state = meant;
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

/* A task whose word already stands for the new state keeps it: there may be several. */
static bool update_state(
	const struct op *op, const struct dialect *dialect, struct task *task, struct err *err)
{
	enum task_state state = op->change.state;

	if (op->change.status.len > 0) {
		if (!state_of_status(dialect, op->change.status, &state, op->arena, err))
			return false;
		task_set_state(task, state, op->now);
	} else if (state != TASK_STATE_NONE &&
		   dialect_state(dialect->statuses, task->status) != state) {
		task->status = str_cstr(dialect_status(dialect->statuses, state));
	}
	return true;
}

/*
 * RFC 7396 §2. No deeper than the patch, which json_parse_strict bounds. Only what is no object is shared
 * between the two, and only objects are changed.
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

/* Both were read once; what cannot be read again is ours to answer for. */
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

/* A field that was an object is merged with; any other has become what the change says already. */
static bool merge_fields(
	const struct op *op, const struct task *before, struct task *task, struct err *err)
{
	const struct native_nested_patches *nested_patches = op->hook_data;

	for (size_t i = 0; i < nested_patches->count; i++) {
		struct field field = nested_patches->fields[i];
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
	const struct native_nested_patches *nested_patches = op->hook_data;
	struct str stored = before->progress;

	if (nested_patches->progress.len == 0 || stored.len == 0 || stored.ptr[0] != '{')
		return true;
	if (!native_merge_patch(&task->progress, stored, nested_patches->progress, op->arena, err))
		return false;
	if (task->progress.len <= NATIVE_TEXT_MAX)
		return true;
	return native_set_error(err, op->arena, ERR_UNPROCESSABLE,
		NATIVE_AT_MEMBER(STR("progress")), "The JSON text must have at most %d bytes.",
		NATIVE_TEXT_MAX);
}

bool native_before_write(
	const struct op *op, const struct task *before, struct task *task, struct err *err)
{
	const struct dialect *dialect = dialect_by_code(task->dialect);

	/* What is no task, but what tasks are about, is not served here. */
	if (!dialect)
		return err_set(err, ERR_NOT_FOUND, NULL, NULL);
	if (!update_state(op, dialect, task, err))
		return false;
	if (before && op->hook_data &&
		(!merge_fields(op, before, task, err) || !merge_progress(op, before, task, err)))
		return false;
	return dialect->validate(before, task, err) || native_convert_error(err, op->arena);
}
