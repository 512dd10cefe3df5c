/* Batches (OP_BATCH): many tasks are created, each alone or all in one transaction. */
#include <stdio.h>

#include "libdb_leak.h"
#include "operation_fixture.h"

#define ITEMS_MAX BATCH_MAX

/* What the items ask for: the number of a task, or an error of the decoder. */
struct items {
	unsigned numbers[ITEMS_MAX];
	bool numbered; /* tasks have numbers of their own */
};

static bool decode(const struct op_batch *batch, size_t item, struct op *each, struct err *err)
{
	const struct items *items = batch->data;
	unsigned number = items->numbers[item];
	struct str detail = arena_copy(each->arena, STR("wrong"));

	each->kind = OP_CREATE;
	each->dialect = CODE_A;
	each->new_id = fixture_id(number);
	each->assign_number = items->numbered;
	if (number > 0)
		return true;
	err_set(err, ERR_UNPROCESSABLE, NULL, NULL);
	err->detail = detail;
	return false;
}

static struct arena arena;

static int free_arena(void **state)
{
	arena_free(&arena);
	return fixture_teardown(state);
}

static struct op batch_op(struct op_batch *batch, struct items *items)
{
	struct op op = fixture_op(OP_BATCH, 0);

	batch->decode = decode;
	batch->data = items;
	op.arena = &arena;
	op.dialect = 0;
	op.batch = batch;
	op.slice_steps = 3;
	return op;
}

static void finish(struct result *result, unsigned slices)
{
	struct err err = { 0 };

	for (; result->unfinished && slices > 0; slices--)
		must(store_go_on(result, 3, &err), &err);
}

/* What became of the items, as "1 2 conflict". */
static const char *outcome(struct result *result)
{
	static char text[400];
	struct batch_item item;
	struct err err = { 0 };
	bool end;
	size_t len = 0, count = 0;

	text[0] = '\0';
	for (;; count++) {
		must(store_batch_next(result, &item, &end, &err), &err);
		if (end)
			break;
		assert_int_equal(item.index, count);
		assert_true(!item.task == !!item.err);
		if (item.task)
			len += (size_t)snprintf(
				text + len, sizeof(text) - len, " %u", last_byte(item.task));
		else
			len += (size_t)snprintf(
				text + len, sizeof(text) - len, " %s", err_name(item.err->code));
		if (item.err && item.err->code == ERR_UNPROCESSABLE)
			assert_str(item.err->detail, "wrong");
		if (item.err && item.err->code == ERR_CONFLICT)
			assert_false(id_is_zero(&item.err->task));
	}
	assert_int_equal(count, result->batch->count);
	assert_int_equal(count, result->rows_returned);
	return text + (len > 0);
}

static void expect(struct store *store, const struct op *op, bool written, const char *want)
{
	struct result result = apply(store, op);

	finish(&result, 1000);
	assert_string_equal(outcome(&result), want);
	assert_int_equal(result.written, written);
	assert_false(result.batch->is_refused);
	store_result_free(&result);
}

/* ---- each alone ---- */

static void each_item_is_created_alone(void **state)
{
	struct store *store = *state;
	struct items items = { .numbers = { 1, 2, 0, 3, 2, 9, 4, 5, 6 } };
	struct op_batch batch = { .count = 9 };
	struct op op = batch_op(&batch, &items), exists = fixture_op(OP_CREATE, 9);
	struct result result;

	apply_only(store, &exists);
	result = apply(store, &op);
	assert_true(result.unfinished);
	assert_in_range(count_all(store, CODE_A), 2, 3);
	finish(&result, 1000);
	assert_int_equal(result.batch->created, 6);
	assert_int_equal(result.steps, 9);
	assert_true(store_result_memory(&result) > 0);
	assert_string_equal(outcome(&result), "1 2 unprocessable 3 conflict conflict 4 5 6");
	store_result_free(&result);
	expect(store, &op, false,
		"conflict conflict unprocessable conflict conflict conflict conflict conflict "
		"conflict");
	fixture_verify(store, 7);
}

