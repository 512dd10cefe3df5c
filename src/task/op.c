#include "task/op.h"

bool op_check_end(
	const struct op *op, const struct task *before, const struct task *task, struct err *err)
{
	if (!before || before->state == task->state || !task_state_is_final(before->state) ||
		op->leave_end || (before->state == TASK_FAILED && task->state == TASK_PENDING))
		return true;
	return err_set(err, ERR_CONFLICT, "state",
		"The task has ended: its state is %s. Only a request with force may change it%s.",
		task_state_name(before->state),
		before->state == TASK_FAILED ? ", except to pending" : "");
}

struct str change_field(const struct change *change, struct str name)
{
	size_t i = field_index(change->fields, change->field_count, name);

	return i < change->field_count ? change->fields[i].json : STR_NULL;
}

bool change_set_field(struct change *change, struct str name, struct str json)
{
	size_t i = field_index(change->fields, change->field_count, name);

	if (i == TASK_FIELDS_MAX)
		return false;
	change->fields[i] = (struct field){ name, json };
	if (i == change->field_count)
		change->field_count++;
	return true;
}

bool list_filter_add(struct list_query *list, uint8_t field, struct str value)
{
	if (list->filter_count == LIST_FILTERS_MAX)
		return false;
	list->filters[list->filter_count++] = (struct list_filter){ .field = field,
		.value = value };
	return true;
}

bool list_sort_add(struct list_query *list, uint8_t field, bool descending)
{
	if (list->sort_count == LIST_SORTS_MAX)
		return false;
	list->sorts[list->sort_count++] = (struct list_sort){ field, descending };
	return true;
}
