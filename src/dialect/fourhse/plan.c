/* Gives the store the conditions of a filter that an index answers. */
#include "dialect/fourhse/condition.h"

static void intersect(struct list_time_range *range, const struct list_time_range *with)
{
	struct optional_time to = with->to;

	if (with->from > range->from)
		range->from = with->from;
	if (optional_time_is_set(to) && (!optional_time_is_set(range->to) ||
						optional_time_ms(to) < optional_time_ms(range->to)))
		range->to = to;
	/* One form of a range without times. */
	if (optional_time_is_set(range->to) && range->from >= optional_time_ms(range->to))
		*range = (struct list_time_range){ .to = optional_time(0) };
}

static bool add_filter(struct list_query *list, const struct fourhse_condition *in)
{
	struct list_filter *filter = &list->filters[list->filter_count];

	if (!list_filter_add(list, in->member->index, in->value_count ? in->values[0] : STR("")))
		return false;
	if (in->value_count > 1) {
		filter->more_values = in->values + 1;
		filter->more_value_count = in->value_count - 1;
	}
	return true;
}

/* The only part of a part of ANY, if it is IN for the member (NULL: for any), else NULL. */
static const struct fourhse_condition *only_in(
	const struct fourhse_condition *part, const struct fourhse_member *member)
{
	const struct fourhse_condition *in = part->kind == FOURHSE_ALL ? part->parts : NULL;

	if (!in || in->next || in->kind != FOURHSE_IN || (member && in->member != member))
		return NULL;
	return in;
}

/* The number of values if ANY is a choice between values of one member, else 0. */
static size_t count_choices(const struct fourhse_condition *any)
{
	const struct fourhse_condition *first = any->parts ? only_in(any->parts, NULL) : NULL;
	size_t count = 0;

	for (const struct fourhse_condition *part = any->parts; part; part = part->next) {
		const struct fourhse_condition *in = first ? only_in(part, first->member) : NULL;

		if (!in || in->value_count == 0)
			return 0;
		count += in->value_count;
	}
	return count <= LIST_VALUES_MAX ? count : 0;
}

/* Makes such an ANY the same IN: an index answers it. */
static bool merge_choices(struct fourhse_condition *any, struct arena *arena)
{
	size_t count = count_choices(any);
	struct str *values;

	if (count == 0)
		return true;
	values = arena_alloc(arena, count * sizeof(*values));
	if (!values)
		return false;
	any->member = any->parts->parts->member;
	any->values = values;
	for (const struct fourhse_condition *part = any->parts; part; part = part->next) {
		for (size_t i = 0; i < part->parts->value_count; i++)
			values[any->value_count++] = part->parts->values[i];
	}
	any->kind = FOURHSE_IN;
	return true;
}

static bool take_over(struct list_query *list, const struct fourhse_condition *part)
{
	if (part->kind == FOURHSE_IN)
		return add_filter(list, part);
	if (part->kind != FOURHSE_TIME)
		return false;
	intersect(part->member->source == FOURHSE_CREATED ? &list->created : &list->updated,
		&part->range);
	return true;
}

bool fourhse_plan_filter(struct list_query *list, struct fourhse_condition *root,
	struct arena *arena, struct err *err)
{
	struct fourhse_condition **at = &root->parts;

	while (*at) {
		if ((*at)->kind == FOURHSE_ANY && !merge_choices(*at, arena))
			return err_no_memory(err);
		if (take_over(list, *at))
			*at = (*at)->next;
		else
			at = &(*at)->next;
	}
	if (root->parts) {
		list->test = fourhse_test;
		list->test_data = root;
	}
	return true;
}
