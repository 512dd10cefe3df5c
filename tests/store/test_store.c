/* The contract of store.h: one task, the counters, the small tables. */
#include <stdio.h>
#include <stdlib.h>

#include "fixture.h"
#include "store/internal.h"

/* ---- one task ---- */

static void test_create_and_read(void **state)
{
	struct store *store = *state;
	struct op op = fixture_op(OP_CREATE, 7);
	struct result made = { 0 }, read = { 0 };
	struct err err = { 0 };

	op.change.status = STR("new");
	change_set_field(&op.change, STR("type"), STR("\"clone\""));
	change_set_field(&op.change, STR("none"), STR(""));
	must(store_apply(store, &op, &made, &err), &err);
	assert_true(made.written && made.kind == OP_CREATE);
	op = fixture_op(OP_READ, 7);
	must(store_apply(store, &op, &read, &err), &err);
	assert_false(read.written);
	for (int i = 0; i < 2; i++) {
		const struct task *task = i ? &read.task : &made.task;

		assert_str(task->tenant, "acme");
		assert_str(task->status, "new");
		assert_str(task->created_by, "alice");
		assert_str(task->updated_by, "alice");
		assert_int_equal(task->state, TASK_PENDING);
		assert_int_equal(task->created, 1007);
		assert_int_equal(task->updated, 1007);
		assert_int_equal(task->revision, 1);
		assert_int_equal(task->field_count, 1);
		assert_str(task_field(task, STR("type")), "\"clone\"");
	}
	store_result_free(&made);
	store_result_free(&read);
}

static void test_errors(void **state)
{
	struct store *store = *state;
	struct op op = fixture_op(OP_CREATE, 1);

	fixture_create(store, 1, "new", NULL);
	assert_code(fixture_error(store, &op), ERR_CONFLICT);
	for (int kind = OP_READ; kind < OP_KINDS; kind++) {
		if (kind == OP_LIST || kind == OP_CREATE || kind == OP_UPSERT)
			continue;
		op = fixture_op((enum op_kind)kind, 2);
		assert_code(fixture_error(store, &op), ERR_NOT_FOUND);
		op = fixture_op((enum op_kind)kind, 1);
		op.tenant = STR("other");
		assert_code(fixture_error(store, &op), ERR_NOT_FOUND);
		op = fixture_op((enum op_kind)kind, 1);
		op.dialect = DIALECT_B;
		assert_code(fixture_error(store, &op), ERR_NOT_FOUND);
	}
	op.kind = OP_NONE;
	assert_code(fixture_error(store, &op), ERR_INTERNAL);
	op.kind = OP_KINDS;
	assert_code(fixture_error(store, &op), ERR_INTERNAL);
	op = fixture_op(OP_READ, 1);
	op.dialect = 0;
	assert_code(fixture_error(store, &op), ERR_NONE);
	fixture_verify(store, 1);
}

static void test_update(void **state)
{
	struct store *store = *state;
	struct op op = fixture_op(OP_UPDATE, 1);
	struct result result = { 0 };
	struct err err = { 0 };

	fixture_create(store, 1, "new", "\"a\"");
	op.actor = STR("bob");
	op.now = 5000;
	op.if_match_count = 1;
	op.if_match[0] = 1;
	op.change.state = TASK_SUCCEEDED;
	op.change.status = STR("sucess");
	change_set_field(&op.change, STR("type"), STR(""));
	change_set_field(&op.change, STR("log"), STR("[1]"));
	must(store_apply(store, &op, &result, &err), &err);
	assert_true(result.written);
	assert_int_equal(result.task.revision, 2);
	assert_int_equal(result.task.finished, 5000);
	assert_int_equal(result.task.updated, 5000);
	assert_int_equal(result.task.created, 1001);
	assert_str(result.task.created_by, "alice");
	assert_str(result.task.updated_by, "bob");
	assert_str(task_field(&result.task, STR("log")), "[1]");
	assert_null(task_field(&result.task, STR("type")).ptr);
	store_result_free(&result);

	assert_code(fixture_error(store, &op), ERR_PRECONDITION);
	op.if_match_count = 1;
	op.if_match[0] = 2;
	op.now = 10; /* a clock that went back does not take the time of the last write back */
	op.change = (struct change){ 0 };
	must(store_apply(store, &op, &result, &err), &err);
	assert_int_equal(result.task.updated, 5000);
	assert_int_equal(result.task.state, TASK_SUCCEEDED);
	assert_int_equal(result.task.revision, 3);
	store_result_free(&result);
	fixture_verify(store, 1);
}

