/* Hooks for tasks that arrive by the native API. */
#include "dialect/uplynk/uplynk.h"

static bool check_operation(struct str json, struct err *err)
{
	static const char *const known[] = { "\"CREATE\"", "\"UPDATE\"", "\"DELETE\"" };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (str_eq(json, str_cstr(known[i])))
			return true;
	}
	return err_set(
		err, ERR_UNPROCESSABLE, "operation", "operation must be CREATE, UPDATE or DELETE");
}

bool uplynk_native_defaults(const struct request *request, struct op *op, struct err *err)
{
	(void)request;
	if (!check_operation(change_field(&op->change, STR("operation")), err))
		return false;
	if (op->change.state == TASK_STATE_NONE)
		op->change.state = TASK_PENDING;
	op->change.status = str_cstr(dialect_status(&uplynk_statuses, op->change.state));
	return true;
}

/* The removal of a point depends on both fields of its task. */
static bool check_kept(const struct task *before, const struct task *task, struct err *err)
{
	static const char *const kept[] = { "operation", "ingest_point" };

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		struct str name = str_cstr(kept[i]);

		if (!str_eq(task_field(before, name), task_field(task, name)))
			return err_set(err, ERR_UNPROCESSABLE, kept[i],
				"%s cannot be changed: a point depends on it", kept[i]);
	}
	return true;
}

bool uplynk_validate(const struct task *before, const struct task *task, struct err *err)
{
	/* Earlier builds took RESTART, and such a task must be able to end. */
	return (before ? check_kept(before, task, err)
		       : check_operation(task_field(task, STR("operation")), err)) &&
	       uplynk_validate_results(task, err);
}

static bool refuse(struct err *err, const char *member, const char *rule)
{
	return err_set(
		err, ERR_UNPROCESSABLE, member, "%s of an ingest point must be %s", member, rule);
}

/* For imports: requests give a point neither a status nor a number. */
static bool check_imported(const struct task *point, struct err *err)
{
	if (point->state != TASK_PENDING && point->state != TASK_RUNNING)
		return refuse(err, "state", "pending, or running while it is being removed");
	if (point->status.len > 0)
		return refuse(err, "status", "empty");
	if (point->number > 0)
		return refuse(err, "number", "0");
	return !point->archived || refuse(err, "archived", "false");
}

bool uplynk_point_validate(const struct task *before, const struct task *point, struct err *err)
{
	return (before || check_imported(point, err)) && uplynk_validate_members(point, err) &&
	       uplynk_validate_results(point, err);
}
