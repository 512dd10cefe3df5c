/* The life of an ingest point: its removal, and what its tasks do to it. */
#include "dialect/uplynk/uplynk.h"

#define REMOVING "removing" /* the status of a point whose DELETE task has not ended */
#define REMOVAL	 "removal"  /* its field with the id of that task */

/* The members of a point that a back end sets: those of its completed tasks. */
static const char *const result_members[] = { "reserved_domain_name", "reserved_ports",
	"secure_rtmp_url" };

bool uplynk_point_is_removing(const struct task *point)
{
	return str_eq(point->status, STR(REMOVING));
}

struct str uplynk_point_removal(const struct task *point)
{
	return task_field(point, STR(REMOVAL));
}

static bool quote_id(const struct id *id, struct arena *arena, struct str *json, struct err *err)
{
	char text[ID_TEXT_LEN + 3];

	text[0] = '"';
	id_format(id, text + 1);
	text[ID_TEXT_LEN + 1] = '"';
	*json = arena_copy(arena, (struct str){ text, ID_TEXT_LEN + 2 });
	return json->ptr || err_no_memory(err);
}

/* The DELETE task is the companion, or for a task that is there already, the hook's data. */
static bool task_of_removal(const struct op *op, struct str *json, struct err *err)
{
	const struct id *id = op->companion ? &op->companion->new_id : op->hook_data;

	return quote_id(id, op->arena, json, err);
}

bool uplynk_begin_removal(
	const struct op *op, const struct task *before, struct task *task, struct err *err)
{
	struct str json;

	if (uplynk_point_is_removing(before))
		return true;
	if (!task_of_removal(op, &json, err))
		return false;
	task_set_state(task, TASK_RUNNING, task->updated);
	task->status = STR(REMOVING);
	return task_set_field(task, (struct field){ STR(REMOVAL), json }) ||
	       err_set(err, ERR_CONFLICT, NULL, "The ingest point has too many members.");
}

/* The removal failed: the point is as before. */
static bool end_removal(
	const struct op *op, const struct task *before, struct task *task, struct err *err)
{
	struct str json;

	if (!uplynk_point_is_removing(before))
		return true;
	if (!task_of_removal(op, &json, err))
		return false;
	if (!str_eq(uplynk_point_removal(before), json))
		return true;
	task_set_state(task, TASK_PENDING, task->updated);
	task->status = STR("");
	return task_set_field(task, (struct field){ STR(REMOVAL), STR_NULL });
}

bool uplynk_check_point(
	const struct op *op, const struct task *before, struct task *task, struct err *err)
{
	(void)op, (void)task;
	return !uplynk_point_is_removing(before) ||
	       err_set(err, ERR_CONFLICT, NULL, "The ingest point is being removed.");
}

bool uplynk_copy_point(
	const struct op *op, const struct task *point, struct task *task, struct err *err)
{
	(void)op;
	for (size_t i = 0; i < point->field_count; i++) {
		if (!str_eq(point->fields[i].name, STR(REMOVAL)) &&
			!task_set_field(task, point->fields[i]))
			return err_set(err, ERR_CONFLICT, NULL, "The task has too many members.");
	}
	return true;
}

/* ---- what a task does to its point ---- */

static bool follow_delete(const struct op *op, const struct task *before, const struct task *after,
	struct op *next, struct err *err)
{
	const struct task *task = after ? after : before;
	struct id *id = arena_alloc(op->arena, sizeof(*id));

	if (!id)
		return err_no_memory(err);
	*id = task->id;
	next->hook_data = id;
	if (before && task_state_is_final(before->state) &&
		(!after || after->state == before->state))
		return true;
	if (after && after->state == TASK_SUCCEEDED) {
		next->kind = OP_REMOVE;
		return true;
	}
	next->kind = OP_UPDATE;
	next->before_write = !after || task_state_is_final(after->state) ? end_removal
									 : uplynk_begin_removal;
	return true;
}

/* Copies the members that the task got with its completion, or that are set afterwards. */
static bool follow_result(const struct op *op, const struct task *before, const struct task *after,
	struct op *next, struct err *err)
{
	bool completed = !before || before->state != TASK_SUCCEEDED;

	if (!after || after->state != TASK_SUCCEEDED)
		return true;
	for (size_t i = 0; i < sizeof(result_members) / sizeof(result_members[0]); i++) {
		struct str name = str_cstr(result_members[i]), json = task_field(after, name);

		if (json.len == 0 || !(completed || change_field(&op->change, name).ptr))
			continue;
		json = arena_copy(op->arena, json);
		if (!json.ptr)
			return err_no_memory(err);
		change_set_field(&next->change, name, json);
		next->kind = OP_UPDATE;
	}
	return true;
}

bool uplynk_native_follow(const struct op *op, const struct task *before, const struct task *after,
	struct op *next, struct err *err)
{
	const struct task *task = after ? after : before;
	struct str point = task_field(task, STR("ingest_point"));
	struct str operation = task_field(task, STR("operation"));

	if (point.len < 2 ||
		!uplynk_parse_id(&next->id, (struct str){ point.ptr + 1, point.len - 2 }))
		return true;
	next->dialect = DIALECT_CODE_uplynk_point;
	if (str_eq(operation, STR("\"DELETE\"")))
		return follow_delete(op, before, after, next, err);
	return follow_result(op, before, after, next, err);
}

/* ---- validation ---- */

static bool is_text(struct str json, size_t max)
{
	return json.len > 2 && json.len <= max + 2 && json.ptr[0] == '"';
}

bool uplynk_validate_results(const struct task *task, struct err *err)
{
	struct str domain = task_field(task, STR("reserved_domain_name"));
	struct str ports = task_field(task, STR("reserved_ports"));
	struct str url = task_field(task, STR("secure_rtmp_url"));

	if (domain.ptr && !is_text(domain, UPLYNK_DOMAIN_MAX))
		return err_set(err, ERR_UNPROCESSABLE, "reserved_domain_name",
			"reserved_domain_name must be a string of 1 to %d bytes",
			UPLYNK_DOMAIN_MAX);
	if (ports.ptr && ports.ptr[0] != '{')
		return err_set(err, ERR_UNPROCESSABLE, "reserved_ports",
			"reserved_ports must be an object");
	if (url.ptr && !is_text(url, UPLYNK_URL_MAX))
		return err_set(err, ERR_UNPROCESSABLE, "secure_rtmp_url",
			"secure_rtmp_url must be a string of 1 to %d bytes", UPLYNK_URL_MAX);
	return true;
}