static void test_remove_and_archive(void **state)
{
	struct store *store = *state;
	struct op op = fixture_op(OP_ARCHIVE, 1);
	struct result result = { 0 };
	struct err err = { 0 };
	char rows[64];

	fixture_create(store, 1, "new", "\"a\"");
	fixture_create(store, 2, "new", "\"a\"");
	must(store_apply(store, &op, &result, &err), &err);
	assert_true(result.task.archived && result.task.revision == 2);
	store_result_free(&result);
	op = fixture_list(BY_WORD, "new");
	op.list.want_total = true;
	assert_int_equal(fixture_rows(store, &op, rows, sizeof(rows)), 1);
	assert_string_equal(rows, "2");
	op.list.scope = LIST_ARCHIVED;
	assert_int_equal(fixture_rows(store, &op, rows, sizeof(rows)), 1);
	assert_string_equal(rows, "1");
	op = fixture_op(OP_READ, 1);
	assert_code(fixture_error(store, &op), ERR_NONE);

	op = fixture_op(OP_REMOVE, 1);
	op.if_match_count = 1;
	op.if_match[0] = 1;
	assert_code(fixture_error(store, &op), ERR_PRECONDITION);
	op.if_match_count = 1;
	op.if_match[0] = 2;
	must(store_apply(store, &op, &result, &err), &err);
	assert_true(result.written);
	assert_str(task_field(&result.task, STR("type")), "\"a\"");
	store_result_free(&result);
	assert_code(fixture_error(store, &op), ERR_NOT_FOUND);
	fixture_verify(store, 1);
}

static void test_limits(void **state)
{
	struct store *store = *state;
	struct op op = fixture_op(OP_CREATE, 1);
	char *big = malloc(STORE_RECORD_MAX);

	memset(big, '1', STORE_RECORD_MAX);
	change_set_field(&op.change, STR("type"), (struct str){ big, STORE_RECORD_MAX - 200 });
	assert_code(fixture_error(store, &op), ERR_NONE);
	change_set_field(&op.change, STR("type"), (struct str){ big, STORE_RECORD_MAX });
	op.new_id = fixture_id(2);
	assert_code(fixture_error(store, &op), ERR_TOO_LARGE);
	op = fixture_op(OP_UPDATE, 1);
	change_set_field(&op.change, STR("more"), (struct str){ big, 400 });
	assert_code(fixture_error(store, &op), ERR_TOO_LARGE);
	op = fixture_op(OP_UPDATE, 3);
	fixture_create(store, 3, "new", "1");
	for (int i = 0; i < TASK_FIELDS_MAX; i++) {
		op.change.fields[i].name = (struct str){ big, (size_t)i + 1 };
		op.change.fields[i].json = STR("2");
	}
	op.change.field_count = TASK_FIELDS_MAX;
	assert_code(fixture_error(store, &op), ERR_UNPROCESSABLE);
	op = fixture_op(OP_READ, 1);
	assert_code(fixture_error(store, &op), ERR_NONE);
	fixture_verify(store, 2);
	free(big);
}

static bool make_two(struct str old, struct buf *value, void *data, struct err *err)
{
	(void)old, (void)data, (void)err;
	buf_puts(value, "2");
	return true;
}

static bool make_none(struct str old, struct buf *value, void *data, struct err *err)
{
	(void)old, (void)value, (void)data, (void)err;
	return true;
}

