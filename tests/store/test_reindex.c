/* The index is built again in slices while tasks are read and written. */
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "crowd.h"
#include "store/reindex.h"

enum { TASKS = 400, SLICE_US = 500 };

/* ---- a store whose index is not built yet ---- */

static struct store_options options_without_build(const char *name)
{
	struct store_options options = fixture_options(STORE_RECOVER, name);

	options.build_ms = -1;
	return options;
}

static void create_tasks(struct store *store, unsigned first, unsigned count)
{
	struct err err = { 0 };

	for (unsigned i = first; i < first + count; i++)
		fixture_create(store, i, i % 3 ? "new" : "done", i % 2 ? "\"a\"" : NULL);
	must(store_flush(store, &err), &err);
}

static void remove_index(const struct store_options *options)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/data/index.db", options->home);
	assert_int_equal(remove(path), 0);
}

/* A store of TASKS tasks in a folder of that name whose index file was removed. */
static struct store *open_without_index(const char *name)
{
	struct store_options options = options_without_build(name);
	struct store *store = fixture_open(&options);

	create_tasks(store, 1, TASKS);
	store_close(store);
	remove_index(&options);
	return fixture_open(&options);
}

/* Runs a slice; returns false when the index is complete. */
static bool build_some(struct store *store)
{
	struct err err = { 0 };
	bool more;

	must(rebuild_run(store, clock_mono_us() + SLICE_US, &more, &err), &err);
	assert_int_equal(more, !store_index_is_complete(store));
	return more;
}

static void build_all(struct store *store)
{
	while (build_some(store))
		;
}

/* Fails unless the operation is refused because of the index. */
static void expect_refused(struct store *store, const struct op *op)
{
	struct result result = { 0 };
	struct err err = { 0 };

	assert_fails(store_apply(store, op, &result, &err), &err, ERR_REBUILDING);
	assert_non_null(strstr(err.text, "The index is being rebuilt ("));
	assert_in_range(err.retry_after, 1, 60);
}

/* ---- tests ---- */

static void operations_that_need_the_index_are_refused(void **state)
{
	struct store *store = open_without_index("refused");
	struct op list = fixture_list(BY_ALL, NULL), read = fixture_op(OP_READ, 1);
	struct op create = fixture_op(OP_CREATE, TASKS + 1), limited = create;
	struct op update = fixture_op(OP_UPDATE, 1), remove = fixture_op(OP_REMOVE, 2);
	struct op cascade = fixture_op(OP_REMOVE, 3), numbered = fixture_op(OP_READ, 1);
	struct store_report report;
	struct err err = { 0 };

	(void)state;
	limited.quota.max_tasks = 1;
	cascade.dependents.field = BY_TYPE;
	numbered.number = 7;
	assert_false(store_index_is_complete(store));
	expect_refused(store, &list);
	expect_refused(store, &limited);
	expect_refused(store, &cascade);
	expect_refused(store, &numbered);
	assert_fails(store_verify(store, &report, &err), &err, ERR_REBUILDING);
	assert_code(fixture_error(store, &read), ERR_NONE);
	assert_code(fixture_error(store, &create), ERR_NONE);
	assert_code(fixture_error(store, &update), ERR_NONE);
	assert_code(fixture_error(store, &remove), ERR_NONE);
	build_all(store);
	fixture_verify(store, TASKS);
	assert_code(fixture_error(store, &list), ERR_NONE);
	store_close(store);
}

static void small_index_is_built_by_the_recovery(void **state)
{
	struct store_options options = fixture_options(STORE_RECOVER, "small");
	struct store *store = open_without_index("small");

	(void)state;
	store_close(store);
	store = fixture_open(&options);
	assert_true(store_index_is_complete(store));
	fixture_verify(store, TASKS);
	store_close(store);
}

/* The file has entries of some tasks after each close, and is complete in the end. */
static void interrupted_build_goes_on(void **state)
{
	struct store_options options = options_without_build("resumed");
	struct store *store = open_without_index("resumed");
	uint64_t entries, before = 0;
	unsigned slices = 0;

	(void)state;
	while (slices < 70 && build_some(store)) {
		assert_int_equal(index_count(store, &entries), 0);
		assert_true(entries >= before);
		before = entries;
		if (++slices % 7 != 0)
			continue;
		/* The commits are not counted, so store_flush() has nothing to do. */
		assert_int_equal(store->engine->ops->flush(store->engine), ENGINE_OK);
		store_close(store);
		store = fixture_open(&options);
		assert_false(store_index_is_complete(store));
		assert_int_equal(index_count(store, &entries), 0);
		assert_int_equal(entries, before);
	}
	build_all(store);
	fixture_verify(store, TASKS);
	store_close(store);
	store = fixture_open(&options);
	assert_true(store_index_is_complete(store));
	store_close(store);
}

