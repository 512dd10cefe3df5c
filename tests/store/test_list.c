/* Lists: filters, orders, pages, totals and batches. */
#include <stdio.h>
#include <stdlib.h>

#include "fixture.h"

/* 1, 4 and 7 have the type "a", 2, 5 and 8 "b", 3, 6 and 9 none. */
static void create_nine(struct store *store)
{
	static const char *const types[] = { NULL, "\"a\"", "\"b\"" };

	for (unsigned i = 1; i <= 9; i++)
		fixture_create(store, i, "new", types[i % 3]);
}

static struct op list_of_type(const char *type, bool descending)
{
	struct op op = fixture_list(BY_TYPE, type);

	op.list.want_total = true;
	list_sort_add(&op.list, BY_ALL, descending);
	return op;
}

static void empty_list_has_no_rows(void **state)
{
	struct store *store = *state;
	struct op op = fixture_list(BY_TYPE, "\"a\"");

	fixture_expect_rows(store, &op, 0, "");
	op.list.want_total = true;
	op.list.offset = 1;
	fixture_expect_rows(store, &op, 0, "");
	create_nine(store);
	op = list_of_type("\"c\"", false);
	fixture_expect_rows(store, &op, 0, "");
	op = list_of_type("\"c\"", true);
	fixture_expect_rows(store, &op, 0, "");
}

static void filter_has_its_rows_in_both_orders(void **state)
{
	struct store *store = *state;
	struct op op = list_of_type("\"a\"", false);

	create_nine(store);
	fixture_expect_rows(store, &op, 3, "1 4 7");
	op = list_of_type("\"a\"", true);
	fixture_expect_rows(store, &op, 3, "7 4 1");
}

static void limit_and_offset_cut_a_page(void **state)
{
	static const struct {
		bool descending;
		uint64_t limit, offset;
		const char *rows;
	} pages[] = {
		{ true, 2, 0, "7 4" },
		{ true, 2, 1, "4 1" },
		{ true, 2, 2, "1" },
		{ true, 2, 3, "" },
		{ false, 2, 3, "" },
		{ false, 2, 2, "7" },
		{ false, 1, 1, "4" },
	};
	struct store *store = *state;

	create_nine(store);
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		struct op op = list_of_type("\"a\"", pages[i].descending);

		op.list.limit = pages[i].limit;
		op.list.offset = pages[i].offset;
		fixture_expect_rows(store, &op, 3, pages[i].rows);
	}
}

static void offset_works_without_a_total(void **state)
{
	struct store *store = *state;
	struct op op = list_of_type("\"a\"", false);

	create_nine(store);
	op.list.want_total = false;
	op.list.limit = 1;
	op.list.offset = 1;
	fixture_expect_rows(store, &op, 0, "4");
	op.list.offset = UINT64_MAX;
	fixture_expect_rows(store, &op, 0, "");
}

/* 1 and 3 have statuses that are normalized to one; 4 is of another tenant, 5 of dialect B. */
static void create_mixed(struct store *store)
{
	struct op op = fixture_op(OP_CREATE, 4);

	fixture_create(store, 3, "sucess", NULL);
	fixture_create(store, 1, "success", NULL);
	fixture_create(store, 2, "failed", NULL);
	op.tenant = STR("acm");
	assert_code(fixture_error(store, &op), ERR_NONE);
	op = fixture_op(OP_CREATE, 5);
	op.dialect = DIALECT_B;
	assert_code(fixture_error(store, &op), ERR_NONE);
}

static struct op counted_list(uint8_t field, const char *value)
{
	struct op op = fixture_list(field, value);

	op.list.want_total = true;
	return op;
}

static void spellings_of_one_value_are_one_filter(void **state)
{
	struct op op = counted_list(BY_STATUS, "SUCCESS");

	create_mixed(*state);
	fixture_expect_rows(*state, &op, 2, "1 3");
}

static void lists_are_of_one_tenant(void **state)
{
	struct op op = counted_list(BY_STATE, "pending");

	create_mixed(*state);
	fixture_expect_rows(*state, &op, 3, "1 2 3");
	op.tenant = STR("acm");
	fixture_expect_rows(*state, &op, 1, "4");
}

static void lists_are_of_one_dialect_or_of_all(void **state)
{
	struct op op = counted_list(BY_ALL, NULL);

	create_mixed(*state);
	fixture_expect_rows(*state, &op, 3, "1 2 3");
	op.dialect = 0;
	fixture_expect_rows(*state, &op, 4, "1 2 3 5");
}

static void update_moves_a_task_in_the_order_of_updates(void **state)
{
	struct op op = fixture_op(OP_UPDATE, 1);

	create_mixed(*state);
	op.now = 9000;
	assert_code(fixture_error(*state, &op), ERR_NONE);
	op = fixture_list(BY_UPDATED, NULL);
	op.list.sorts[0].descending = true;
	fixture_expect_rows(*state, &op, 0, "1 3 2");
}

