/* Compaction of the index: fewer pages, the same entries, alone and beside writers. */
#include <stdlib.h>
#include <sys/wait.h>

#include "store/bdb/bdb.h"
#include "store/crowd.h"
#include "store/internal.h"

#define TASKS  7000 /* 28,000 entries */
#define PASSES 3

static uint64_t used_pages(struct store *store)
{
	DB *db = bdb_of(store->engine)->tables[TABLE_INDEX];
	DB_BTREE_STAT *stat;
	uint64_t pages;

	assert_int_equal(db->stat(db, NULL, &stat, 0), 0);
	pages = stat->bt_leaf_pg + stat->bt_int_pg;
	free(stat);
	return pages;
}

static struct store *open_filled(const char *name)
{
	struct store *store = crowd_recover(name);

	for (unsigned i = 0; i < TASKS; i++)
		fixture_create(store, i, i % 3 ? "new" : "done", "\"a\"");
	return store;
}

/* Returns the number of slices. */
static unsigned run_pass(struct store *store, bool low_space)
{
	unsigned slices = 0;
	bool more = true;

	for (; more; slices++) {
		more = false;
		assert_int_equal(bdb_compact_chore(store->engine, low_space, &more), ENGINE_OK);
	}
	return slices;
}

/* As if enough transactions had committed. */
static void make_due(struct store *store)
{
	bdb_of(store->engine)->compaction = (struct bdb_compaction){ .commits = 0 -
										UINT64_C(1000000) };
}

static void half_empty_pages_are_merged(void **state)
{
	struct store *store = open_filled("merged");
	uint64_t before = used_pages(store);

	(void)state;
	make_due(store);
	assert_true(run_pass(store, false) > TASKS * 4 / 1000);
	assert_true(used_pages(store) * 10 < before * 7);
	assert_int_equal(run_pass(store, false), 1); /* nothing has changed */
	fixture_verify(store, TASKS);
	store_close(store);
}

static void nothing_is_written_while_the_disk_is_nearly_full(void **state)
{
	struct store *store = open_filled("low");
	uint64_t before = used_pages(store);

	(void)state;
	make_due(store);
	assert_int_equal(run_pass(store, true), 1);
	assert_int_equal(used_pages(store), before);
	store_close(store);
}

/* Removes and creates the tasks of its number modulo 2. */
static void churn_for_ever(struct store *store, unsigned number)
{
	for (unsigned n = number;; n = (n + 2) % TASKS) {
		struct op op = fixture_op(OP_REMOVE, n);
		struct err err = { 0 };

		if (!crowd_apply(store, &op, &err) && err.code != ERR_BUSY &&
			err.code != ERR_NOT_FOUND)
			_exit(91);
		op = fixture_op(OP_CREATE, n);
		err.code = ERR_NONE;
		op.change.state = TASK_PENDING;
		op.change.status = STR("again");
		if (!crowd_apply(store, &op, &err) && err.code != ERR_BUSY &&
			err.code != ERR_CONFLICT)
			_exit(92);
		crowd->written[number]++;
		crowd->busy += err.code == ERR_BUSY;
	}
}

static void writers_and_compaction_do_not_disturb_each_other(void **state)
{
	struct store *store = open_filled("beside");
	struct store_report report;
	struct err err = { 0 };
	pid_t pids[2];

	(void)state;
	for (unsigned i = 0; i < 2; i++)
		pids[i] = crowd_start(churn_for_ever, i);
	for (unsigned i = 0; i < 2; i++)
		crowd_wait(&crowd->written[i], 100);
	for (int i = 0; i < PASSES; i++) {
		make_due(store);
		run_pass(store, false);
	}
	for (unsigned i = 0; i < 2; i++)
		crowd_wait(&crowd->written[i], 1000);
	print_message("# %u and %u changes, %u busy\n", crowd->written[0], crowd->written[1],
		crowd->busy);
	/* Before the writers die: a mutex that they held is never released. */
	store_close(store);
	crowd_stop(pids, 2);
	store = crowd_recover("beside");
	must(store_verify(store, NULL, &report, &err), &err);
	assert_int_equal(report.missing_entries, 0);
	assert_int_equal(report.stray_entries, 0);
	/* A busy creation leaves its task removed, and so may the death of each writer. */
	assert_true(report.tasks + crowd->busy + 2 >= TASKS);
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CROWD(half_empty_pages_are_merged),
		WITH_CROWD(nothing_is_written_while_the_disk_is_nearly_full),
		WITH_CROWD(writers_and_compaction_do_not_disturb_each_other),
	};

	return CHECK_RUN(tests);
}