/* Kills a process that builds after some slices; returns false if it was complete before. */
static bool kill_while_building(const struct store_options *options, unsigned slices)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct store *store = fixture_open(options);

		for (unsigned i = 0; i < slices; i++) {
			if (!build_some(store))
				_exit(7);
		}
		kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status);
}

static void killed_build_goes_on(void **state)
{
	struct store_options options = options_without_build("killed");
	struct store *store = open_without_index("killed");
	unsigned slices = 1;

	(void)state;
	store_close(store);
	while (kill_while_building(&options, slices))
		slices += 3;
	store = fixture_open(&options);
	build_all(store);
	fixture_verify(store, TASKS);
	store_close(store);
}

/*
 * A writer between the slices: creates, moves entries, removes and archives. While keys are copied
 * only other processes may write.
 */
static void write_between_slices(struct store *store, unsigned round)
{
	unsigned old = round * 37 % TASKS + 1;
	struct op update = fixture_op(OP_UPDATE, old), archive = fixture_op(OP_ARCHIVE, old + 1);
	struct op remove = fixture_op(OP_REMOVE, old + 2);

	if (store->rebuild && store->rebuild->walk.place)
		return;
	fixture_create(store, 10000 + round, "new", NULL);
	update.now = 5000 + round;
	update.change.status = round % 2 ? STR("done") : STR("failed");
	fixture_error(store, &update);
	archive.now = 5000 + round;
	fixture_error(store, &archive);
	fixture_error(store, &remove);
}

static unsigned count_tasks;

static bool count_task(const struct task *task, void *data)
{
	(void)task, (void)data;
	count_tasks++;
	return true;
}

static void writers_during_the_build_keep_the_index_right(void **state)
{
	struct store *store = open_without_index("writers");
	struct err err = { 0 };
	unsigned round = 0;

	(void)state;
	do
		write_between_slices(store, round++);
	while (build_some(store));
	count_tasks = 0;
	must(store_each_task(store, count_task, NULL, &err), &err);
	fixture_verify(store, count_tasks);
	store_close(store);
}

/* ---- several processes ---- */

static void write_for_ever(struct store *store, unsigned writer)
{
	for (unsigned n = 0;; n++) {
		struct op create = fixture_op(OP_CREATE, 100000 * (writer + 1) + n);
		struct op update = fixture_op(OP_UPDATE, (n * 7 + writer) % TASKS + 1);
		struct op remove = fixture_op(OP_REMOVE, 100000 * (writer + 1) + n / 2);
		struct err err;

		create.change.state = TASK_PENDING;
		create.change.status = STR("new");
		update.now = 5000 + n;
		update.change.status = n % 2 ? STR("done") : STR("failed");
		if ((!crowd_apply(store, &create, &err) && err.code != ERR_BUSY) ||
			(!crowd_apply(store, &update, &err) && err.code != ERR_BUSY) ||
			(!crowd_apply(store, &remove, &err) && err.code != ERR_BUSY &&
				err.code != ERR_NOT_FOUND))
			_exit(96);
		crowd->good++;
	}
}

static void writers_of_other_processes_do_not_wait(void **state)
{
	pid_t pids[WRITERS];
	struct store *store;
	struct err err = { 0 };

	(void)state;
	store = crowd_recover("crowd");
	create_tasks(store, 1, TASKS);
	store_close(store);
	remove_index(&crowd_options);
	crowd_options.build_ms = -1;
	health_reset(&crowd->store.health);
	store = fixture_open(&crowd_options);
	for (unsigned i = 0; i < WRITERS; i++)
		pids[i] = crowd_start(write_for_ever, i);
	crowd_wait(&crowd->good, 200);
	assert_false(store_index_is_complete(store));
	while (!store_index_is_complete(store)) {
		bool more;

		if (!rebuild_run(store, clock_mono_us() + SLICE_US, &more, &err))
			assert_err(&err, ERR_BUSY);
	}
	crowd_wait(&crowd->good, crowd->good + 200);
	crowd_stop(pids, WRITERS);
	store_close(store);
	store = crowd_recover("crowd");
	assert_true(store_index_is_complete(store));
	count_tasks = 0;
	must(store_each_task(store, count_task, NULL, &err), &err);
	fixture_verify(store, count_tasks);
	store_close(store);
}

/* ---- verification ---- */

