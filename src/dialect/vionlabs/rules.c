/* Hooks for tasks that arrive by the native API. */
#include "dialect/decode.h"
#include "dialect/vionlabs/vionlabs.h"
#include "http/json.h"

/* Requires a member that is a string of 1 to max characters; *text is its value. */
static bool require_text(const struct op *op, const char *name, size_t max, struct arena *arena,
	struct str *text, struct err *err)
{
	struct str json = change_field(&op->change, str_cstr(name));

	if (json.len == 0 || json.ptr[0] != '"')
		return decode_not_a_string(err, ERR_UNPROCESSABLE, name);
	*text = json_unquote(json, arena);
	if (!text->ptr)
		return err_no_memory(err);
	if (text->len == 0 || str_utf8_length(*text) > max)
		return err_set(err, ERR_UNPROCESSABLE, name, "%s must have 1 to %zu characters",
			name, max);
	if (!request_is_valid_segment(*text))
		return err_set(err, ERR_UNPROCESSABLE, name,
			"%s must not contain a backslash or a dot segment", name);
	return true;
}

bool vionlabs_native_defaults(const struct request *request, struct op *op, struct err *err)
{
	struct str priority = change_field(&op->change, STR("priority"));
	struct vionlabs_identity identity;

	if (!require_text(
		    op, "inventory_id", VIONLABS_ITEM_MAX, request->arena, &identity.item, err) ||
		!require_text(
			op, "product", VIONLABS_ITEM_MAX, request->arena, &identity.product, err) ||
		!require_text(op, "version", VIONLABS_VERSION_MAX, request->arena,
			&identity.version, err))
		return false;
	if (priority.len > 2 && !(op->change.set & CHANGE_PRIORITY))
		vionlabs_set_priority(
			&op->change, (struct str){ priority.ptr + 1, priority.len - 2 });
	op->client_named = true;
	return vionlabs_make_id(&identity, &op->new_id, request->arena, err);
}

/* Whether the JSON text is a string and one of the values. */
static bool is_one_of(struct str json, const char *const *values)
{
	return json.len > 2 && json.ptr[0] == '"' &&
	       vionlabs_value_index(values, (struct str){ json.ptr + 1, json.len - 2 }) >= 0;
}

/* Requires the members that form the task's address, and rejects changes to them. */
static bool validate_identity(const struct task *before, const struct task *task, struct err *err)
{
	static const char *const names[] = { "inventory_id", "product", "version" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct str json = task_field(task, str_cstr(names[i]));

		if (json.len <= 2 || json.ptr[0] != '"')
			return err_set(err, ERR_UNPROCESSABLE, names[i],
				"%s must be a non-empty string", names[i]);
		if (before && !str_eq(json, task_field(before, str_cstr(names[i]))))
			return err_set(err, ERR_UNPROCESSABLE, names[i],
				"%s cannot be changed: it identifies the task", names[i]);
	}
	if (!is_one_of(task_field(task, STR("product")), vionlabs_products))
		return err_set(
			err, ERR_UNPROCESSABLE, "product", "product must be a known product");
	return true;
}

bool vionlabs_validate(const struct task *before, const struct task *task, struct err *err)
{
	struct str priority = task_field(task, STR("priority"));

	if (!validate_identity(before, task, err))
		return false;
	if (priority.ptr && !is_one_of(priority, vionlabs_priorities))
		return err_set(
			err, ERR_UNPROCESSABLE, "priority", "priority must be low, medium or high");
	if (dialect_state(&vionlabs_statuses, task->status) != task->state)
		return err_set(err, ERR_UNPROCESSABLE, "status",
			"status must be the one that Vionlabs uses for the state");
	return true;
}