/* What is there may be changed, replaced by another, and removed; nothing is made from nothing. */
static void test_read_only_entries(void **state)
{
	struct store *store = *state;
	const struct store_auth_edit edits[] = {
		{ STORE_USERS, STR("a"), make_two, NULL },
		{ STORE_USERS, STR("b"), make_two, NULL },
		{ STORE_USERS, STR("a"), make_none, NULL },
	};
	struct buf out = BUF_INIT;
	struct err err = { 0 };

	fixture_auth_put(store, STORE_USERS, STR("a"), STR("1"));
	atomic_store(&store->shared->read_only, true);
	assert_false(store_auth_update(store, edits + 1, 1, &err));
	assert_err(&err, ERR_DISK_FULL);
	must(store_auth_update(store, edits, 1, &err), &err);
	must(store_auth_get(store, STORE_USERS, STR("a"), &out, &err), &err);
	assert_str(buf_str(&out), "2");
	assert_false(store_auth_get(store, STORE_USERS, STR("b"), &out, &err));
	must(store_auth_update(store, edits, 2, &err), &err);
	must(store_auth_get(store, STORE_USERS, STR("b"), &out, &err), &err);
	must(store_auth_update(store, edits + 2, 1, &err), &err);
	assert_false(store_auth_get(store, STORE_USERS, STR("a"), &out, &err));
	atomic_store(&store->shared->read_only, false);
	buf_free(&out);
}

static void test_read_only(void **state)
{
	struct store *store = *state;
	struct op op = fixture_op(OP_CREATE, 2);
	struct task task = { .tenant = STR("acme") };
	struct err err = { 0 };

	fixture_create(store, 1, "new", NULL);
	atomic_store(&store->shared->read_only, true);
	assert_code(fixture_error(store, &op), ERR_DISK_FULL);
	op = fixture_op(OP_REMOVE, 1);
	assert_code(fixture_error(store, &op), ERR_DISK_FULL);
	op = fixture_op(OP_READ, 1);
	assert_code(fixture_error(store, &op), ERR_NONE);
	assert_false(store_put_tasks(store, &task, 1, &err));
	assert_err(&err, ERR_DISK_FULL);
	atomic_store(&store->shared->read_only, false);
	fixture_verify(store, 1);
}

/* ---- the counters ---- */

static void test_counters(void **state)
{
	struct store *store = *state;
	struct store_shared *shared = store->shared;
	struct op op = fixture_list(BY_ALL, NULL);
	struct result result = { 0 };
	struct err err = { 0 };

	must(store_flush(store, &err), &err);
	assert_true(store_is_flushed(store));
	fixture_create(store, 1, "new", NULL);
	assert_false(store_is_flushed(store));
	assert_int_equal(shared->commits_started, shared->commits_done);
	must(store_flush(store, &err), &err);
	assert_true(store_is_flushed(store));
	/* somebody's commit under way: not flushed by our flush, and no moment to count in */
	atomic_fetch_add(&shared->commits_started, 1);
	must(store_flush(store, &err), &err);
	assert_false(store_is_flushed(store));
	op.list.want_total = true;
	must(store_apply(store, &op, &result, &err), &err);
	assert_true(result.total_known && !result.consistent && result.total == 1);
	store_result_free(&result);
	atomic_fetch_add(&shared->commits_done, 1);
	must(store_flush(store, &err), &err);
	must(store_apply(store, &op, &result, &err), &err);
	assert_true(result.consistent);
	store_result_free(&result);
	assert_true(store_is_flushed(store));
	assert_int_equal(*store->activity, STORE_IDLE);
	assert_int_equal(store->depth, 0);
}

/* ---- entries ---- */

static bool collect(struct str key, struct str value, void *data)
{
	unsigned *sum = data;

	assert_true(value.len == 1 ? key.len == 1 : value.len == 3000);
	*sum += (unsigned char)key.ptr[0];
	return key.ptr[0] != '!';
}

