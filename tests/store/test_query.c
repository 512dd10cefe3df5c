/* Lists with any filters, time ranges, sorts and pages, compared with a model. */
#include "libdb_leak.h"
#include "query_model.h"

static void describe(const struct op *op)
{
	const struct list_query *list = &op->list;

	print_error("dialect %d, scope %d, offset %d, limit %d, created %d-%d, updated %d-%d\n",
		op->dialect, (int)list->scope, (int)list->offset, (int)list->limit,
		(int)list->created.from, (int)list->created.to.successor, (int)list->updated.from,
		(int)list->updated.to.successor);
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
	fail_msg("expected %s, got %s", a, b);
}

static uint64_t expected_offset(const struct list_query *list, size_t count)
{
	if (!list->clamp_offset || list->limit == 0 || list->offset < count)
		return list->offset;
	return count ? (count - 1) / list->limit * list->limit : 0;
}

static void check_list(struct store *store, const struct op *op)
{
	const struct task *rows[TASKS_MAX];
	size_t count = model_expect(op, rows), at, end;
	struct result result = { 0 };
	struct err err = { 0 };
	struct task row;
	bool done = false, more;

	fixture_open_list(store, op, &result);
	at = (size_t)expected_offset(&op->list, count);
	end = op->list.limit && at + op->list.limit < count ? at + (size_t)op->list.limit : count;
	if (op->list.want_total && (!result.total_known || result.total != count)) {
		describe(op);
		fail_msg("expected a total of %zu, got %d", count, (int)result.total);
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
	more = result.next_cursor.len > 0;
	if (more != (end < count))
		describe(op);
	assert_int_equal(more, end < count);
	store_result_free(&result);
}

static void every_list_agrees_with_the_model(void **state)
{
	struct store *store = *state;

	model_fill(store, 300, 1);
	for (int i = 0; i < 4000; i++) {
		struct op op = model_draw_query();

		check_list(store, &op);
	}
	fixture_verify(store, 300);
}

/* Pages that follow the cursor have every row once, in order. */
static void walk_pages(struct store *store, struct op *op)
{
	const struct task *rows[TASKS_MAX];
	size_t count, at = 0;
	uint8_t cursor[LIST_CURSOR_MAX];

	op->list.offset = 0;
	op->list.clamp_offset = false;
	op->list.limit = 1 + model_draw(20);
	count = model_expect(op, rows);
	do {
		struct result result = { 0 };
		struct err err = { 0 };
		struct task row;
		bool done = false;

		fixture_open_list(store, op, &result);
		for (;;) {
			must(store_list_next(&result, &row, &done, &err), &err);
			if (done)
				break;
			assert_true(at < count);
			expect_row(op, rows[at++], &row);
		}
		assert_true(result.next_cursor.len <= sizeof(cursor));
		memcpy(cursor, result.next_cursor.ptr ? result.next_cursor.ptr : "",
			result.next_cursor.len);
		op->list.after_cursor = (struct str){ (const char *)cursor,
			result.next_cursor.len };
		store_result_free(&result);
	} while (op->list.after_cursor.len > 0);
	assert_int_equal(at, count);
}

static void pages_by_cursor_have_every_row_once(void **state)
{
	struct store *store = *state;

	model_fill(store, 200, 2);
	for (int i = 0; i < 400; i++) {
		struct op op = model_draw_query();

		walk_pages(store, &op);
	}
}

/* Any bytes are a position in the list, or are refused. */
static void forged_cursor_is_accepted_or_refused(void **state)
{
	struct store *store = *state;
	static const uint8_t unused = 99;
	char bytes[LIST_CURSOR_MAX + 200];
	struct op op = { 0 };

	model_fill(store, 50, 3);
	for (int i = 0; i < 500; i++) {
		enum err_code code;

		op = model_draw_query();
		op.list.offset = 0;
		for (size_t k = 0; k < sizeof(bytes); k++)
			bytes[k] = (char)model_draw(256);
		op.list.after_cursor = (struct str){ bytes, 1 + model_draw(sizeof(bytes)) };
		code = fixture_error(store, &op);
		assert_true(code == ERR_NONE || code == ERR_INVALID);
		assert_true(op.list.after_cursor.len <= LIST_CURSOR_MAX || code == ERR_INVALID);
	}
	op.dialect = 0; /* no range whose keys limit its length */
	op.list = (struct list_query){ .dialects = &unused, .dialect_count = 1 };
	op.list.after_cursor = (struct str){ bytes, sizeof(bytes) };
	assert_code(fixture_error(store, &op), ERR_INVALID);
}

static void unknown_fields_are_refused(void **state)
{
	struct store *store = *state;
	struct op op = fixture_op(OP_LIST, 0);

	model_fill(store, 5, 4);
	op.dialect = CODE_A;
	list_filter_add(&op.list, 99, STR("x"));
	assert_code(fixture_error(store, &op), ERR_INTERNAL);
	op.list.filter_count = 0;
	list_sort_add(&op.list, 99, false);
	assert_code(fixture_error(store, &op), ERR_INTERNAL);
	op.list.sorts[0].field = Q_TYPE; /* one dialect has it, not all */
	op.dialect = 0;
	assert_code(fixture_error(store, &op), ERR_INTERNAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(every_list_agrees_with_the_model),
		ON_EVERY_ENGINE(pages_by_cursor_have_every_row_once),
		ON_EVERY_ENGINE(forged_cursor_is_accepted_or_refused),
		ON_EVERY_ENGINE(unknown_fields_are_refused),
	};

	fixture_tables = query_tables;
	return CHECK_RUN(tests);
}
