/* The index is built again in slices while tasks are read and written. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "crowd.h"
#include "reindex_fixture.h"
#include "store/index/reindex.h"

static void operations_that_need_the_index_are_refused(void **state)
{
	struct store *store = reindex_open_without_index("refused");
	struct op list = fixture_list(BY_ALL, NULL), read = fixture_op(OP_READ, 1);
	struct op create = fixture_op(OP_CREATE, REINDEX_TASKS + 1), limited = create;
	struct op update = fixture_op(OP_UPDATE, 1), remove = fixture_op(OP_REMOVE, 2);
	struct op cascade = fixture_op(OP_REMOVE, 3), numbered = fixture_op(OP_READ, 1);
	struct store_report report;
	struct err err = { 0 };

	(void)state;
	limited.quota.max_tasks = 1;
	cascade.dependents.field = BY_TYPE;
	numbered.number = 7;
	assert_false(store_index_is_complete(store));
	reindex_expect_refused(store, &list);
	reindex_expect_refused(store, &limited);
	reindex_expect_refused(store, &cascade);
	reindex_expect_refused(store, &numbered);
	assert_fails(store_verify(store, NULL, &report, &err), &err, ERR_REBUILDING);
	assert_code(fixture_error(store, &read), ERR_NONE);
	assert_code(fixture_error(store, &create), ERR_NONE);
	assert_code(fixture_error(store, &update), ERR_NONE);
	assert_code(fixture_error(store, &remove), ERR_NONE);
	reindex_build_all(store);
	fixture_verify(store, REINDEX_TASKS);
	assert_code(fixture_error(store, &list), ERR_NONE);
	store_close(store);
}

static void small_index_is_built_by_the_recovery(void **state)
{
	struct store_options options = fixture_options(STORE_RECOVER, "small");
	struct store *store = reindex_open_without_index("small");

	(void)state;
	store_close(store);
	store = fixture_open(&options);
	assert_true(store_index_is_complete(store));
	fixture_verify(store, REINDEX_TASKS);
	store_close(store);
}

/* The file has entries of some tasks after each close, and is complete in the end. */
static void interrupted_build_goes_on(void **state)
{
	struct store_options options = reindex_options_without_build("resumed");
	struct store *store = reindex_open_without_index("resumed");
	uint64_t entries, before = 0;
	unsigned slices = 0;

	(void)state;
	while (slices < 70 && reindex_build_some(store)) {
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
	reindex_build_all(store);
	fixture_verify(store, REINDEX_TASKS);
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
			if (!reindex_build_some(store))
				_exit(7);
		}
		kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status);
}

static void killed_build_goes_on(void **state)
{
	struct store_options options = reindex_options_without_build("killed");
	struct store *store = reindex_open_without_index("killed");
	unsigned slices = 1;

	(void)state;
	store_close(store);
	while (kill_while_building(&options, slices))
		slices += 3;
	store = fixture_open(&options);
	reindex_build_all(store);
	fixture_verify(store, REINDEX_TASKS);
	store_close(store);
}

/* A writer between the slices: creates, moves entries, removes and archives. */
static void write_between_slices(struct store *store, unsigned round)
{
	unsigned old = round * 37 % REINDEX_TASKS + 1;
	struct op update = fixture_op(OP_UPDATE, old), archive = fixture_op(OP_ARCHIVE, old + 1);
	struct op remove = fixture_op(OP_REMOVE, old + 2);

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
	struct store *store = reindex_open_without_index("writers");
	struct err err = { 0 };
	unsigned round = 0;

	(void)state;
	do
		write_between_slices(store, round++);
	while (reindex_build_some(store));
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
		struct op update = fixture_op(OP_UPDATE, (n * 7 + writer) % REINDEX_TASKS + 1);
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
	reindex_create_tasks(store, 1, REINDEX_TASKS);
	store_close(store);
	reindex_remove_index(&crowd_options);
	crowd_options.build_ms = -1;
	health_reset(&crowd->store.health);
	store = fixture_open(&crowd_options);
	for (unsigned i = 0; i < WRITERS; i++)
		pids[i] = crowd_start(write_for_ever, i);
	crowd_wait(&crowd->good, 200);
	assert_false(store_index_is_complete(store));
	while (!store_index_is_complete(store)) {
		bool more;

		if (!rebuild_run(store, clock_mono_us() + REINDEX_SLICE_US, &more, &err))
			assert_err(&err, ERR_BUSY);
	}
	crowd_wait(&crowd->good, crowd->good + 200);
	/* Before the writers die: a mutex that they held is never released. */
	store_close(store);
	crowd_stop(pids, WRITERS);
	store = crowd_recover("crowd");
	assert_true(store_index_is_complete(store));
	count_tasks = 0;
	must(store_each_task(store, count_task, NULL, &err), &err);
	fixture_verify(store, count_tasks);
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
	};

	return CHECK_RUN(tests);
}
