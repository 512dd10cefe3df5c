/* The contract of store.h: lists, pages and counts. */
#include <stdio.h>
#include <stdlib.h>

#include "fixture.h"

static void test_pages(void **state)
{
	struct store *store = *state;
	struct op op = fixture_list(BY_TYPE, "\"a\"");

	fixture_expect_rows(store, &op, 0, ""); /* nothing at all */
	op.list.want_total = true;
	op.list.offset = 1;
	fixture_expect_rows(store, &op, 0, "");
	for (unsigned i = 1; i <= 9; i++)
		fixture_create(store, i, "new", i % 3 == 0 ? NULL : i % 3 == 1 ? "\"a\"" : "\"b\"");
	op.list.offset = 0;
	fixture_expect_rows(store, &op, 3, "1 4 7");
	op.list.sort_count = 0;
	list_sort_add(&op.list, BY_ALL, true);
	fixture_expect_rows(store, &op, 3, "7 4 1");
	op.list.limit = 2;
	fixture_expect_rows(store, &op, 3, "7 4");
	op.list.offset = 1;
	fixture_expect_rows(store, &op, 3, "4 1");
	op.list.offset = 2;
	fixture_expect_rows(store, &op, 3, "1");
	op.list.offset = 3;
	fixture_expect_rows(store, &op, 3, "");
	op.list.sort_count = 0;
	list_sort_add(&op.list, BY_ALL, false);
	fixture_expect_rows(store, &op, 3, "");
	op.list.offset = 2;
	fixture_expect_rows(store, &op, 3, "7");
	op.list.offset = 1;
	op.list.limit = 1;
	fixture_expect_rows(store, &op, 3, "4");
	op.list.want_total = false;
	fixture_expect_rows(store, &op, 0, "4");
	op.list.offset = UINT64_MAX;
	fixture_expect_rows(store, &op, 0, "");
	op = fixture_list(BY_TYPE, "\"c\"");
	op.list.want_total = true;
	fixture_expect_rows(store, &op, 0, "");
	op.list.sort_count = 0;
	list_sort_add(&op.list, BY_ALL, true);
	fixture_expect_rows(store, &op, 0, "");
}

static void test_list_keys(void **state)
{
	struct store *store = *state;
	struct op op;

	fixture_create(store, 3, "sucess", NULL);
	fixture_create(store, 1, "success", NULL);
	fixture_create(store, 2, "failed", NULL);
	op = fixture_op(OP_CREATE, 4);
	op.tenant = STR("acm");
	assert_code(fixture_error(store, &op), ERR_NONE);
	op = fixture_op(OP_CREATE, 5);
	op.dialect = DIALECT_B;
	assert_code(fixture_error(store, &op), ERR_NONE);
	op = fixture_list(BY_WORD, "SUCCESS");
	op.list.want_total = true;
	fixture_expect_rows(store, &op, 2, "1 3");
	op = fixture_list(BY_STATE, "pending");
	op.list.want_total = true;
	fixture_expect_rows(store, &op, 3, "1 2 3");
	op.tenant = STR("acm");
	fixture_expect_rows(store, &op, 1, "4");
	op = fixture_list(BY_ALL, NULL);
	op.list.want_total = true;
	fixture_expect_rows(store, &op, 3, "1 2 3");
	op.dialect = 0;
	fixture_expect_rows(store, &op, 4, "1 2 3 5");
	op = fixture_op(OP_UPDATE, 1);
	op.now = 9000;
	assert_code(fixture_error(store, &op), ERR_NONE);
	op = fixture_list(BY_UPDATED, NULL);
	op.list.sorts[0].descending = true;
	fixture_expect_rows(store, &op, 0, "1 3 2");
	op = fixture_list(0xFF, "x");
	assert_code(fixture_error(store, &op), ERR_INTERNAL);
	op = fixture_list(BY_TYPE, "x");
	op.dialect = DIALECT_B;
	assert_code(fixture_error(store, &op), ERR_INTERNAL);
}

/* More than a batch of rows, and rows that go, come and change between the batches. */
static void test_changes_between_batches(void **state)
{
	struct store *store = *state;
	struct op list = fixture_list(BY_WORD, "new"), op;
	struct result result = { 0 };
	struct err err = { 0 };
	struct task row;
	unsigned seen = 0;
	bool end;

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
	for (;;) {
		must(store_list_next(&result, &row, &end, &err), &err);
		if (end)
			break;
		assert_str(row.status, "new");
		assert_true(row.id.bytes[15] != 150 && row.id.bytes[15] != 160);
		seen++;
	}
	assert_int_equal(seen, 199);
	must(store_list_next(&result, &row, &end, &err), &err);
	assert_true(end);
	store_result_free(&result);
	list.list.limit = 130;
	list.list.offset = 10;
	must(store_apply(store, &list, &result, &err), &err);
	for (seen = 0; store_list_next(&result, &row, &end, &err) && !end; seen++)
		;
	assert_int_equal(seen, 130);
	assert_int_equal(row.id.bytes[15], 140);
	store_result_free(&result);
}

/* A batch is bounded in bytes too; large rows come all the same, each once, in either direction. */
static void test_large_rows(void **state)
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
		ON_EVERY_ENGINE(test_pages),
		ON_EVERY_ENGINE(test_list_keys),
		ON_EVERY_ENGINE(test_changes_between_batches),
		ON_EVERY_ENGINE(test_large_rows),
	};

	return CHECK_RUN(tests);
}
