/* Import, export, verify, reindex, chores, opening. */
#include <stdio.h>
#include <sys/stat.h>

#include "fixture.h"
#include "store/internal.h"

/* ---- import, export, verify, reindex ---- */

static bool count_task(const struct task *task, void *data)
{
	unsigned *left = data;

	assert_str(task->tenant, "acme");
	return --*left > 0;
}

static void import_replaces_and_export_has_all(void **state)
{
	struct store *store = *state;
	struct task tasks[50] = { 0 };
	struct err err = { 0 };
	struct op op = fixture_list(BY_STATUS, "w");
	unsigned left = 1000;

	for (unsigned i = 0; i < 50; i++) {
		tasks[i].id = fixture_id(i);
		tasks[i].tenant = STR("acme");
		tasks[i].dialect = DIALECT_A;
		tasks[i].state = TASK_FAILED;
		tasks[i].status = STR("w");
		tasks[i].revision = 9;
	}
	must(store_put_tasks(store, tasks, 50, &err), &err);
	tasks[7].status = STR("other");
	must(store_put_tasks(store, tasks, 50, &err), &err);
	op.list.want_total = true;
	op.list.limit = 2;
	fixture_expect_rows(store, &op, 49, "0 1");
	must(store_each_task(store, count_task, &left, &err), &err);
	assert_int_equal(left, 950);
	left = 3;
	must(store_each_task(store, count_task, &left, &err), &err);
	assert_int_equal(left, 0);
	fixture_verify(store, 50);
}

static void import_can_keep_tasks_of_another_dialect(void **state)
{
	struct store *store = *state;
	struct task task = { .id = fixture_id(1),
		.tenant = STR("acme"),
		.dialect = DIALECT_B,
		.state = TASK_FAILED,
		.revision = 9 };
	struct store_task_batch batch = { .tasks = &task, .count = 1, .keep_foreign = true };
	struct err err = { 0 };

	fixture_create(store, 1, "new", "\"a\"");
	assert_fails(store_put_batch(store, &batch, &err), &err, ERR_CONFLICT);
	task.dialect = DIALECT_A;
	must(store_put_batch(store, &batch, &err), &err);
	fixture_verify(store, 1);
}

/* The entries of the replaced tasks are removed, those of another dialect and scope too. */
static void import_replaces_a_task_of_another_dialect(void **state)
{
	struct store *store = *state;
	struct task task = { .id = fixture_id(1),
		.tenant = STR("acme"),
		.dialect = DIALECT_B,
		.state = TASK_FAILED,
		.archived = true,
		.revision = 9 };
	struct op op = fixture_list(BY_STATUS, "new");
	struct err err = { 0 };

	fixture_create(store, 1, "new", "\"a\"");
	fixture_create(store, 2, "new", "\"a\"");
	must(store_put_tasks(store, &task, 1, &err), &err);
	fixture_expect_rows(store, &op, 0, "2");
	op = fixture_list(BY_ALL, NULL);
	op.dialect = DIALECT_B;
	op.list.scope = LIST_ARCHIVED;
	fixture_expect_rows(store, &op, 0, "1");
	fixture_verify(store, 2);
	task.archived = false;
	must(store_put_tasks(store, &task, 1, &err), &err);
	fixture_expect_rows(store, &op, 0, "");
	fixture_verify(store, 2);
}

struct planted {
	enum engine_table table;
	struct str key;
	const char *value;
};

static int step_plant(struct store *store, void *data, struct err *err)
{
	const struct planted *planted = data;

	(void)err;
	if (!planted->value)
		return store_del(store, planted->table, planted->key);
	return store_put(
		store, planted->table, planted->key, str_cstr(planted->value), ENGINE_REPLACE);
}

/* Writes a row without its index entries or task; value NULL removes it. */
static void plant(struct store *store, enum engine_table table, struct str key, const char *value)
{
	struct planted planted = { table, key, value };
	struct err err = { 0 };

	must(step_call(store, ENGINE_WRITE, step_plant, &planted, &err), &err);
}

