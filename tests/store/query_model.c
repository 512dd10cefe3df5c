#include "query_model.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const statuses[] = { "new", "old", "odd" };
static const char *const types[] = { "\"a\"", "\"b\"", "\"bb\"", "null" };
static const char *const groups[] = { "\"x\"", "\"y\"" };
static const char *const notes[] = { "1", "2", "3", "4", "5" };
static const char *const kinds[] = { "a", "b", "bb", "" };
static const char *const priorities[] = { "-2147483648", "-1", "0", "1", "2147483647" };

/* ---- the model ---- */

struct entry {
	struct task task;
	bool exists;
};

static struct entry model[TASKS_MAX];
static size_t model_size;
static uint64_t seed;

void query_set_task(struct task *task, unsigned number, const char *type)
{
	*task = (struct task){ .id = fixture_id(number),
		.tenant = STR("acme"),
		.dialect = CODE_A,
		.state = TASK_PENDING,
		.status = STR("new"),
		.created = 1000 + number,
		.updated = 1000 + number,
		.revision = 1 };
	task_set_field(task, (struct field){ STR("type"), str_cstr(type) });
	task_set_field(task, (struct field){ STR("group"), STR("\"x\"") });
}

unsigned model_draw(unsigned below)
{
	seed = seed * 6364136223846793005U + 1442695040888963407U;
	return (unsigned)(seed >> 33) % below;
}

#define PICK(array) (array)[model_draw(sizeof(array) / sizeof((array)[0]))]