static void unknown_field_is_refused(void **state)
{
	struct op op = fixture_list(0xFF, "x");

	assert_code(fixture_error(*state, &op), ERR_INTERNAL);
	op = fixture_list(BY_TYPE, "x");
	op.dialect = DIALECT_B;
	assert_code(fixture_error(*state, &op), ERR_INTERNAL);
}

/* ---- batches ---- */

/* Counts the rows and ends the test at one of the two. */
static unsigned count_rows(struct result *result, unsigned not_this, unsigned nor_this)
{
	struct err err = { 0 };
	struct task row;
	unsigned rows = 0;
	bool end;

	for (;;) {
		must(store_list_next(result, &row, &end, &err), &err);
		if (end)
			break;
		assert_str(row.status, "new");
		assert_int_not_equal(row.id.bytes[15], not_this);
		assert_int_not_equal(row.id.bytes[15], nor_this);
		rows++;
	}
	must(store_list_next(result, &row, &end, &err), &err);
	assert_true(end);
	return rows;
}

/* Between two batches one task is removed, one changed, one created. */
static void changes_between_batches_are_seen(void **state)
{
	struct store *store = *state;
	struct op list = fixture_list(BY_STATUS, "new"), op;
	struct result result = { 0 };
	struct err err = { 0 };

	for (unsigned i = 1; i <= 200; i++)
		fixture_create(store, i, "new", NULL);
	list.list.want_total = true;
	must(store_apply(store, &list, &result, &err), &err);
	assert_int_equal(result.total, 200);
	op = fixture_op(OP_REMOVE, 150);
	assert_code(fixture_error(store, &op), ERR_NONE);
	op = fixture_op(OP_UPDATE, 160);
	op.change.status = STR("old");
	assert_code(fixture_error(store, &op), ERR_NONE);
	fixture_create(store, 201, "new", NULL);
	assert_int_equal(count_rows(&result, 150, 160), 199);
	store_result_free(&result);
}

static void page_may_be_longer_than_a_batch(void **state)
{
	struct store *store = *state;
	struct op list = fixture_list(BY_STATUS, "new");
	struct result result = { 0 };
	struct err err = { 0 };
	struct task row;
	unsigned rows = 0;
	bool end;

	for (unsigned i = 1; i <= 200; i++)
		fixture_create(store, i, "new", NULL);
	list.list.limit = 130;
	list.list.offset = 10;
	must(store_apply(store, &list, &result, &err), &err);
	for (; store_list_next(&result, &row, &end, &err) && !end; rows++)
		;
	assert_int_equal(rows, 130);
	assert_int_equal(row.id.bytes[15], 140);
	store_result_free(&result);
}

/* A batch is limited in bytes too: every large row comes once, in either direction. */
static void large_rows_come_once(void **state)
{
	struct store *store = *state;
	struct op op = fixture_list(BY_ALL, NULL);
	char *big = malloc(100001), want[512] = "", back[512] = "", number[8];

	memset(big, '7', 100000);
	big[100000] = '\0';
	for (unsigned i = 1; i <= 20; i++) {
		fixture_create(store, i, "new", big);
		snprintf(number, sizeof(number), "%s%u", i > 1 ? " " : "", i);
		strncat(want, number, sizeof(want) - strlen(want) - 1);
		snprintf(number, sizeof(number), "%s%u", i > 1 ? " " : "", 21 - i);
		strncat(back, number, sizeof(back) - strlen(back) - 1);
	}
	fixture_expect_rows(store, &op, 0, want);
	op.list.sort_count = 0;
	list_sort_add(&op.list, BY_ALL, true);
	fixture_expect_rows(store, &op, 0, back);
	free(big);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(empty_list_has_no_rows),
		ON_EVERY_ENGINE(filter_has_its_rows_in_both_orders),
		ON_EVERY_ENGINE(limit_and_offset_cut_a_page),
		ON_EVERY_ENGINE(offset_works_without_a_total),
		ON_EVERY_ENGINE(spellings_of_one_value_are_one_filter),
		ON_EVERY_ENGINE(lists_are_of_one_tenant),
		ON_EVERY_ENGINE(lists_are_of_one_dialect_or_of_all),
		ON_EVERY_ENGINE(update_moves_a_task_in_the_order_of_updates),
		ON_EVERY_ENGINE(unknown_field_is_refused),
		ON_EVERY_ENGINE(changes_between_batches_are_seen),
		ON_EVERY_ENGINE(page_may_be_longer_than_a_batch),
		ON_EVERY_ENGINE(large_rows_come_once),
	};

	return CHECK_RUN(tests);
}
