#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/bdb/bdb.h"

/*
 * Compaction of the index. Each group of its keys grows in the middle of the tree, where libdb
 * splits a full page into halves: half of the space would stay empty, and pages that lose only
 * some of their keys are never used again. So pages with too few keys are merged with the next
 * one, and the pages set free are used for later keys.
 *
 * One pass over the tree when enough transactions have committed since the last one. A slice is a
 * range of record numbers: insertions during a pass shift the range, and are left to the next pass.
 */
#define FILL_PERCENT  90
#define SLICE_ENTRIES 1000
#define SLICE_WAIT_US 20000 /* for a lock */
/* Fewer entries are not worth a pass. */
#define ENTRIES_MIN 20000
/*
 * A pass after half as many transactions as there are tasks, of about three entries each: while
 * tasks are only created, at each doubling.
 */
#define ENTRIES_PER_COMMIT 6

static int count_commits(struct bdb *bdb, uint64_t *commits)
{
	DB_TXN_STAT *stat;
	int rc = bdb->env->txn_stat(bdb->env, &stat, 0);

	if (rc != 0)
		return rc;
	*commits = stat->st_ncommits;
	free(stat);
	return 0;
}

/* Sets *due and starts a pass if enough transactions have committed since the last one. */
static enum engine_status is_due(struct bdb *bdb, bool *due)
{
	struct engine_range all = { .from = STR("") };
	uint64_t commits, entries;
	enum engine_status status = bdb_count(&bdb->engine, TABLE_INDEX, &all, &entries);
	int rc;

	if (status != ENGINE_OK)
		return status;
	rc = count_commits(bdb, &commits);
	*due = rc == 0 && entries >= ENTRIES_MIN &&
	       commits - bdb->compaction.commits >= entries / ENTRIES_PER_COMMIT;
	if (*due)
		bdb->compaction = (struct bdb_compaction){ .running = true, .commits = commits };
	return bdb_status(bdb, rc, "compaction");
}

/* Appends the key of that number; *end past the last. */
static enum engine_status read_key(
	struct bdb *bdb, uint64_t number, struct engine_batch *batch, bool *end)
{
	struct engine_range all = { .from = STR("") };
	enum engine_status status = bdb_nth(&bdb->engine, TABLE_INDEX, &all, number, batch);

	*end = status == ENGINE_NOT_FOUND;
	return *end ? ENGINE_OK : status;
}

/* A page that another process holds is left to the next pass. */
static enum engine_status compact(struct bdb *bdb, const struct engine_batch *batch)
{
	DB *db = bdb->tables[TABLE_INDEX];
	DB_COMPACT options = { 0 };
	DBT from = bdb_in(engine_batch_key(batch, 0));
	DBT to = batch->count > 1 ? bdb_in(engine_batch_key(batch, 1)) : (DBT){ 0 };
	int rc;

	options.compact_fillpercent = FILL_PERCENT;
	options.compact_timeout = SLICE_WAIT_US;
	rc = db->compact(db, NULL, &from, batch->count > 1 ? &to : NULL, &options, 0, NULL);
	bdb->compaction.freed += options.compact_pages_free;
	if (rc == DB_LOCK_DEADLOCK || rc == DB_LOCK_NOTGRANTED)
		rc = 0;
	return bdb_status(bdb, rc, "compaction");
}

static enum engine_status run_slice(struct bdb *bdb)
{
	struct engine_batch batch = { 0 };
	bool end = false;
	enum engine_status status = read_key(bdb, bdb->compaction.next, &batch, &end);

	bdb->compaction.next += SLICE_ENTRIES;
	if (status == ENGINE_OK && !end)
		status = read_key(bdb, bdb->compaction.next, &batch, &end);
	if (status == ENGINE_OK && batch.count > 0)
		status = compact(bdb, &batch);
	bdb->compaction.running = !end && status == ENGINE_OK;
	engine_batch_free(&batch);
	return status;
}

enum engine_status bdb_compact_chore(struct engine *engine, bool low_space, bool *more)
{
	struct bdb *bdb = bdb_of(engine);
	enum engine_status status = ENGINE_OK;

	/* Compaction writes log. */
	if (low_space)
		return ENGINE_OK;
	if (!bdb->compaction.running) {
		bool due;

		status = is_due(bdb, &due);
		if (status != ENGINE_OK || !due)
			return status;
	}
	status = run_slice(bdb);
	*more = bdb->compaction.running;
	if (status == ENGINE_OK && !*more && bdb->compaction.freed > 0)
		log_info("compaction", "freed %llu page%s of the index",
			(unsigned long long)bdb->compaction.freed,
			str_plural(bdb->compaction.freed));
	return status;
}