static void full_disk_ends_the_batch(void **state)
{
	struct store *store = *state;
	struct items items = { .numbers = { 1, 2, 3, 4, 5 } };
	struct op_batch batch = { .count = 5 };
	struct op op = batch_op(&batch, &items);
	struct result result = apply(store, &op);
	size_t created = result.batch->created;
	static const char *const want[] = { NULL, "1 disk-full disk-full disk-full disk-full",
		"1 2 disk-full disk-full disk-full", "1 2 3 disk-full disk-full" };

	/* A slice on a slow disk may end earlier. */
	assert_in_range(created, 1, 3);
	fixture_set_read_only(store, true);
	finish(&result, 1000);
	assert_string_equal(outcome(&result), want[created]);
	assert_true(result.written);
	store_result_free(&result);
	assert_code(fixture_error(store, &op), ERR_DISK_FULL);
	batch.is_atomic = true;
	assert_code(fixture_error(store, &op), ERR_DISK_FULL);
	fixture_set_read_only(store, false);
	fixture_verify(store, created);
}

/* ---- all or none ---- */

static void atomic_batch_is_created_as_a_whole(void **state)
{
	struct store *store = *state;
	struct items items = { .numbers = { 1, 2, 3, 4, 5, 6, 7 } };
	struct op_batch batch = { .count = 7, .is_atomic = true };
	struct op op = batch_op(&batch, &items);

	expect(store, &op, true, "1 2 3 4 5 6 7");
	fixture_verify(store, 7);
}

static void refused_atomic_batch_creates_nothing(void **state)
{
	static const struct {
		struct items items;
		size_t refused;
		enum err_code code;
	} rows[] = {
		{ { .numbers = { 1, 2, 0, 4 } }, 2, ERR_UNPROCESSABLE },
		{ { .numbers = { 1, 2, 3, 9 } }, 3, ERR_CONFLICT },
		{ { .numbers = { 1, 2, 1, 4 } }, 2, ERR_CONFLICT },
		{ { .numbers = { 9, 0, 1, 4 } }, 0, ERR_CONFLICT },
	};
	struct store *store = *state;
	struct op exists = fixture_op(OP_CREATE, 9);

	apply_only(store, &exists);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct items items = rows[i].items;
		struct op_batch batch = { .count = 4, .is_atomic = true };
		struct op op = batch_op(&batch, &items);
		struct result result = apply(store, &op);

		assert_true(result.batch->is_refused);
		assert_false(result.unfinished);
		assert_false(result.written);
		assert_int_equal(result.batch->refused, rows[i].refused);
		assert_code(result.batch->err.code, rows[i].code);
		assert_int_equal(result.batch->created, 0);
		store_result_free(&result);
		fixture_verify(store, 1);
	}
}

static void thousand_tasks_fit_into_one_transaction(void **state)
{
	struct store *store = *state;
	struct items items = { .numbers = { 0 } };
	struct op_batch batch = { .count = BATCH_MAX, .is_atomic = true };
	struct op op = batch_op(&batch, &items);
	struct result result;

	for (unsigned i = 0; i < BATCH_MAX; i++)
		items.numbers[i] = i + 1;
	result = apply(store, &op);
	assert_int_equal(result.batch->created, BATCH_MAX);
	store_result_free(&result);
	fixture_verify(store, BATCH_MAX);
}

/* ---- Idempotency-Key ---- */

static void set_key(struct op *op, const char *key, uint8_t fingerprint)
{
	op->idempotency_key = str_cstr(key);
	memset(op->idempotency_fingerprint, fingerprint, sizeof(op->idempotency_fingerprint));
}

static void repeated_batch_creates_nothing(void **state)
{
	struct store *store = *state;

	for (unsigned atomic = 0; atomic < 2; atomic++) {
		unsigned first = 10 * atomic + 1;
		struct items items = { .numbers = { first, first + 1, first + 2, first + 3 } };
		struct op_batch batch = { .count = 4, .is_atomic = atomic };
		struct op op = batch_op(&batch, &items);
		const char *want = atomic ? "11 12 13 14" : "1 2 3 4";

		set_key(&op, atomic ? "b" : "a", 1);
		expect(store, &op, true, want);
		for (unsigned i = 0; i < 4; i++)
			items.numbers[i] += 100;
		expect(store, &op, false, want);
		set_key(&op, atomic ? "b" : "a", 2);
		assert_code(fixture_error(store, &op), ERR_KEY_REUSED);
	}
	fixture_verify(store, 8);
}