static struct index_key entry_of(const struct store *store, unsigned number)
{
	struct id id = fixture_id(number);
	struct index_key keys[INDEX_KEYS_MAX];
	struct task task = { .id = id, .tenant = STR("acme"), .dialect = DIALECT_A };

	index_all_keys(keys, &task, store->indexes);
	return keys[0];
}

static int step_put_stray(struct store *store, void *data, struct err *err)
{
	const struct index_key *key = data;

	(void)err;
	return store_put(store, TABLE_INDEX, key_str(key), STR(""), ENGINE_REPLACE);
}

/* An entry of no task is found, named in the log and removed. */
static void verification_removes_stray_entries(void **state)
{
	struct store *store = open_without_index("stray");
	struct index_key key = entry_of(store, TASKS + 1);
	struct err err = { 0 };

	(void)state;
	must(step_run(store, ENGINE_WRITE, step_put_stray, &key, &err), &err);
	expect_log("reindex");
	build_all(store);
	fixture_verify(store, TASKS);
	store_close(store);
}

/* ---- damage and demand ---- */

static struct engine_ops damaged;
static bool is_damaged;

static enum engine_status damaged_scan(struct engine *engine, enum engine_table table,
	const struct engine_range *range, bool reverse, size_t limit, struct engine_batch *batch)
{
	if (is_damaged && table == TABLE_INDEX)
		return ENGINE_DAMAGED;
	return bdb_engine_ops.scan(engine, table, range, reverse, limit, batch);
}

static void run_index_chore(struct store *store, enum err_code code)
{
	struct store_chore chore;
	struct err err = { 0 };
	bool more = false;

	for (size_t i = 0; store_chore(store, i, &chore); i++) {
		if (strcmp(chore.name, "index") != 0)
			continue;
		assert_int_equal(store_run_chore(store, i, false, &more, &err), code == ERR_NONE);
		assert_code(err.code, code);
		return;
	}
	fail();
}

/* A damaged page of the index ends the keeper; the recovery replaces the file. */
static void damaged_index_is_replaced(void **state)
{
	struct store_options options = fixture_options(STORE_RECOVER, "damaged");
	struct op list = fixture_list(BY_STATUS, "new");
	struct store *store = fixture_open(&options);
	struct op read = fixture_op(OP_READ, 1);

	(void)state;
	create_tasks(store, 1, TASKS);
	damaged = bdb_engine_ops;
	damaged.scan = damaged_scan;
	store->engine->ops = &damaged;
	is_damaged = true;
	expect_refused(store, &list);
	is_damaged = false;
	expect_refused(store, &list);
	assert_code(fixture_error(store, &read), ERR_NONE);
	run_index_chore(store, ERR_PANIC);
	store_close(store);
	options.build_ms = -1;
	store = fixture_open(&options);
	expect_refused(store, &list);
	build_all(store);
	fixture_verify(store, TASKS);
	run_index_chore(store, ERR_NONE);
	store_close(store);
}

static unsigned shown;

static void show(unsigned percent, void *data)
{
	(void)data;
	assert_in_range(percent, 0, 100);
	shown++;
}

static void reindex_builds_alone_and_asks_the_keeper_otherwise(void **state)
{
	struct store_options options = fixture_options(STORE_RECOVER, "demand");
	struct store_options join = fixture_options(STORE_ATTACH, "demand");
	struct store_shared shared = { 0 };
	struct store *store, *joined;
	struct err err = { 0 };

	(void)state;
	options.shared = join.shared = &shared;
	store = fixture_open(&options);
	create_tasks(store, 1, TASKS);
	must(store_reindex(store, show, NULL, &err), &err);
	assert_true(shown > 0);
	fixture_verify(store, TASKS);
	joined = fixture_open(&join);
	must(store_reindex(joined, NULL, NULL, &err), &err);
	assert_false(store_index_is_complete(store));
	store_close(joined);
	run_index_chore(store, ERR_PANIC);
	store_close(store);
	options.shared = NULL;
	store = fixture_open(&options);
	fixture_verify(store, TASKS);
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(operations_that_need_the_index_are_refused),
		CHECK(small_index_is_built_by_the_recovery),
		CHECK(interrupted_build_goes_on),
		CHECK(killed_build_goes_on),
		CHECK(writers_during_the_build_keep_the_index_right),
		WITH_CROWD(writers_of_other_processes_do_not_wait),
		CHECK(verification_removes_stray_entries),
		CHECK(damaged_index_is_replaced),
		CHECK(reindex_builds_alone_and_asks_the_keeper_otherwise),
	};

	return CHECK_RUN(tests);
}
