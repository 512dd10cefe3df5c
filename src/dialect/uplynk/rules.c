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

bool uplynk_validate(const struct task *before, const struct task *task, struct err *err)
{
	/* Earlier builds took RESTART, and such a task must be able to end. */
	bool kept = before && str_eq(task_field(before, STR("operation")),
				      task_field(task, STR("operation")));

	return (kept || check_operation(task_field(task, STR("operation")), err)) &&
	       uplynk_validate_results(task, err);
}

bool uplynk_point_validate(const struct task *before, const struct task *point, struct err *err)
{
	(void)before;
	return uplynk_validate_members(point, err) && uplynk_validate_results(point, err);
}
