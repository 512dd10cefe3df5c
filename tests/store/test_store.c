/* One task: create, read, update, archive, remove; limits; the flush counters. */
#include <stdlib.h>

#include "operation_fixture.h"
#include "store/internal.h"

/* ---- create, read ---- */

static void check_created(const struct task *task)
{
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

static void created_task_is_read_back(void **state)
{
	struct store *store = *state;
	struct op op = fixture_op(OP_CREATE, 7);
	struct result result;

	op.change.status = STR("new");
	change_set_field(&op.change, STR("type"), STR("\"clone\""));
	change_set_field(&op.change, STR("none"), STR(""));
	result = apply(store, &op);
	assert_int_equal(result.written, fixture_needs_flush(store));
	assert_int_equal(result.kind, OP_CREATE);
	check_created(&result.task);
	store_result_free(&result);
	op = fixture_op(OP_READ, 7);
	result = apply(store, &op);
	assert_false(result.written);
	check_created(&result.task);
	store_result_free(&result);
}

/* ---- errors ---- */

static void existing_id_conflicts(void **state)
{
	struct store *store = *state;
	struct op op = fixture_op(OP_CREATE, 1);

	fixture_create(store, 1, "new", NULL);
	assert_code(fixture_error(store, &op), ERR_CONFLICT);
	fixture_verify(store, 1);
}

static void absent_and_foreign_tasks_are_not_found(void **state)
{
	static const enum op_kind kinds[] = { OP_READ, OP_UPDATE, OP_REMOVE, OP_ARCHIVE };
	struct store *store = *state;

	fixture_create(store, 1, "new", NULL);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct op op = fixture_op(kinds[i], 2);

		assert_code(fixture_error(store, &op), ERR_NOT_FOUND);
		op = fixture_op(kinds[i], 1);
		op.tenant = STR("other");
		assert_code(fixture_error(store, &op), ERR_NOT_FOUND);
		op = fixture_op(kinds[i], 1);
		op.dialect = DIALECT_B;
		assert_code(fixture_error(store, &op), ERR_NOT_FOUND);
	}
	fixture_verify(store, 1);
}

static void unknown_operation_is_refused(void **state)
{
	struct op op = fixture_op(OP_NONE, 1);

	assert_code(fixture_error(*state, &op), ERR_INTERNAL);
	op.kind = OP_KINDS;
	assert_code(fixture_error(*state, &op), ERR_INTERNAL);
}

static void dialect_zero_is_any_dialect(void **state)
{
	struct store *store = *state;
	struct op op = fixture_op(OP_READ, 1);

	fixture_create(store, 1, "new", NULL);
	op.dialect = 0;
	assert_code(fixture_error(store, &op), ERR_NONE);
}

/* ---- update ---- */

static void update_changes_what_it_names(void **state)
{
	struct store *store = *state;
	struct op op = fixture_op(OP_UPDATE, 1);
	struct result result;

	fixture_create(store, 1, "new", "\"a\"");
	op.actor = STR("bob");
	op.now = 5000;
	op.change.state = TASK_SUCCEEDED;
	op.change.status = STR("sucess");
	change_set_field(&op.change, STR("type"), STR(""));
	change_set_field(&op.change, STR("log"), STR("[1]"));
	result = apply(store, &op);
	assert_int_equal(result.written, fixture_needs_flush(store));
	assert_int_equal(result.task.revision, 2);
	assert_int_equal(optional_time_ms(result.task.finished), 5000);
	assert_int_equal(result.task.updated, 5000);
	assert_int_equal(result.task.created, 1001);
	assert_str(result.task.created_by, "alice");
	assert_str(result.task.updated_by, "bob");
	assert_str(task_field(&result.task, STR("log")), "[1]");
	assert_null(task_field(&result.task, STR("type")).ptr);
	store_result_free(&result);
	fixture_verify(store, 1);
}

static void old_revision_is_refused(void **state)
{
	struct store *store = *state;
	struct op op = fixture_op(OP_UPDATE, 1);

	fixture_create(store, 1, "new", NULL);
	op.if_match_count = 1;
	op.if_match[0] = 1;
	assert_code(fixture_error(store, &op), ERR_NONE);
	assert_code(fixture_error(store, &op), ERR_PRECONDITION);
	op.if_match[0] = 2;
	assert_code(fixture_error(store, &op), ERR_NONE);
}

