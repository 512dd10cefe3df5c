/* A store of an older build: all tasks in data/tasks.db, with libdb's own hash function. */
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/fixture.h"
#include "store/internal.h"

#define TASKS 600

static struct store_options options_of(const char *name, bool migrate)
{
	struct store_options options = fixture_options(STORE_RECOVER, name);

	options.migrate = migrate;
	return options;
}

static void make_path(char path[256], const char *name, const char *file)
{
	snprintf(path, 256, "%s/%s/home/data/%s", check_temp_dir(), name, file);
}

static enum engine_table table_of(const struct store *store, unsigned number)
{
	struct id id = fixture_id(number);

	return row_table(store, &id);
}

/* The table of named tasks has the form that the table of older builds had. */
static void make_old_home(const char *name)
{
	struct store_options options = options_of(name, false);
	struct store *store = fixture_open(&options);
	char from[256], to[256];
	struct err err = { 0 };

	/* Under a random secret one id in 65,536 would be taken for one with a serial number. */
	store->engine->secret = (struct id_secret){ { 0 } };
	for (unsigned i = 0; i < TASKS; i++) {
		fixture_create(store, i, i % 2 ? "new" : "done", "\"a\"");
		assert_int_equal(table_of(store, i), TABLE_NAMED_TASKS);
	}
	must(store_checkpoint(store, true, NULL, &err), &err);
	store_close(store);
	make_path(from, name, "named.db");
	make_path(to, name, "tasks.db");
	assert_int_equal(rename(from, to), 0);
	make_path(from, name, "tasks2.db");
	assert_int_equal(unlink(from), 0);
}

static void check_refused(const char *name)
{
	struct store_options options = options_of(name, false);
	struct store *store;
	struct err err = { 0 };

	assert_fails(store_open(&store, &options, &err), &err, ERR_INTERNAL);
	assert_non_null(strstr(err_text(&err), "run `polytaskctl migrate`"));
	assert_fails(store_check_home(options.home, &err), &err, ERR_CONFLICT);
	assert_non_null(strstr(err_text(&err), "run `polytaskctl migrate`"));
}

static void check_migrated(const char *name)
{
	struct store_options options = options_of(name, false);
	struct store *store = fixture_open(&options);
	struct op op = fixture_list(BY_STATUS, "done");
	struct err err = { 0 };
	char path[256], rows[4096];

	must(store_check_home(options.home, &err), &err);
	make_path(path, name, "tasks.db");
	assert_int_not_equal(access(path, F_OK), 0);
	fixture_verify(store, TASKS);
	fixture_rows(store, &op, rows, sizeof(rows));
	assert_int_equal(memcmp(rows, "0 2 4 6 8 10 ", 13), 0);
	for (unsigned i = 0; i < TASKS; i++) {
		op = fixture_op(OP_READ, i);
		assert_code(fixture_error(store, &op), ERR_NONE);
	}
	store_close(store);
}

static void show(uint64_t done, uint64_t total, void *data)
{
	assert_in_range(done, 0, total);
	*(uint64_t *)data = total;
}

static uint64_t migrate(const char *name)
{
	uint64_t shown = 0;
	const struct store_progress progress = { show, &shown };
	struct store_options options = options_of(name, true);
	struct store *store = fixture_open(&options);
	struct err err = { 0 };
	uint64_t tasks = UINT64_MAX;

	must(store_migrate(store, &progress, &tasks, &err), &err);
	assert_in_range(shown, tasks, TASKS);
	store_close(store);
	return tasks;
}

static void every_task_is_migrated(void **state)
{
	(void)state;
	make_old_home("whole");
	check_refused("whole");
	assert_int_equal(migrate("whole"), TASKS);
	check_migrated("whole");
	assert_int_equal(migrate("whole"), 0);
	check_migrated("whole");
}

static void new_store_needs_no_migration(void **state)
{
	struct store_options options = options_of("new", false);
	struct err err = { 0 };

	(void)state;
	must(store_check_home(options.home, &err), &err);
	store_close(fixture_open(&options));
	assert_int_equal(migrate("new"), 0);
}

/* ---- interrupted ---- */

static struct engine_ops dying;
static unsigned calls_left;

static void count_call(void)
{
	if (calls_left-- == 0)
		raise(SIGKILL);
}

static enum engine_status put(struct engine *engine, enum engine_table table, struct str key,
	struct str value, enum engine_put how)
{
	count_call();
	return bdb_engine_ops.put(engine, table, key, value, how);
}

static enum engine_status commit(struct engine *engine)
{
	count_call();
	return bdb_engine_ops.commit(engine);
}

static enum engine_status flush(struct engine *engine)
{
	count_call();
	return bdb_engine_ops.flush(engine);
}

static enum engine_status checkpoint(struct engine *engine, bool trim, unsigned *removed)
{
	enum engine_status status;

	count_call();
	status = bdb_engine_ops.checkpoint(engine, trim, removed);
	count_call();
	return status;
}

static enum engine_status clear(struct engine *engine, enum engine_table table)
{
	enum engine_status status;

	count_call();
	status = bdb_engine_ops.clear(engine, table);
	count_call();
	return status;
}

static void migrate_until_killed(const char *name, unsigned calls)
{
	struct store_options options = options_of(name, true);
	struct store *store;
	struct err err = { 0 };
	uint64_t tasks;

	dying = bdb_engine_ops;
	dying.put = put;
	dying.commit = commit;
	dying.flush = flush;
	dying.checkpoint = checkpoint;
	dying.clear = clear;
	calls_left = calls;
	if (!store_open(&store, &options, &err))
		_exit(1);
	store->engine->ops = &dying;
	_exit(store_migrate(store, NULL, &tasks, &err) ? 0 : 1);
}

/* Returns whether the migration was killed before its end. */
static bool interrupt(const char *name, unsigned calls)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0)
		migrate_until_killed(name, calls);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status))
		return true;
	assert_int_equal(status, 0);
	return false;
}

/* TASKS puts in three commits, then the calls at the end, each of which is the last one once. */
static void interrupted_migration_is_started_again(void **state)
{
	static const unsigned points[] = { 0, 1, 255, 256, 257, 400, 513, 514, 601, 602, 603, 604,
		605, 606, 607, 608, 609, 610 };
	bool killed = true;
	unsigned kills = 0;

	(void)state;
	for (size_t i = 0; killed && i < sizeof(points) / sizeof(points[0]); i++) {
		char name[32];

		snprintf(name, sizeof(name), "killed%u", points[i]);
		make_old_home(name);
		killed = interrupt(name, points[i]);
		kills += killed;
		migrate(name);
		check_migrated(name);
	}
	assert_false(killed);
	assert_true(kills > 12);
}

static void migration_killed_again_and_again_ends(void **state)
{
	unsigned calls = 100;

	(void)state;
	make_old_home("again");
	while (interrupt("again", calls))
		calls += 100;
	check_migrated("again");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(every_task_is_migrated),
		CHECK(new_store_needs_no_migration),
		CHECK(interrupted_migration_is_started_again),
		CHECK(migration_killed_again_and_again_ends),
	};

	return CHECK_RUN(tests);
}
