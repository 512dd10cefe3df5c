#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/bdb/bdb.h"
#include "store/bdb/file_hooks.h"
#include "store/bdb/log_end.h"

static const struct {
	int code;
	enum engine_status status;
} expected[] = {
	{ 0, ENGINE_OK },
	{ DB_NOTFOUND, ENGINE_NOT_FOUND },
	{ DB_KEYEXIST, ENGINE_EXISTS },
	{ DB_LOCK_DEADLOCK, ENGINE_RETRY },
	{ DB_LOCK_NOTGRANTED, ENGINE_BUSY },
	{ ENOSPC, ENGINE_FULL },
	{ EDQUOT, ENGINE_FULL },
	{ ENOMEM, ENGINE_NO_MEMORY },
};

/* Every process of the environment must notice, not only the one that met the error. */
static enum engine_status lose(struct bdb *bdb, int code, const char *what)
{
	snprintf(bdb->engine.message, sizeof(bdb->engine.message), "%s: %s", what,
		db_strerror(code));
	if (code != DB_RUNRECOVERY)
		bdb->env->set_flags(bdb->env, DB_PANIC_ENVIRONMENT, 1);
	return ENGINE_LOST;
}

static enum engine_status damaged(struct bdb *bdb)
{
	struct page_failure failure = file_hooks_failure();

	snprintf(bdb->engine.message, sizeof(bdb->engine.message), "page %u of %s is damaged",
		failure.page, failure.name ? failure.name : "a file");
	bdb->engine.damaged_page = failure.page;
	file_hooks_clear_failure();
	return ENGINE_DAMAGED;
}

enum engine_status bdb_status(struct bdb *bdb, int code, const char *what)
{
	if (code == EBADMSG)
		return damaged(bdb);
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		if (expected[i].code == code)
			return expected[i].status;
	}
	return lose(bdb, code, what);
}

enum engine_status bdb_begin(struct engine *engine, enum engine_access access)
{
	struct bdb *bdb = bdb_of(engine);
	int rc = 0;

	bdb->txn = NULL;
	file_hooks_clear_failure();
	if (access != ENGINE_READ)
		rc = bdb->env->txn_begin(bdb->env, NULL, &bdb->txn, 0);
	return bdb_status(bdb, rc, "begin");
}

void bdb_note_synced(struct bdb *bdb)
{
	DB_LOG_STAT *stat = NULL;

	if (bdb->synced < 0 || bdb->env->log_stat(bdb->env, &stat, 0) != 0)
		return;
	log_synced_write(
		bdb->synced, (struct log_position){ stat->st_disk_file, stat->st_disk_offset });
	free(stat);
}

enum engine_status bdb_commit(struct engine *engine)
{
	struct bdb *bdb = bdb_of(engine);
	DB_TXN *txn = bdb->txn;
	int rc;

	bdb->txn = NULL;
	rc = txn->commit(txn, bdb->sync_commits ? DB_TXN_SYNC : DB_TXN_NOSYNC);
	if (rc == 0 && bdb->sync_commits)
		bdb_note_synced(bdb);
	return bdb_status(bdb, rc, "commit");
}

enum engine_status bdb_abort(struct engine *engine)
{
	struct bdb *bdb = bdb_of(engine);
	DB_TXN *txn = bdb->txn;
	enum engine_status status;

	bdb->txn = NULL;
	status = txn ? bdb_status(bdb, txn->abort(txn), "abort") : ENGINE_OK;

	/* What the transaction wrote is still there. */
	return status == ENGINE_DAMAGED ? lose(bdb, EBADMSG, "abort") : status;
}

/* After a failed fsync the next one reports success, whatever was lost: never try again. */
enum engine_status bdb_flush(struct engine *engine)
{
	struct bdb *bdb = bdb_of(engine);
	int rc = bdb->env->log_flush(bdb->env, NULL);

	if (rc == ENOSPC || rc == EDQUOT)
		return ENGINE_FULL;
	if (rc != 0)
		return lose(bdb, rc, "log flush");
	bdb_note_synced(bdb);
	return ENGINE_OK;
}