static int compare_number(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static struct str text_value(const struct task *task, uint8_t code)
{
	switch (code) {
	case INDEX_BY_KIND:
		return task->dialect == CODE_A ? query_kind_of_type(task, NULL) : task->kind;
	case INDEX_BY_STATE:
		return str_cstr(task_state_name(task->state));
	case Q_STATUS:
		return task->status;
	case Q_TYPE:
		return task_field(task, STR("type"));
	case Q_GROUP:
		return task_field(task, STR("group"));
	case Q_NOTE:
		return task_field(task, STR("note"));
	default:
		return STR_NULL;
	}
}

static int compare_by(const struct task *a, const struct task *b, uint8_t code)
{
	int order;

	switch (code) {
	case INDEX_BY_CREATED:
		return compare_number((uint64_t)a->created, (uint64_t)b->created);
	case INDEX_BY_UPDATED:
		return compare_number((uint64_t)a->updated, (uint64_t)b->updated);
	case INDEX_BY_PRIORITY:
		return (a->priority > b->priority) - (a->priority < b->priority);
	case Q_NUMBER:
		return compare_number(a->number, b->number);
	default:
		order = str_compare(text_value(a, code), text_value(b, code));
		if (order == 0 && code == Q_GROUP)
			order = compare_by(a, b, Q_TYPE);
		return order;
	}
}

static const struct list_query *sorting;

/* Tasks of one moment are in the order of their ids, not of their numbers. */
static bool is_one_order(const struct list_sort *first, const struct list_sort *second)
{
	return first->field == INDEX_BY_CREATED && second->field == Q_NUMBER &&
	       first->descending == second->descending;
}

static int compare_tasks(const void *left, const void *right)
{
	const struct task *a = *(const struct task *const *)left;
	const struct task *b = *(const struct task *const *)right;
	const struct list_sort *sorts = sorting->sorts;
	bool descending = false;
	int order = 0;

	for (size_t i = 0; order == 0 && i < sorting->sort_count; i++) {
		if (i > 0 && is_one_order(&sorts[i - 1], &sorts[i]))
			break;
		order = compare_by(a, b, sorts[i].field);
		descending = sorts[i].descending;
		if (descending)
			order = -order;
	}
	if (order != 0)
		return order;
	order = compare_by(a, b, INDEX_BY_CREATED);
	if (order == 0)
		order = id_compare(&a->id, &b->id);
	return descending ? -order : order;
}

static bool has_value(const struct task *task, const struct list_filter *filter, size_t i)
{
	struct str value = i == 0 ? filter->value : filter->more_values[i - 1];
	uint64_t number;

	if (filter->field == Q_NUMBER)
		return str_to_u64(value, &number) && number == task->number;
	if (filter->field == INDEX_BY_PRIORITY)
		return strtol(value.ptr, NULL, 10) == task->priority;
	return str_eq(text_value(task, filter->field), value);
}

static bool satisfies(const struct task *task, const struct list_filter *filter)
{
	for (size_t i = 0; i <= filter->more_value_count; i++) {
		if (has_value(task, filter, i))
			return true;
	}
	return false;
}

static bool is_in_time_range(const struct list_time_range *range, int64_t time)
{
	return (!range->from || time >= range->from) &&
	       (!optional_time_is_set(range->to) || time < optional_time_ms(range->to));
}

static bool matches(const struct op *op, const struct entry *entry)
{
	const struct task *task = &entry->task;
	const struct list_query *list = &op->list;
	bool asked = op->dialect ? task->dialect == op->dialect
				 : list->dialect_count == 0 && task->dialect != CODE_THING;

	for (size_t i = 0; i < list->dialect_count; i++)
		asked = asked || list->dialects[i] == task->dialect;
	if (!entry->exists || !asked)
		return false;
	if (list->scope != LIST_BOTH && task->archived != (list->scope == LIST_ARCHIVED))
		return false;
	if (!is_in_time_range(&list->created, task->created) ||
		!is_in_time_range(&list->updated, task->updated))
		return false;
	for (size_t i = 0; i < list->filter_count; i++) {
		if (!satisfies(task, &list->filters[i]))
			return false;
	}
	return !list->test || list->test(list->test_data, task);
}

size_t model_expect(const struct op *op, const struct task *rows[TASKS_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < model_size; i++) {
		if (matches(op, &model[i]))
			rows[count++] = &model[i].task;
	}
	sorting = &op->list;
	qsort(rows, count, sizeof(rows[0]), compare_tasks);
	return count;
}

/* ---- tasks ---- */

static void put_fields(struct op *op)
{
	op->change.status = str_cstr(PICK(statuses));
	op->change.state = model_draw(2) ? TASK_PENDING : TASK_SUCCEEDED;
	op->change.priority = (int32_t)strtol(PICK(priorities), NULL, 10);
	op->change.set |= CHANGE_PRIORITY;
	if (op->dialect == CODE_B) {
		op->change.kind = str_cstr(PICK(kinds));
		op->change.set |= CHANGE_KIND;
	}
	if (op->dialect != CODE_A)
		return;
	change_set_field(&op->change, STR("type"), str_cstr(PICK(types)));
	change_set_field(&op->change, STR("group"), str_cstr(PICK(groups)));
	change_set_field(&op->change, STR("note"), str_cstr(PICK(notes)));
}

/* The model keeps the store's result; the texts are constants. */
static void keep(struct entry *entry, const struct op *op, const struct task *made)
{
	entry->exists = true;
	entry->task = *made;
	entry->task.tenant = op->tenant;
	entry->task.status = op->change.status.len ? op->change.status : entry->task.status;
	entry->task.kind = op->change.kind;
	for (size_t i = 0; i < op->change.field_count; i++)
		entry->task.fields[i] = op->change.fields[i];
}

static void apply(struct store *store, const struct op *op, struct entry *entry)
{
	struct result result = { 0 };
	struct err err = { 0 };

	must(store_apply(store, op, &result, &err), &err);
	keep(entry, op, &result.task);
	store_result_free(&result);
}

static void add(struct store *store)
{
	struct entry *entry = &model[model_size];
	struct op op = fixture_op(OP_CREATE, (unsigned)++model_size);

	op.dialect = model_draw(8) == 0 ? CODE_THING : model_draw(4) == 0 ? CODE_B : CODE_A;
	op.now = 5000 + model_draw(200); /* several at the same time */
	op.assign_number = op.dialect == CODE_A;
	put_fields(&op);
	apply(store, &op, entry);
	if (model_draw(3) != 0)
		return;
	op = fixture_op(model_draw(2) ? OP_ARCHIVE : OP_UPDATE, (unsigned)model_size);
	op.dialect = entry->task.dialect;
	op.now = 5200 + model_draw(100);
	op.change.status = entry->task.status;
	op.change.kind = entry->task.kind;
	for (size_t i = 0; i < entry->task.field_count; i++)
		change_set_field(
			&op.change, entry->task.fields[i].name, entry->task.fields[i].json);
	apply(store, &op, entry);
}

void model_fill(struct store *store, size_t count, uint64_t start)
{
	seed = start;
	model_size = 0;
	while (model_size < count)
		add(store);
}

/* ---- queries ---- */

static struct str others[LIST_FILTERS_MAX][3];

static struct str draw_value(uint8_t field)
{
	static char numbers[16][8];
	static unsigned next;

	switch (field) {
	case INDEX_BY_STATE:
		return model_draw(2) ? STR("pending") : STR("succeeded");
	case INDEX_BY_KIND:
		return str_cstr(PICK(kinds));
	case INDEX_BY_PRIORITY:
		return str_cstr(PICK(priorities));
	case Q_STATUS:
		return str_cstr(PICK(statuses));
	case Q_TYPE:
		return str_cstr(PICK(types));
	case Q_GROUP:
		return str_cstr(PICK(groups));
	case Q_NOTE:
		return str_cstr(PICK(notes));
	default:
		next = (next + 1) % 16;
		snprintf(numbers[next], sizeof(numbers[next]), "%u", 1 + model_draw(TASKS_MAX));
		return str_cstr(numbers[next]);
	}
}

static void draw_filter(struct op *op)
{
	static const uint8_t own[] = { INDEX_BY_STATE, INDEX_BY_KIND, INDEX_BY_PRIORITY, Q_STATUS,
		Q_TYPE, Q_GROUP, Q_NUMBER, Q_NOTE };
	static const uint8_t common[] = { INDEX_BY_STATE, INDEX_BY_KIND, INDEX_BY_PRIORITY };
	uint8_t field = op->dialect == CODE_A ? PICK(own) : PICK(common);
	struct list_filter *filter = &op->list.filters[op->list.filter_count];

	for (size_t i = 0; i < op->list.filter_count; i++) {
		if (op->list.filters[i].field == field)
			return;
	}
	list_filter_add(&op->list, field, draw_value(field));
	if (model_draw(2) == 0)
		return;
	filter->more_value_count = model_draw(3);
	filter->more_values = others[op->list.filter_count - 1];
	for (size_t i = 0; i < filter->more_value_count; i++)
		others[op->list.filter_count - 1][i] = draw_value(field);
}

static void draw_time_range(struct list_time_range *range)
{
	if (model_draw(4) != 0)
		return;
	range->from = model_draw(3) ? 5000 + model_draw(250) : 0;
	range->to = model_draw(3) ? optional_time(5050 + model_draw(250)) : OPTIONAL_TIME_NONE;
}

static void draw_sort(struct op *op)
{
	static const uint8_t own[] = { INDEX_BY_CREATED, INDEX_BY_STATE, INDEX_BY_UPDATED, Q_STATUS,
		INDEX_BY_KIND, INDEX_BY_PRIORITY, Q_TYPE, Q_GROUP, Q_NUMBER, Q_NOTE };
	static const uint8_t common[] = { INDEX_BY_CREATED, INDEX_BY_STATE, INDEX_BY_UPDATED,
		INDEX_BY_KIND, INDEX_BY_PRIORITY };

	list_sort_add(&op->list, op->dialect == CODE_A ? PICK(own) : PICK(common), model_draw(2));
}

static bool was_created_in_an_even_ms(const void *data, const struct task *task)
{
	(void)data;
	return task->created % 2 == 0;
}

struct op model_draw_query(void)
{
	static const uint8_t both[] = { CODE_A, CODE_B };
	struct op op = fixture_op(OP_LIST, 0);

	op.dialect = model_draw(3) ? CODE_A : 0;
	if (op.dialect == 0 && model_draw(2)) {
		op.list.dialects = both;
		op.list.dialect_count = 1 + model_draw(2);
	}
	op.list.scope = model_draw(3);
	for (unsigned i = model_draw(4); i > 1; i--)
		draw_filter(&op);
	draw_time_range(&op.list.created);
	draw_time_range(&op.list.updated);
	if (model_draw(4) == 0)
		op.list.test = was_created_in_an_even_ms;
	for (unsigned i = model_draw(3); i > 0; i--)
		draw_sort(&op);
	op.list.want_total = model_draw(3) > 0;
	op.list.clamp_offset = op.list.want_total && model_draw(2);
	op.list.limit = model_draw(4) ? 1 + model_draw(100) : 0;
	op.list.offset = model_draw(2) ? model_draw(TASKS_MAX) : 0;
	op.slice_steps = model_draw(2) ? 1 + model_draw(30) : 0;
	return op;
}
