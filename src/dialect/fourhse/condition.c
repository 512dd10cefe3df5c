/* Evaluates conditions for the tasks of a list. */
#include "dialect/fourhse/condition.h"

static struct str member_value(const struct fourhse_member *member, const struct task *task)
{
	struct str json;

	if (member->source == FOURHSE_STATUS)
		return task->status;
	json = task_field(task, str_cstr(member->name));
	return json.len > 0 ? json : STR("null");
}

static bool is_null(const struct fourhse_member *member, struct str value)
{
	return member->source == FOURHSE_FIELD && str_eq(value, STR("null"));
}

static bool same_value(const struct fourhse_member *member, struct str a, struct str b)
{
	const struct index_field *field = &fourhse_indexed[member->index - 1];
	char room_a[INDEX_SCRATCH_SIZE], room_b[INDEX_SCRATCH_SIZE];

	if (!field->normalize)
		return str_eq(a, b);
	return str_eq(field->normalize(a, room_a), field->normalize(b, room_b));
}

static enum fourhse_truth has_value(
	const struct fourhse_condition *condition, const struct task *task)
{
	struct str value = member_value(condition->member, task);

	for (size_t i = 0; i < condition->value_count; i++) {
		if (same_value(condition->member, value, condition->values[i]))
			return FOURHSE_TRUE;
	}
	if (condition->value_count > 0 && is_null(condition->member, value))
		return FOURHSE_UNKNOWN;
	return FOURHSE_FALSE;
}

static enum fourhse_truth contains(
	const struct fourhse_condition *condition, const struct task *task)
{
	struct str value = member_value(condition->member, task);
	bool found;

	if (is_null(condition->member, value))
		return FOURHSE_UNKNOWN;
	if (condition->member->source == FOURHSE_STATUS)
		found = fourhse_pattern_in_text(condition->pattern, value);
	else
		found = fourhse_pattern_in_json(condition->pattern, value);
	return found ? FOURHSE_TRUE : FOURHSE_FALSE;
}

static enum fourhse_truth is_in_range(
	const struct fourhse_condition *condition, const struct task *task)
{
	int64_t time = condition->member->source == FOURHSE_CREATED ? task->created : task->updated;
	struct optional_time to = condition->range.to;

	if (time < condition->range.from ||
		(optional_time_is_set(to) && time >= optional_time_ms(to)))
		return FOURHSE_FALSE;
	return FOURHSE_TRUE;
}

/* The smallest value of the parts of ALL, the largest of ANY. JSON's depth bounds the calls. */
static enum fourhse_truth combine(
	const struct fourhse_condition *condition, const struct task *task)
{
	bool all = condition->kind == FOURHSE_ALL;
	enum fourhse_truth result = all ? FOURHSE_TRUE : FOURHSE_FALSE;

	for (const struct fourhse_condition *part = condition->parts; part; part = part->next) {
		enum fourhse_truth value = fourhse_evaluate(part, task);

		if (all ? value < result : value > result)
			result = value;
	}
	return result;
}

enum fourhse_truth fourhse_evaluate(
	const struct fourhse_condition *condition, const struct task *task)
{
	switch (condition->kind) {
	case FOURHSE_IN:
		return has_value(condition, task);
	case FOURHSE_LIKE:
		return contains(condition, task);
	case FOURHSE_TIME:
		return is_in_range(condition, task);
	case FOURHSE_NOT:
		return FOURHSE_TRUE - fourhse_evaluate(condition->parts, task);
	case FOURHSE_ALL:
	case FOURHSE_ANY:
	default:
		return combine(condition, task);
	}
}

bool fourhse_test(const void *condition, const struct task *task)
{
	return fourhse_evaluate(condition, task) == FOURHSE_TRUE;
}
