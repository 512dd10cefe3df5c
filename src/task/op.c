#include "task/op.h"

bool change_set(struct change *change, struct str name, struct str json)
{
	size_t i = 0;

	while (i < change->field_count && !str_eq(change->fields[i].name, name))
		i++;
	if (i == TASK_FIELDS_MAX)
		return false;
	change->fields[i] = (struct field){ name, json };
	if (i == change->field_count)
		change->field_count++;
	return true;
}