static void verify_counts_differences_and_reindex_repairs(void **state)
{
	struct store *store = *state;
	struct op op = fixture_list(BY_STATUS, "new");
	struct store_report report;
	struct index_key key;
	struct err err = { 0 };
	struct result result = { 0 };
	struct op read = fixture_op(OP_READ, 2);

	for (unsigned i = 1; i <= 3; i++)
		fixture_create(store, i, "new", NULL);
	must(store_apply(store, &read, &result, &err), &err);
	assert_true(index_field_key(
		&key, &result.task, index_field_by_code(fixture_indexes, DIALECT_A, BY_STATUS)));
	store_result_free(&result);
	plant(store, TABLE_INDEX, key_str(&key), NULL);
	plant(store, TABLE_INDEX, STR("stray"), "x");
	key.bytes[key.len - 1] = 99; /* an entry of a task that does not exist */
	plant(store, TABLE_INDEX, key_str(&key), "0123456789abcdefgh");
	must(store_verify(store, NULL, &report, &err), &err);
	assert_int_equal(report.tasks, 3);
	assert_int_equal(report.missing_entries, 1);
	assert_int_equal(report.stray_entries, 2);
	assert_int_equal(report.index_entries, 3 * 5 - 1 + 2);
	fixture_expect_rows(store, &op, 0, "1 3");
	must(store_reindex(store, NULL, NULL, &err), &err);
	fixture_verify(store, 3);
	fixture_expect_rows(store, &op, 0, "1 2 3");
	fixture_create(store, 4, "new", NULL); /* the new index is kept up to date */
	fixture_expect_rows(store, &op, 0, "1 2 3 4");
	fixture_verify(store, 4);
}

static void unreadable_record_is_reported(void **state)
{
	struct store *store = *state;
	struct op op = fixture_op(OP_READ, 2);
	struct id id = fixture_id(2);
	struct store_report report;
	struct index_key key;
	struct err err = { 0 };
	unsigned left = 100;

	fixture_create(store, 1, "new", NULL);
	index_primary_key(&key, STR("acme"), &id);
	plant(store, row_table(store, &id), key_str(&key), "\x63garbage");
	must(store_verify(store, NULL, &report, &err), &err);
	assert_int_equal(report.unreadable_records, 1);
	assert_int_equal(report.tasks, 2);
	assert_int_equal(report.missing_entries + report.stray_entries, 0);
	expect_log("record-unreadable");
	assert_code(fixture_error(store, &op), ERR_INTERNAL);
	expect_log("record-unreadable");
	assert_false(store_each_task(store, count_task, &left, &err));
	must(store_reindex(store, NULL, NULL, &err), &err);
}

static void chores_run(void **state)
{
	struct store *store = *state;
	struct store_chore chore;
	struct err err = { 0 };
	bool more;

	fixture_create(store, 1, "new", NULL);
	must(store_checkpoint(store, false, NULL, &err), &err);
	for (size_t i = 0; store_chore(store, i, &chore); i++) {
		assert_true(chore.interval_ms > 0);
		must(store_run_chore(store, i, false, &more, &err), &err);
		must(store_run_chore(store, i, true, &more, &err), &err);
	}
}

/* ---- opening ---- */

static void store_opens_again_and_is_private(void **state)
{
	struct store_options options = fixture_options(STORE_RECOVER, "again");
	struct store_options join = fixture_options(STORE_ATTACH, "again");
	struct store *first, *second;
	struct err err = { 0 };
	struct op op = fixture_op(OP_READ, 1);
	struct stat info;
	char path[256];

	(void)state;
	assert_false(store_open(&second, &join, &err)); /* nothing to attach to */
	first = fixture_open(&options);
	fixture_create(first, 1, "new", NULL);
	second = fixture_open(&join);
	assert_code(fixture_error(second, &op), ERR_NONE);
	store_close(second);
	must(store_flush(first, &err), &err);
	store_close(first);
	first = fixture_open(&options);
	fixture_verify(first, 1);
	store_close(first);
	snprintf(path, sizeof(path), "%s/data/keys.db", options.home);
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);
	assert_int_equal(stat(options.home, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0700);
}