static void clock_that_goes_back_keeps_the_update_time(void **state)
{
	struct store *store = *state;
	struct op op = fixture_op(OP_UPDATE, 1);
	struct result result;

	fixture_create(store, 1, "new", NULL);
	op.now = 5000;
	op.change.state = TASK_SUCCEEDED;
	apply_only(store, &op);
	op = fixture_op(OP_UPDATE, 1);
	op.now = 10;
	result = apply(store, &op);
	assert_int_equal(result.task.updated, 5000);
	assert_int_equal(result.task.state, TASK_SUCCEEDED);
	assert_int_equal(result.task.revision, 3);
	store_result_free(&result);
	fixture_verify(store, 1);
}

/* ---- archive, remove ---- */

static void archived_task_leaves_the_current_list(void **state)
{
	struct store *store = *state;
	struct op op = fixture_op(OP_ARCHIVE, 1);
	struct result result;

	fixture_create(store, 1, "new", "\"a\"");
	fixture_create(store, 2, "new", "\"a\"");
	result = apply(store, &op);
	assert_true(result.task.archived);
	assert_int_equal(result.task.revision, 2);
	store_result_free(&result);
	op = fixture_list(BY_STATUS, "new");
	op.list.want_total = true;
	fixture_expect_rows(store, &op, 1, "2");
	op.list.scope = LIST_ARCHIVED;
	fixture_expect_rows(store, &op, 1, "1");
	op = fixture_op(OP_READ, 1);
	assert_code(fixture_error(store, &op), ERR_NONE);
}

static void removed_task_is_returned_once(void **state)
{
	struct store *store = *state;
	struct op op = fixture_op(OP_REMOVE, 1);
	struct result result;

	fixture_create(store, 1, "new", "\"a\"");
	fixture_create(store, 2, "new", "\"a\"");
	op.if_match_count = 1;
	op.if_match[0] = 2;
	assert_code(fixture_error(store, &op), ERR_PRECONDITION);
	op.if_match[0] = 1;
	result = apply(store, &op);
	assert_int_equal(result.written, fixture_needs_flush(store));
	assert_str(task_field(&result.task, STR("type")), "\"a\"");
	store_result_free(&result);
	assert_code(fixture_error(store, &op), ERR_NOT_FOUND);
	fixture_verify(store, 1);
}

/* ---- limits ---- */

static void large_record_is_refused(void **state)
{
	struct store *store = *state;
	struct op op = fixture_op(OP_CREATE, 1);
	char *text = malloc(TASK_RECORD_MAX);

	assert_non_null(text);
	memset(text, '1', TASK_RECORD_MAX);
	change_set_field(&op.change, STR("type"), (struct str){ text, TASK_RECORD_MAX - 200 });
	assert_code(fixture_error(store, &op), ERR_NONE);
	change_set_field(&op.change, STR("type"), (struct str){ text, TASK_RECORD_MAX });
	op.new_id = fixture_id(2);
	assert_code(fixture_error(store, &op), ERR_TOO_LARGE);
	op = fixture_op(OP_UPDATE, 1);
	change_set_field(&op.change, STR("more"), (struct str){ text, 400 });
	assert_code(fixture_error(store, &op), ERR_TOO_LARGE);
	op = fixture_op(OP_READ, 1);
	assert_code(fixture_error(store, &op), ERR_NONE);
	fixture_verify(store, 1);
	free(text);
}

static void too_many_fields_are_refused(void **state)
{
	static char name[TASK_FIELDS_MAX];
	struct store *store = *state;
	struct op op = fixture_op(OP_UPDATE, 3);

	memset(name, '1', sizeof(name));
	fixture_create(store, 3, "new", "1");
	for (int i = 0; i < TASK_FIELDS_MAX; i++) {
		op.change.fields[i].name = (struct str){ name, (size_t)i + 1 };
		op.change.fields[i].json = STR("2");
	}
	op.change.field_count = TASK_FIELDS_MAX;
	assert_code(fixture_error(store, &op), ERR_UNPROCESSABLE);
	fixture_verify(store, 1);
}

static void full_disk_allows_only_reads(void **state)
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
	assert_fails(store_put_tasks(store, &task, 1, &err), &err, ERR_DISK_FULL);
	atomic_store(&store->shared->read_only, false);
	fixture_verify(store, 1);
}

/* ---- the flush counters ---- */

static void commit_is_flushed_by_the_next_flush(void **state)
{
	struct store *store = *state;
	struct err err = { 0 };

	must(store_flush(store, &err), &err);
	assert_true(store_is_flushed(store));
	fixture_create(store, 1, "new", NULL);
	assert_false(store_is_flushed(store));
	assert_int_equal(store->shared->commits.started, store->shared->commits.done);
	must(store_flush(store, &err), &err);
	assert_true(store_is_flushed(store));
	assert_int_equal(*store->activity, STORE_IDLE);
	assert_int_equal(store->depth, 0);
}

