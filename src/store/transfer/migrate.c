#include "store/tasks/walk.h"

#define TASKS_PER_COMMIT       256
#define COMMITS_PER_CHECKPOINT 64

/*
 * Copies the table of older builds, row by row; index entries do not change. A migration that was
 * interrupted starts again: rows that were copied before are written once more. The old table is
 * removed when all copies are on disk.
 */
struct migration {
	struct walk walk;
	off_t place; /* in walk.keys, of the first task that is not committed */
	uint64_t tasks;
	unsigned in_step; /* tasks in the current transaction */
	struct buf record;
	bool end;
};

static int copy_row(struct store *store, struct migration *migration, const struct index_key *key)
{
	int rc;

	buf_reset(&migration->record);
	rc = store_get(store, TABLE_OLD_TASKS, key_str(key), false, &migration->record);
	if (rc != 0)
		return rc;
	return store_put(store, row_table_of_key(store, key), key_str(key),
		buf_str(&migration->record), ENGINE_REPLACE);
}

static int step_migrate(struct store *store, void *data, struct err *err)
{
	struct migration *migration = data;
	struct index_key key;
	int rc = 0;

	(void)err;
	if (fseeko(migration->walk.keys, migration->place, SEEK_SET) != 0)
		return ENGINE_FULL;
	for (migration->in_step = 0; rc == 0 && migration->in_step < TASKS_PER_COMMIT;
		migration->in_step++) {
		migration->end = !walk_next(&migration->walk, &key);
		if (migration->end)
			break;
		rc = copy_row(store, migration, &key);
	}
	return rc;
}

static bool copy_all(struct store *store, struct migration *migration,
	const struct store_progress *progress, struct err *err)
{
	bool ok = true;

	for (unsigned i = 1; ok && !migration->end; i++) {
		store_show_progress(progress, migration->tasks, migration->walk.count);
		ok = step_run_write(store, STR(""), step_migrate, migration, err);
		migration->place = ftello(migration->walk.keys);
		migration->tasks += migration->in_step;
		if (ok && i % COMMITS_PER_CHECKPOINT == 0)
			ok = store_checkpoint(store, true, NULL, err);
	}
	return ok && walk_ended(&migration->walk, err);
}

static bool remove_old(struct store *store, struct err *err)
{
	enum engine_status status = store->engine->ops->clear(store->engine, TABLE_OLD_TASKS);

	return status == ENGINE_OK || store_fail(store, (int)status, err);
}

bool store_migrate(struct store *store, const struct store_progress *progress, uint64_t *tasks,
	struct err *err)
{
	struct migration migration = { 0 };
	bool ok;

	if (!walk_open_old(store, &migration.walk, err))
		return false;
	store_enter(store);
	ok = walk_refuse_damaged(&migration.walk, "nothing was changed, restore a backup", err) &&
	     copy_all(store, &migration, progress, err) && store_flush(store, err) &&
	     store_checkpoint(store, false, NULL, err) && remove_old(store, err) &&
	     store_checkpoint(store, true, NULL, err);
	store_leave(store);
	walk_close(&migration.walk);
	buf_free(&migration.record);
	if (ok)
		*tasks = migration.tasks;
	return ok;
}