static void other_tables_rebuild_the_index(void **state)
{
	static const struct index_field fields[] = {
		{ .code = 9, .source = INDEX_STATUS, .name = "status" }, { 0 }
	};
	static const struct index_table tables[] = { { DIALECT_A, fields }, { 0, NULL } };
	struct store_options options = fixture_options(STORE_RECOVER, "tables");
	struct store_options join = fixture_options(STORE_ATTACH, "tables");
	struct op op = fixture_list(9, "new");
	struct store *store, *other;
	struct err err = { 0 };
	char path[256], rows[64];

	(void)state;
	store = fixture_open(&options);
	fixture_create(store, 1, "new", NULL);
	fixture_create(store, 2, "new", NULL);
	join.indexes = tables;
	assert_false(store_open(&other, &join, &err));
	assert_err(&err, ERR_INTERNAL);
	must(store_flush(store, &err), &err);
	store_close(store);
	options.indexes = tables;
	store = fixture_open(&options);
	fixture_rows(store, &op, rows, sizeof(rows));
	assert_string_equal(rows, "1 2");
	fixture_verify(store, 2);
	store_close(store);
	/* a removed index file is rebuilt */
	snprintf(path, sizeof(path), "%s/data/index.db", options.home);
	assert_int_equal(remove(path), 0);
	store = fixture_open(&options);
	fixture_verify(store, 2);
	store_close(store);
}

/* Berkeley DB, whose writes of index entries fail after some of them. */
static struct engine_ops interrupted;
static unsigned entries_left;
static bool meta_readable;

static enum engine_status interrupted_open(
	struct engine **engine, const struct engine_options *options)
{
	enum engine_status status = bdb_engine_ops.open(engine, options);

	if (status == ENGINE_OK)
		(*engine)->ops = &interrupted;
	return status;
}

static enum engine_status interrupted_put(struct engine *engine, enum engine_table table,
	struct str key, struct str value, enum engine_put how)
{
	if (table == TABLE_INDEX && entries_left-- == 0)
		return ENGINE_FULL;
	return bdb_engine_ops.put(engine, table, key, value, how);
}

static enum engine_status interrupted_get(struct engine *engine, enum engine_table table,
	struct str key, bool for_update, struct buf *out)
{
	if (table == TABLE_META && !meta_readable)
		return ENGINE_FULL;
	return bdb_engine_ops.get(engine, table, key, for_update, out);
}

/* Removes the index, is interrupted while it is rebuilt, and opens the store again. */
static void interrupt_rebuild(struct store_options options, uint64_t tasks)
{
	struct store *store;
	struct err err = { 0 };
	char path[256];

	snprintf(path, sizeof(path), "%s/data/index.db", options.home);
	assert_int_equal(remove(path), 0);
	options.engine = &interrupted;
	assert_false(store_open(&store, &options, &err));
	assert_err(&err, ERR_DISK_FULL);
	options.engine = NULL;
	store = fixture_open(&options);
	fixture_verify(store, tasks);
	must(store_flush(store, &err), &err);
	store_close(store);
}

static void interrupted_rebuild_of_a_removed_index_is_repeated(void **state)
{
	enum { TASKS = 600 };
	struct store_options options = fixture_options(STORE_RECOVER, "interrupted");
	struct store *store = fixture_open(&options);
	struct err err = { 0 };

	(void)state;
	/* On a busy machine, too, the open that is not interrupted ends the rebuild. */
	options.build_ms = 60000;
	for (unsigned i = 1; i <= TASKS; i++)
		fixture_create(store, i, "new", NULL);
	must(store_flush(store, &err), &err);
	store_close(store);
	interrupted = bdb_engine_ops;
	interrupted.open = interrupted_open;
	interrupted.put = interrupted_put;
	interrupted.get = interrupted_get;
	/* between the creation of the table and the first transaction */
	meta_readable = false;
	interrupt_rebuild(options, TASKS);
	/* after some of the transactions that fill it */
	meta_readable = true;
	entries_left = 2 * TASKS;
	interrupt_rebuild(options, TASKS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(import_replaces_and_export_has_all),
		ON_EVERY_ENGINE(import_can_keep_tasks_of_another_dialect),
		ON_EVERY_ENGINE(import_replaces_a_task_of_another_dialect),
		ON_ONE_MACHINE(verify_counts_differences_and_reindex_repairs),
		ON_EVERY_ENGINE(unreadable_record_is_reported),
		ON_EVERY_ENGINE(chores_run),
		CHECK(store_opens_again_and_is_private),
		CHECK(other_tables_rebuild_the_index),
		CHECK(interrupted_rebuild_of_a_removed_index_is_repeated),
	};

	return CHECK_RUN(tests);
}
