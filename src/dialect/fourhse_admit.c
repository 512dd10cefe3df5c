/* Tasks that come in by the native API. */
#include "dialect/fourhse.h"

static bool set_open(struct change *change, const char *name, struct str json, struct err *err)
{
	if (change_field(change, str_of(name)).ptr)
		return true;
	if (!json.ptr)
		return err_no_memory(err);
	return change_set(change, str_of(name), json) ||
	       err_set(err, ERR_UNPROCESSABLE, name, "A task has too many members");
}

/* The id that a client gives makes the task's; admit refuses what is none. */
static bool prepare_id(struct op *op, struct err *err)
{
	struct str json = change_field(&op->change, STR("task_id")), text;
	char fresh[ID_TEXT_LEN + 1];

	id_format(&op->fresh, fresh);
	if (json.len == 0 || json.ptr[0] != '"')
		return set_open(&op->change, "task_id", json_quote(str_of(fresh), op->mem), err);
	text = json_unquote(json, op->mem);
	if (!text.ptr)
		return err_no_memory(err);
	op->named = true;
	if (!fourhse_resolve(&op->fresh, &text, text, op->mem, err))
		return err->code == ERR_INVALID;
	json = json_quote(text, op->mem);
	return json.ptr ? change_set(&op->change, STR("task_id"), json) : err_no_memory(err);
}

bool fourhse_prepare(const struct request *request, struct op *op, struct err *err)
{
	struct change *change = &op->change;
	struct str user = json_quote(request->principal.user, op->mem);

	if (change->state == TASK_STATE_NONE)
		change->state = TASK_PENDING;
	if (change->word.len == 0)
		change->word = str_of(dialect_word(&fourhse_dialect, change->state));
	return prepare_id(op, err) && set_open(change, "user_id", user, err) &&
	       set_open(change, "entity_id", STR("null"), err) &&
	       set_open(change, "request", STR("null"), err) &&
	       set_open(change, "response", STR("null"), err);
}

static bool refuse_member(struct err *err, const struct fourhse_member *member, const char *what)
{
	return err_set(err, ERR_UNPROCESSABLE, member->name, "%s %s", member->name, what);
}

static bool admit_text(
	const struct fourhse_member *member, struct str json, struct mem *mem, struct err *err)
{
	struct str text;

	if (member->nullable && str_eq(json, STR("null")))
		return true;
	if (json.len == 0 || json.ptr[0] != '"')
		return refuse_member(err, member,
			member->nullable ? "must be a string or null" : "must be a string");
	text = json_unquote(json, mem);
	if (!text.ptr)
		return err_no_memory(err);
	if (!member->nullable && fourhse_is_blank(text))
		return refuse_member(err, member, "must not be blank");
	if (member->max && str_characters(text) > member->max)
		return refuse_member(err, member, "is too long");
	return true;
}

/*
 * A task that another id leads to would be found by nobody; one that has another text for the same
 * id (a UUID in upper case) by no filter, and by no task that is connected with it.
 */
static bool admit_id(
	const struct task *before, const struct task *task, struct mem *mem, struct err *err)
{
	const struct str name = STR("task_id");
	struct str text = json_unquote(task_field(task, name), mem), kept;
	struct id id;

	if (!text.ptr)
		return err_no_memory(err);
	if (!fourhse_resolve(&id, &kept, text, mem, err))
		return false;
	if (id_compare(&id, &task->id) == 0 && str_eq(text, kept) &&
		(!before || str_eq(task_field(before, name), task_field(task, name))))
		return true;
	return err_set(err, ERR_UNPROCESSABLE, "task_id", "task_id is not that of the task");
}

static bool admit_word(const struct fourhse_member *member, struct str word, struct err *err)
{
	if (fourhse_is_blank(word))
		return refuse_member(err, member, "must not be blank");
	if (str_characters(word) > member->max)
		return refuse_member(err, member, "is too long");
	return true;
}

/* What an answer copies as it is must be what the documents say it is. */
bool fourhse_admit(const struct task *before, const struct task *task, struct err *err)
{
	struct mem mem = { 0 };
	bool ok = true;

	for (size_t i = 0; ok && i < FOURHSE_MEMBERS; i++) {
		const struct fourhse_member *member = &fourhse_members[i];

		if (member->source == FOURHSE_FIELD)
			ok = admit_text(member, task_field(task, str_of(member->name)), &mem, err);
		else if (member->source == FOURHSE_WORD)
			ok = admit_word(member, task->word, err);
	}
	ok = ok && admit_id(before, task, &mem, err);
	mem_free(&mem);
	return ok;
}
