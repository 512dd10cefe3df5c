/* Hooks for tasks that arrive by the native API. */
#include "dialect/decode.h"
#include "dialect/vionlabs/vionlabs.h"
#include "http/json.h"

/* Requires the JSON text of a string of 1 to max characters; *text is its value. */
static bool require_text(struct str json, const char *name, size_t max, struct arena *arena,
	struct str *text, struct err *err)
{
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

/* The parts of a task's address. */
static const struct {
	const char *name;
	size_t max; /* characters */
} parts[] = {
	{ "inventory_id", VIONLABS_ITEM_MAX },
	{ "product", VIONLABS_ITEM_MAX },
	{ "version", VIONLABS_VERSION_MAX },
};

#define PARTS (sizeof(parts) / sizeof(parts[0]))

/* json has the JSON text of each part. */
static bool make_id(
	const struct str json[PARTS], struct id *id, struct arena *arena, struct err *err)
{
	struct str texts[PARTS];

	for (size_t i = 0; i < PARTS; i++) {
		if (!require_text(json[i], parts[i].name, parts[i].max, arena, &texts[i], err))
			return false;
	}
	return vionlabs_make_id(
		&(struct vionlabs_identity){ texts[0], texts[1], texts[2] }, id, arena, err);
}

/* Of the JSON text of a string whose value needs no escapes; else STR_NULL. */
static struct str text_between_quotes(struct str json)
{
	return json.len > 2 && json.ptr[0] == '"' ? (struct str){ json.ptr + 1, json.len - 2 }
						  : STR_NULL;
}

bool vionlabs_native_defaults(const struct request *request, struct op *op, struct err *err)
{
	struct str priority = change_field(&op->change, STR("priority"));
	struct str json[PARTS];

	for (size_t i = 0; i < PARTS; i++)
		json[i] = change_field(&op->change, str_cstr(parts[i].name));
	if (!(op->change.set & CHANGE_PRIORITY))
		vionlabs_set_priority(
			&op->change, priority.ptr ? text_between_quotes(priority) : STR("low"));
	op->client_named = true;
	return make_id(json, &op->new_id, request->arena, err);
}

/* Whether the JSON text is a string and one of the values. */
static bool is_one_of(struct str json, const char *const *values)
{
	return vionlabs_value_index(values, text_between_quotes(json)) >= 0;
}

/* ---- priority ---- */

/* The word for any number that the native API accepts. */
static struct str priority_json(int32_t priority)
{
	if (priority == 0)
		return STR("\"medium\"");
	return priority < 0 ? STR("\"low\"") : STR("\"high\"");
}

static bool set_word(struct task *task, struct str json, struct err *err)
{
	return task_set_field(task, (struct field){ STR("priority"), json }) ||
	       err_set(err, ERR_UNPROCESSABLE, "priority", "The task has too many members");
}

bool vionlabs_native_complete(
	const struct op *op, const struct task *before, struct task *task, struct err *err)
{
	struct str given = change_field(&op->change, STR("priority"));
	struct str word = task_field(task, STR("priority")), wanted = priority_json(task->priority);
	struct change change = { 0 };

	(void)before;
	if (word.len == 0)
		word = STR("\"low\"");
	if (!(op->change.set & CHANGE_PRIORITY)) {
		vionlabs_set_priority(&change, text_between_quotes(word));
		if (given.ptr && change.set)
			task->priority = change.priority;
		return true;
	}
	/* vionlabs_validate() rejects other words. */
	if (str_eq(word, wanted) || !is_one_of(word, vionlabs_priorities))
		return true;
	if (given.ptr)
		return err_set(err, ERR_UNPROCESSABLE, "priority", "the priority %d is %.*s here",
			(int)task->priority, STR_ARGS(wanted));
	return set_word(task, wanted, err);
}

/* ---- validation ---- */

/* Requires the members that form the task's address, and rejects changes to them. */
static bool validate_identity(const struct task *before, const struct task *task, struct err *err)
{
	for (size_t i = 0; i < PARTS; i++) {
		const char *name = parts[i].name;
		struct str json = task_field(task, str_cstr(name));

		if (json.len <= 2 || json.ptr[0] != '"')
			return err_set(err, ERR_UNPROCESSABLE, name,
				"%s must be a non-empty string", name);
		if (before && !str_eq(json, task_field(before, str_cstr(name))))
			return err_set(err, ERR_UNPROCESSABLE, name,
				"%s cannot be changed: it identifies the task", name);
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

bool vionlabs_check_address(const struct task *task, struct err *err)
{
	struct arena arena = { 0 };
	struct str json[PARTS];
	struct id id;
	bool ok;

	for (size_t i = 0; i < PARTS; i++)
		json[i] = task_field(task, str_cstr(parts[i].name));
	ok = make_id(json, &id, &arena, err);
	if (ok && id_compare(&id, &task->id) != 0)
		ok = err_set(err, ERR_UNPROCESSABLE, "inventory_id",
			"inventory_id, product and version lead to another id");
	arena_free(&arena);
	return ok;
}