static struct result count_tasks(struct store *store)
{
	struct op op = fixture_list(BY_ALL, NULL);

	op.list.want_total = true;
	return apply(store, &op);
}

static void commit_concerns_its_own_tenant_only(void **state)
{
	struct store *store = *state;
	struct err err = { 0 };

	must(store_flush(store, &err), &err);
	fixture_create(store, 1, "new", NULL);
	assert_false(store_is_flushed_for(store, STR("acme")));
	assert_true(store_is_flushed_for(store, STR("other")));
	assert_true(store_is_flushed_for(store, STR_NULL));
	must(store_flush(store, &err), &err);
	assert_true(store_is_flushed_for(store, STR("acme")));
}

static void commit_without_tasks_concerns_every_tenant(void **state)
{
	struct store *store = *state;
	uint64_t started = store->shared->other_commits.started, tasks = 9;
	struct err err = { 0 };

	must(store_set_quota(store, STR("acme"), &tasks, NULL, &err), &err);
	assert_int_equal(store->shared->other_commits.started, started + 1);
	atomic_fetch_add(&store->shared->commits.started, 1);
	atomic_fetch_add(&store->shared->other_commits.started, 1);
	assert_false(store_is_flushed_for(store, STR("acme")));
	assert_false(store_is_flushed_for(store, STR_NULL));
	atomic_fetch_add(&store->shared->commits.done, 1);
	atomic_fetch_add(&store->shared->other_commits.done, 1);
	must(store_flush(store, &err), &err);
	assert_true(store_is_flushed_for(store, STR("acme")));
}

/* Only the stripes of other tenants have a commit under way. */
static void count_is_exact_beside_commits_of_other_tenants(void **state)
{
	struct store *store = *state;
	struct result result;

	fixture_create(store, 1, "new", NULL);
	for (size_t i = 0; i < STORE_COMMIT_STRIPES; i++) {
		struct store_commits *commits = &store->shared->tenant_commits[i];

		if (atomic_load(&commits->started) == 0)
			atomic_fetch_add(&commits->started, 1);
	}
	result = count_tasks(store);
	assert_true(result.consistent);
	assert_int_equal(result.total, 1);
	store_result_free(&result);
}

/* A commit of another process is under way: our flush does not cover it, no count is exact. */
static void commit_under_way_is_not_flushed(void **state)
{
	struct store *store = *state;
	struct result result;
	struct err err = { 0 };

	fixture_create(store, 1, "new", NULL);
	atomic_fetch_add(&store->shared->commits.started, 1);
	atomic_fetch_add(&store->shared->other_commits.started, 1);
	must(store_flush(store, &err), &err);
	assert_false(store_is_flushed(store));
	result = count_tasks(store);
	assert_true(result.total_known);
	assert_false(result.consistent);
	assert_int_equal(result.total, 1);
	store_result_free(&result);
	atomic_fetch_add(&store->shared->commits.done, 1);
	atomic_fetch_add(&store->shared->other_commits.done, 1);
	must(store_flush(store, &err), &err);
	assert_true(store_is_flushed(store));
	result = count_tasks(store);
	assert_true(result.consistent);
	store_result_free(&result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(created_task_is_read_back),
		ON_EVERY_ENGINE(existing_id_conflicts),
		ON_EVERY_ENGINE(absent_and_foreign_tasks_are_not_found),
		ON_EVERY_ENGINE(unknown_operation_is_refused),
		ON_EVERY_ENGINE(dialect_zero_is_any_dialect),
		ON_EVERY_ENGINE(update_changes_what_it_names),
		ON_EVERY_ENGINE(old_revision_is_refused),
		ON_EVERY_ENGINE(clock_that_goes_back_keeps_the_update_time),
		ON_EVERY_ENGINE(archived_task_leaves_the_current_list),
		ON_EVERY_ENGINE(removed_task_is_returned_once),
		ON_EVERY_ENGINE(large_record_is_refused),
		ON_EVERY_ENGINE(too_many_fields_are_refused),
		ON_EVERY_ENGINE(full_disk_allows_only_reads),
		ON_ONE_MACHINE(commit_is_flushed_by_the_next_flush),
		ON_ONE_MACHINE(commit_concerns_its_own_tenant_only),
		ON_ONE_MACHINE(commit_without_tasks_concerns_every_tenant),
		ON_EVERY_ENGINE(count_is_exact_beside_commits_of_other_tenants),
		ON_ONE_MACHINE(commit_under_way_is_not_flushed),
	};

	return CHECK_RUN(tests);
}
