/*
 * Lists with any filters, spans, orders and pages, against a model that looks at every task. What
 * is asked for is drawn at random from a fixed seed, so that a failure comes again.
 */
#include <stdio.h>
#include <stdlib.h>

#include "fixture.h"

enum { CODE_A = 1, CODE_B = 2, CODE_THING = INDEX_RESOURCE_DIALECTS };
enum {
	Q_WORD = INDEX_FIRST_OWN,
	Q_TYPE,
	Q_GROUP,
	Q_NUMBER,
	Q_NOTE,
	Q_WORD_AND_TYPE,
	Q_NOTE_AND_STATE
};

#define TASKS_MAX 400

static const char *const group_order[] = { "type", NULL };
static const struct index_field fields_a[] = {
	INDEX_COMMON_FIELDS,
	{ .code = Q_WORD, .source = INDEX_STATUS, .name = "word" },
	{ .code = Q_TYPE, .source = INDEX_FIELD, .name = "type" },
	{ .code = Q_GROUP, .source = INDEX_FIELD, .name = "group", .order_by = group_order },
	{ .code = Q_NUMBER, .source = INDEX_NUMBER, .name = "number" },
	{ .code = Q_NOTE, .source = INDEX_FIELD, .name = "note", .unindexed = true },
	{ .code = Q_WORD_AND_TYPE,
		.source = INDEX_PAIR,
		.name = "word and type",
		.pair = { &fields_a[3], &fields_a[4] } },
	{ .code = Q_NOTE_AND_STATE,
		.source = INDEX_PAIR,
		.name = "note and state",
		.pair = { &fields_a[7], &fields_a[1] } },
	{ 0 },
};
static const struct index_field fields_b[] = { INDEX_COMMON_FIELDS, { 0 } };
static const struct index_field fields_thing[] = {
	{ .code = INDEX_BY_CREATED, .source = INDEX_ALL, .name = "created" },
	{ 0 },
};
static const struct index_table tables[] = {
	{ CODE_A, fields_a },
	{ CODE_B, fields_b },
	{ CODE_THING, fields_thing },
	{ 0, NULL },
};

static const char *const words[] = { "new", "old", "odd" };
static const char *const types[] = { "\"a\"", "\"b\"", "\"bb\"", "null" };
static const char *const groups[] = { "\"x\"", "\"y\"" };
static const char *const notes[] = { "1", "2", "3", "4", "5" };

/* ---- the model ---- */

struct entry {
	struct task task;
	bool there;
};

static struct entry model[TASKS_MAX];
static size_t model_size;
static uint64_t seed;

static unsigned draw(unsigned below)
{
	seed = seed * 6364136223846793005U + 1442695040888963407U;
	return (unsigned)(seed >> 33) % below;
}

#define PICK(array) (array)[draw(sizeof(array) / sizeof((array)[0]))]

static int compare_str(struct str a, struct str b)
{
	size_t shorter = a.len < b.len ? a.len : b.len;
	int order = shorter ? memcmp(a.ptr, b.ptr, shorter) : 0;

	return order ? order : (a.len > b.len) - (a.len < b.len);
}