/* The client has left, or the process has died. */
static void repetition_completes_a_batch_that_was_cut_off(void **state)
{
	struct store *store = *state;
	struct items items = { .numbers = { 1, 2, 3, 9, 5, 6, 7 } };
	struct op_batch batch = { .count = 7 };
	struct op op = batch_op(&batch, &items), blocks = fixture_op(OP_CREATE, 9),
		  remove = fixture_op(OP_REMOVE, 9);
	struct result result;

	set_key(&op, "cut", 1);
	apply_only(store, &blocks);
	result = apply(store, &op);
	finish(&result, 1);
	assert_true(result.unfinished);
	store_result_free(&result);
	assert_in_range(count_all(store, CODE_A), 2, 6);
	apply_only(store, &remove);
	items.numbers[0] += 100; /* ids are made anew */
	expect(store, &op, true, "1 2 3 9 5 6 7");
	expect(store, &op, false, "1 2 3 9 5 6 7");
	fixture_verify(store, 7);
}

static void key_of_a_batch_is_not_one_of_a_task(void **state)
{
	struct store *store = *state;
	struct items items = { .numbers = { 1, 2 } };
	struct op_batch batch = { .count = 2 };
	struct op op = batch_op(&batch, &items), single = fixture_op(OP_CREATE, 3);

	set_key(&op, "k", 1);
	set_key(&single, "k", 2);
	apply_only(store, &single);
	assert_code(fixture_error(store, &op), ERR_KEY_REUSED);
	set_key(&op, "l", 1);
	set_key(&single, "l", 2);
	expect(store, &op, true, "1 2");
	assert_code(fixture_error(store, &single), ERR_KEY_REUSED);
	fixture_verify(store, 3);
}

/* ---- quotas ---- */

static void daily_quota_counts_items(void **state)
{
	static const uint64_t quotas[UINT8_MAX + 1] = { [CODE_A] = 3 };
	struct store *store = *state;
	struct items items = { .numbers = { 1, 2, 3, 4, 5 }, .numbered = true };
	struct op_batch batch = { .count = 5, .is_atomic = true };
	struct op op = batch_op(&batch, &items);
	struct result result;

	op.item_quotas = quotas;
	op.quota = (struct op_quota){ .from = 0, .to = op.now + 1000 };
	result = apply(store, &op);
	assert_true(result.batch->is_refused);
	assert_int_equal(result.batch->refused, 3);
	assert_code(result.batch->err.code, ERR_QUOTA);
	assert_int_equal(result.batch->err.retry_after, 1);
	store_result_free(&result);
	batch.is_atomic = false;
	expect(store, &op, true, "1 2 3 quota quota");
	fixture_verify(store, 3);
}

static void storage_quota_counts_items(void **state)
{
	const uint64_t most = 2;
	struct store *store = *state;
	struct items items = { .numbers = { 1, 2, 3, 4 } };
	struct op_batch batch = { .count = 4, .is_atomic = true };
	struct op op = batch_op(&batch, &items);
	struct err err = { 0 };

	must(store_set_quota(store, op.tenant, &most, NULL, &err), &err);
	assert_code(fixture_error(store, &op), ERR_STORAGE_QUOTA);
	batch.is_atomic = false;
	expect(store, &op, true, "1 2 storage-quota storage-quota");
	fixture_verify(store, 2);
}

#define TEST_IN(function, where, setup)                                 \
	{                                                               \
#function ", " where, function, setup, free_arena, NULL \
	}
#define TEST(function)                                                           \
	TEST_IN(function, "Berkeley DB in memory", fixture_setup_ephemeral),     \
		TEST_IN(function, "Berkeley DB in files", fixture_setup_folder), \
		TEST_IN(function, "memory engine", fixture_setup_memory)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_item_is_created_alone),
		TEST(full_disk_ends_the_batch),
		TEST(atomic_batch_is_created_as_a_whole),
		TEST(refused_atomic_batch_creates_nothing),
		TEST(thousand_tasks_fit_into_one_transaction),
		TEST(repeated_batch_creates_nothing),
		TEST(repetition_completes_a_batch_that_was_cut_off),
		TEST(key_of_a_batch_is_not_one_of_a_task),
		TEST(daily_quota_counts_items),
		TEST(storage_quota_counts_items),
	};

	fixture_tables = operation_tables;
	return CHECK_RUN(tests);
}