static void test_entries(void **state)
{
	struct store *store = *state;
	char big[3000];
	struct buf out = BUF_INIT;
	struct err err = { 0 };
	unsigned sum = 0;

	memset(big, 'x', sizeof(big));
	must(store_auth_each(store, STORE_USERS, collect, &sum, &err), &err);
	assert_int_equal(sum, 0);
	fixture_auth_put(store, STORE_USERS, STR("a"), STR("1"));
	assert_true(store_is_flushed(store));
	fixture_auth_put(store, STORE_USERS, STR("b"), STR("2"));
	fixture_auth_put(store, STORE_USERS, STR("b"), STR("3"));
	fixture_auth_put(store, STORE_USERS, STR("c"), (struct str){ big, sizeof(big) });
	fixture_auth_put(store, STORE_SIGNING_KEYS, STR("k"), STR("4"));
	buf_puts(&out, "=");
	must(store_auth_get(store, STORE_USERS, STR("b"), &out, &err), &err);
	assert_str(buf_str(&out), "=3");
	assert_false(store_auth_get(store, STORE_TOKENS, STR("b"), &out, &err));
	assert_err(&err, ERR_NOT_FOUND);
	must(store_auth_get(store, STORE_USERS, STR("c"), &out, &err), &err);
	assert_int_equal(out.len, 2 + sizeof(big));
	must(store_auth_each(store, STORE_USERS, collect, &sum, &err), &err);
	assert_int_equal(sum, 'a' + 'b' + 'c');
	buf_free(&out);
}

struct wanted {
	const char *old; /* NULL: nothing */
	const char *made;
};

/* Refuses where something else is there than what was wanted. */
static bool make_wanted(struct str old, struct buf *value, void *data, struct err *err)
{
	const struct wanted *wanted = data;

	buf_puts(value, wanted->made);
	if ((old.ptr != NULL) == (wanted->old != NULL) && str_eq(old, str_cstr(wanted->old)))
		return true;
	return err_set(err, ERR_CONFLICT, NULL, NULL);
}

static void expect_entry(struct store *store, const char *key, const char *value)
{
	struct buf out = BUF_INIT;
	struct err err = { 0 };
	bool there = store_auth_get(store, STORE_USERS, str_cstr(key), &out, &err);

	assert_int_equal(there, value != NULL);
	if (there)
		assert_str(buf_str(&out), value);
	buf_free(&out);
}

/* Made, changed, removed; and all or nothing. */
static void test_edits(void **state)
{
	struct store *store = *state;
	struct wanted first = { NULL, "1" }, second = { NULL, "2" };
	const struct store_auth_edit edits[] = {
		{ STORE_USERS, STR("a"), make_wanted, &first },
		{ STORE_USERS, STR("b"), make_wanted, &second },
	};
	struct err err = { 0 };

	must(store_auth_update(store, edits, 2, &err), &err);
	assert_true(store_is_flushed(store));
	expect_entry(store, "a", "1");
	expect_entry(store, "b", "2");
	first = (struct wanted){ "1", "3" };
	assert_false(store_auth_update(store, edits, 2, &err));
	assert_err(&err, ERR_CONFLICT);
	expect_entry(store, "a", "1");
	second = (struct wanted){ "2", "" };
	must(store_auth_update(store, edits, 2, &err), &err);
	expect_entry(store, "a", "3");
	expect_entry(store, "b", NULL);
	first = (struct wanted){ "3", "" };
	second = (struct wanted){ NULL, "" };
	must(store_auth_update(store, edits, 2, &err), &err);
	expect_entry(store, "a", NULL);
	assert_int_equal(store->depth, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(test_create_and_read),
		ON_EVERY_ENGINE(test_errors),
		ON_EVERY_ENGINE(test_update),
		ON_EVERY_ENGINE(test_remove_and_archive),
		ON_EVERY_ENGINE(test_limits),
		ON_EVERY_ENGINE(test_read_only),
		ON_EVERY_ENGINE(test_read_only_entries),
		ON_EVERY_ENGINE(test_counters),
		ON_EVERY_ENGINE(test_entries),
		ON_EVERY_ENGINE(test_edits),
	};

	return CHECK_RUN(tests);
}