static int compare_number(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static struct str text_value(const struct task *task, uint8_t code)
{
	switch (code) {
	case INDEX_BY_STATE:
		return str_cstr(task_state_name(task->state));
	case Q_WORD:
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
	case Q_NUMBER:
		return compare_number(a->number, b->number);
	default:
		order = compare_str(text_value(a, code), text_value(b, code));
		if (order == 0 && code == Q_GROUP)
			order = compare_by(a, b, Q_TYPE);
		return order;
	}
}

static const struct list_query *sorting;

static int compare_tasks(const void *left, const void *right)
{
	const struct task *a = *(const struct task *const *)left;
	const struct task *b = *(const struct task *const *)right;
	bool descending = sorting->sort_count && sorting->sorts[sorting->sort_count - 1].descending;
	int order = 0;

	for (size_t i = 0; order == 0 && i < sorting->sort_count; i++) {
		order = compare_by(a, b, sorting->sorts[i].field);
		if (sorting->sorts[i].descending)
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
	return str_eq(text_value(task, filter->field), value);
}

static bool passes(const struct task *task, const struct list_filter *filter)
{
	for (size_t i = 0; i <= filter->more_value_count; i++) {
		if (has_value(task, filter, i))
			return true;
	}
	return false;
}

static bool is_in_span(const struct list_time_range *span, int64_t time)
{
	return (!span->from || time >= span->from) && (!span->to || time < span->to);
}

static bool fits(const struct op *op, const struct entry *entry)
{
	const struct task *task = &entry->task;
	const struct list_query *list = &op->list;
	bool asked = op->dialect ? task->dialect == op->dialect
				 : list->dialect_count == 0 && task->dialect != CODE_THING;

	for (size_t i = 0; i < list->dialect_count; i++)
		asked = asked || list->dialects[i] == task->dialect;
	if (!entry->there || !asked)
		return false;
	if (list->scope != LIST_BOTH && task->archived != (list->scope == LIST_ARCHIVED))
		return false;
	if (!is_in_span(&list->created, task->created) ||
		!is_in_span(&list->updated, task->updated))
		return false;
	for (size_t i = 0; i < list->filter_count; i++) {
		if (!passes(task, &list->filters[i]))
			return false;
	}
	return true;
}

static size_t expect(const struct op *op, const struct task *rows[TASKS_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < model_size; i++) {
		if (fits(op, &model[i]))
			rows[count++] = &model[i].task;
	}
	sorting = &op->list;
	qsort(rows, count, sizeof(rows[0]), compare_tasks);
	return count;
}

/* ---- tasks ---- */

static void put_fields(struct op *op)
{
	op->change.status = str_cstr(PICK(words));
	op->change.state = draw(2) ? TASK_PENDING : TASK_SUCCEEDED;
	if (op->dialect != CODE_A)
		return;
	change_set_field(&op->change, STR("type"), str_cstr(PICK(types)));
	change_set_field(&op->change, STR("group"), str_cstr(PICK(groups)));
	change_set_field(&op->change, STR("note"), str_cstr(PICK(notes)));
}

/* The model keeps what the store made of it; the texts are constants. */
static void keep(struct entry *entry, const struct op *op, const struct task *made)
{
	entry->there = true;
	entry->task = *made;
	entry->task.tenant = op->tenant;
	entry->task.status = op->change.status.len ? op->change.status : entry->task.status;
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

	op.dialect = draw(8) == 0 ? CODE_THING : draw(4) == 0 ? CODE_B : CODE_A;
	op.now = 5000 + draw(200); /* many at one moment */
	op.assign_number = op.dialect == CODE_A;
	put_fields(&op);
	apply(store, &op, entry);
	if (draw(3) != 0)
		return;
	op = fixture_op(draw(2) ? OP_ARCHIVE : OP_UPDATE, (unsigned)model_size);
	op.dialect = entry->task.dialect;
	op.now = 5200 + draw(100);
	op.change.status = entry->task.status;
	for (size_t i = 0; i < entry->task.field_count; i++)
		change_set_field(
			&op.change, entry->task.fields[i].name, entry->task.fields[i].json);
	apply(store, &op, entry);
}

static void fill(struct store *store, size_t count)
{
	model_size = 0;
	while (model_size < count)
		add(store);
}

/* ---- questions ---- */

static struct str others[LIST_FILTERS_MAX][3];

static struct str draw_value(uint8_t field)
{
	static char numbers[16][8];
	static unsigned next;

	switch (field) {
	case INDEX_BY_STATE:
		return draw(2) ? STR("pending") : STR("succeeded");
	case Q_WORD:
		return str_cstr(PICK(words));
	case Q_TYPE:
		return str_cstr(PICK(types));
	case Q_GROUP:
		return str_cstr(PICK(groups));
	case Q_NOTE:
		return str_cstr(PICK(notes));
	default:
		next = (next + 1) % 16;
		snprintf(numbers[next], sizeof(numbers[next]), "%u", 1 + draw(TASKS_MAX));
		return str_cstr(numbers[next]);
	}
}

static void draw_filter(struct op *op)
{
	static const uint8_t own[] = { INDEX_BY_STATE, Q_WORD, Q_TYPE, Q_GROUP, Q_NUMBER, Q_NOTE };
	uint8_t field = op->dialect == CODE_A ? PICK(own) : INDEX_BY_STATE;
	struct list_filter *filter = &op->list.filters[op->list.filter_count];

	for (size_t i = 0; i < op->list.filter_count; i++) {
		if (op->list.filters[i].field == field)
			return;
	}
	list_filter_add(&op->list, field, draw_value(field));
	if (draw(2) == 0)
		return;
	filter->more_value_count = draw(3);
	filter->more_values = others[op->list.filter_count - 1];
	for (size_t i = 0; i < filter->more_value_count; i++)
		others[op->list.filter_count - 1][i] = draw_value(field);
}

static void draw_span(struct list_time_range *span)
{
	if (draw(4) != 0)
		return;
	span->from = draw(3) ? 5000 + draw(250) : 0;
	span->to = draw(3) ? 5050 + draw(250) : 0;
}

static void draw_sort(struct op *op)
{
	static const uint8_t own[] = { INDEX_BY_CREATED, INDEX_BY_STATE, INDEX_BY_UPDATED, Q_WORD,
		Q_TYPE, Q_GROUP, Q_NUMBER, Q_NOTE };
	static const uint8_t common[] = { INDEX_BY_CREATED, INDEX_BY_STATE, INDEX_BY_UPDATED };

	list_sort_add(&op->list, op->dialect == CODE_A ? PICK(own) : PICK(common), draw(2));
}

static struct op draw_question(void)
{
	static const uint8_t both[] = { CODE_A, CODE_B };
	struct op op = fixture_op(OP_LIST, 0);

	op.dialect = draw(3) ? CODE_A : 0;
	if (op.dialect == 0 && draw(2)) {
		op.list.dialects = both;
		op.list.dialect_count = 1 + draw(2);
	}
	op.list.scope = draw(3);
	for (unsigned i = draw(4); i > 1; i--)
		draw_filter(&op);
	draw_span(&op.list.created);
	draw_span(&op.list.updated);
	for (unsigned i = draw(3); i > 0; i--)
		draw_sort(&op);
	op.list.want_total = draw(3) > 0;
	op.list.clamp_offset = op.list.want_total && draw(2);
	op.list.limit = draw(4) ? 1 + draw(100) : 0;
	op.list.offset = draw(2) ? draw(TASKS_MAX) : 0;
	return op;
}

/* ---- answers ---- */

static void describe(const struct op *op)
{
	const struct list_query *list = &op->list;

	print_error("dialect %d, place %d, offset %d, limit %d, created %d-%d, updated %d-%d\n",
		op->dialect, (int)list->scope, (int)list->offset, (int)list->limit,
		(int)list->created.from, (int)list->created.to, (int)list->updated.from,
		(int)list->updated.to);
	for (size_t i = 0; i < list->filter_count; i++)
		print_error("filter %d: %.*s and %d more\n", list->filters[i].field,
			STR_ARGS(list->filters[i].value), (int)list->filters[i].more_value_count);
	for (size_t i = 0; i < list->sort_count; i++)
		print_error("sort %d %d\n", list->sorts[i].field, list->sorts[i].descending);
}

static void expect_row(const struct op *op, const struct task *want, const struct task *row)
{
	char a[ID_TEXT_LEN + 1], b[ID_TEXT_LEN + 1];

	if (id_compare(&want->id, &row->id) == 0)
		return;
	id_format(&want->id, a);
	id_format(&row->id, b);
	describe(op);
	fail_msg("wanted %s, found %s", a, b);
}

static uint64_t expected_offset(const struct list_query *list, size_t count)
{
	if (!list->clamp_offset || list->limit == 0 || list->offset < count)
		return list->offset;
	return count ? (count - 1) / list->limit * list->limit : 0;
}

static void check_question(struct store *store, const struct op *op)
{
	const struct task *rows[TASKS_MAX];
	size_t count = expect(op, rows), at, end;
	struct result result = { 0 };
	struct err err = { 0 };
	struct task row;
	bool done = false;

	must(store_apply(store, op, &result, &err), &err);
	at = (size_t)expected_offset(&op->list, count);
	end = op->list.limit && at + op->list.limit < count ? at + (size_t)op->list.limit : count;
	if (op->list.want_total && (!result.total_known || result.total != count)) {
		describe(op);
		fail_msg("wanted %zu in all, found %d", count, (int)result.total);
	}
	assert_int_equal(result.offset, at);
	for (; at < end; at++) {
		must(store_list_next(&result, &row, &done, &err), &err);
		if (done)
			describe(op);
		assert_false(done);
		expect_row(op, rows[at], &row);
	}
	must(store_list_next(&result, &row, &done, &err), &err);
	assert_true(done);
	if ((end < count) != (result.next_cursor.len > 0))
		describe(op);
	assert_int_equal(end<count, result.next_cursor.len> 0);
	store_result_free(&result);
}

static void test_questions(void **state)
{
	struct store *store = *state;

	seed = 1;
	fill(store, 300);
	for (int i = 0; i < 4000; i++) {
		struct op op = draw_question();

		check_question(store, &op);
	}
	fixture_verify(store, 300);
}

/* Page after page from where the last one ended gives every row once, in order. */
static void walk_pages(struct store *store, struct op *op)
{
	const struct task *rows[TASKS_MAX];
	size_t count, at = 0;
	uint8_t place[LIST_CURSOR_MAX];

	op->list.offset = 0;
	op->list.clamp_offset = false;
	op->list.limit = 1 + draw(20);
	count = expect(op, rows);
	do {
		struct result result = { 0 };
		struct err err = { 0 };
		struct task row;
		bool done = false;

		must(store_apply(store, op, &result, &err), &err);
		for (;;) {
			must(store_list_next(&result, &row, &done, &err), &err);
			if (done)
				break;
			assert_true(at < count);
			expect_row(op, rows[at++], &row);
		}
		assert_true(result.next_cursor.len <= sizeof(place));
		memcpy(place, result.next_cursor.ptr ? result.next_cursor.ptr : "",
			result.next_cursor.len);
		op->list.after_cursor = (struct str){ (const char *)place, result.next_cursor.len };
		store_result_free(&result);
	} while (op->list.after_cursor.len > 0);
	assert_int_equal(at, count);
}

static void test_pages_go_on(void **state)
{
	struct store *store = *state;

	seed = 2;
	fill(store, 200);
	for (int i = 0; i < 400; i++) {
		struct op op = draw_question();

		walk_pages(store, &op);
	}
}

/* A forged place is a place like any other, or refused; never more. */
static void test_forged_places(void **state)
{
	struct store *store = *state;
	static const uint8_t nobody = 99;
	char bytes[LIST_CURSOR_MAX + 200];
	struct op op = { 0 };

	seed = 3;
	fill(store, 50);
	for (int i = 0; i < 500; i++) {
		enum err_code code;

		op = draw_question();
		op.list.offset = 0;
		for (size_t k = 0; k < sizeof(bytes); k++)
			bytes[k] = (char)draw(256);
		op.list.after_cursor = (struct str){ bytes, 1 + draw(sizeof(bytes)) };
		code = fixture_error(store, &op);
		assert_true(code == ERR_NONE || code == ERR_INVALID);
		assert_true(op.list.after_cursor.len <= LIST_CURSOR_MAX || code == ERR_INVALID);
	}
	op.dialect = 0; /* without a range that it could be too long for */
	op.list = (struct list_query){ .dialects = &nobody, .dialect_count = 1 };
	op.list.after_cursor = (struct str){ bytes, sizeof(bytes) };
	assert_code(fixture_error(store, &op), ERR_INVALID);
}

static void test_fields_that_are_none(void **state)
{
	struct store *store = *state;
	struct op op = fixture_op(OP_LIST, 0);

	seed = 4;
	fill(store, 5);
	op.dialect = CODE_A;
	list_filter_add(&op.list, 99, STR("x"));
	assert_code(fixture_error(store, &op), ERR_INTERNAL);
	op.list.filter_count = 0;
	list_sort_add(&op.list, 99, false);
	assert_code(fixture_error(store, &op), ERR_INTERNAL);
	op.list.sorts[0].field = Q_TYPE; /* is one, but not of all dialects */
	op.dialect = 0;
	assert_code(fixture_error(store, &op), ERR_INTERNAL);
}

/* More than the looked-at rows: refused, or with `partial` a part and a place to go on from. */
static void test_too_broad(void **state)
{
	struct store *store = *state;
	struct op op = fixture_op(OP_LIST, 0);
	struct task *tasks = calloc(1000, sizeof(*tasks));
	struct result result = { 0 };
	struct err err = { 0 };
	struct task row;
	bool done = false;

	for (unsigned n = 0; n < LIST_SCAN_MAX + 1000; n += 1000) {
		for (unsigned i = 0; i < 1000; i++) {
			tasks[i] = (struct task){ .id = fixture_id(n + i),
				.tenant = STR("acme"),
				.dialect = CODE_A,
				.state = TASK_PENDING,
				.status = STR("new"),
				.created = 1000 + n + i,
				.updated = 1000 + n + i,
				.revision = 1 };
			task_set_field(
				&tasks[i], (struct field){ STR("type"),
						   n + i == 20500 ? STR("\"b\"") : STR("\"a\"") });
			task_set_field(&tasks[i], (struct field){ STR("group"), STR("\"x\"") });
		}
		must(store_put_tasks(store, tasks, 1000, &err), &err);
	}
	free(tasks);
	op.dialect = CODE_A;
	op.list.limit = 10;
	op.list.want_total = true;
	list_filter_add(&op.list, Q_TYPE, STR("\"a\""));
	list_filter_add(&op.list, Q_GROUP, STR("\"x\""));
	assert_code(fixture_error(store, &op), ERR_TOO_BROAD);
	/* the smallest condition decides */
	op.list.filters[0].value = STR("\"b\"");
	must(store_apply(store, &op, &result, &err), &err);
	assert_true(result.total_known && result.total == 1);
	store_result_free(&result);
	/* one condition in another's order: its count is known, its rows are met at once */
	op.list.filter_count = 1;
	op.list.filters[0].value = STR("\"a\"");
	list_sort_add(&op.list, INDEX_BY_UPDATED, true);
	must(store_apply(store, &op, &result, &err), &err);
	assert_true(result.total_known && result.total == LIST_SCAN_MAX + 999);
	must(store_list_next(&result, &row, &done, &err), &err);
	assert_int_equal(row.updated, 1000 + LIST_SCAN_MAX + 999);
	store_result_free(&result);
	op.list.offset = LIST_SCAN_MAX + 995; /* the last page, walked to from the end */
	must(store_apply(store, &op, &result, &err), &err);
	for (done = false; store_list_next(&result, &row, &done, &err) && !done;)
		;
	assert_int_equal(result.rows_returned, 4);
	assert_int_equal(row.updated, 1000);
	store_result_free(&result);
	/* a condition that all fulfil is as good as one that leaves one out */
	op.list.offset = 0;
	op.list.filters[0].field = Q_GROUP;
	op.list.filters[0].value = STR("\"x\"");
	must(store_apply(store, &op, &result, &err), &err);
	assert_true(result.total_known && result.total == LIST_SCAN_MAX + 1000);
	store_result_free(&result);
	/* a part */
	op.list.filters[0].value = STR("\"x\"");
	op.list.filters[0].field = Q_GROUP;
	list_filter_add(&op.list, Q_WORD, STR("old"));
	op.list.filters[1].value = STR("new");
	list_filter_add(&op.list, Q_TYPE, STR("\"a\""));
	op.list.allow_partial = true;
	must(store_apply(store, &op, &result, &err), &err);
	assert_false(result.total_known);
	for (done = false; store_list_next(&result, &row, &done, &err) && !done;)
		;
	assert_int_equal(result.rows_returned, 10);
	assert_true(result.next_cursor.len > 0);
	store_result_free(&result);
}

static int open_memory(void **state)
{
	struct store_options options = fixture_options(STORE_EPHEMERAL, "none");

	options.indexes = tables;
	*state = fixture_open(&options);
	return check_setup(state);
}

static int open_folder(void **state)
{
	static char name[16];
	static int count;
	struct store_options options;

	snprintf(name, sizeof(name), "query%d", count++);
	options = fixture_options(STORE_RECOVER, name);
	options.indexes = tables;
	*state = fixture_open(&options);
	return check_setup(state);
}

#define IN(function, where, open)                                            \
	{                                                                    \
#function ", " where, function, open, fixture_teardown, NULL \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN(test_questions, "in memory", open_memory),
		IN(test_questions, "in a folder", open_folder),
		IN(test_pages_go_on, "in memory", open_memory),
		IN(test_forged_places, "in memory", open_memory),
		IN(test_fields_that_are_none, "in memory", open_memory),
		IN(test_too_broad, "in a folder", open_folder),
	};

	return CHECK_RUN(tests);
}
