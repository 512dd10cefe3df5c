#include "store/bdb/repair.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store/bdb/data_files_internal.h"
#include "store/bdb/file_hooks.h"

#define DELETE_TRIES 20

struct repair {
	struct bdb *bdb;
	DB *db;
	struct table_file file;
	enum engine_table table;
	uint32_t page;
	bool dry;
	struct page_place place;
};

/* A read of the page takes it from the table of damaged pages. */
static int look_again(struct repair *repair)
{
	unsigned char page[BDB_PAGE_SIZE];

	return table_file_read(&repair->file, repair->page, page);
}

/* ---- copies ---- */

static int write_page(struct repair *repair, const void *page)
{
	struct table_file *file = &repair->file;
	int rc;

	if (repair->dry)
		return 0;
	rc = data_file_write(&file->file, file->fd, repair->page, page);
	if (rc == 0)
		rc = data_file_sync(&file->file, file->fd);
	return rc == 0 ? look_again(repair) : rc;
}

/*
 * libdb may have the page in its cache. EBADMSG: it does not, or it has a placeholder. A page that
 * is there must not be replaced in the file only. It is pinned until it is written, so that no
 * newer image can be overwritten.
 */
static int write_from_cache(struct repair *repair)
{
	DB_MPOOLFILE *cache = repair->db->get_mpf(repair->db);
	DB_ENV *env = repair->bdb->env;
	unsigned char copy[BDB_PAGE_SIZE];
	db_pgno_t number = repair->page;
	void *page;
	int rc = cache->get(cache, &number, NULL, 0, &page), put;

	file_hooks_clear_failure();
	if (rc != 0)
		return rc == DB_PAGE_NOTFOUND ? EBADMSG : rc; /* the file was made shorter */
	memcpy(copy, page, sizeof(copy));
	page_finish(copy);
	if (page_is_placeholder(copy))
		rc = EBADMSG;
	if (rc == 0 && !repair->dry)
		rc = env->log_flush(env, NULL);
	if (rc == 0)
		rc = write_page(repair, copy);
	put = cache->put(cache, page, DB_PRIORITY_UNCHANGED, 0);
	if (rc == EBADMSG && !page_is_placeholder(copy))
		rc = EIO;
	return rc != 0 ? rc : put;
}

/* ENOENT: there is no image. */
static int write_from_doublewrite(struct repair *repair)
{
	struct data_files *files = repair->bdb->files;
	unsigned char first[BDB_PAGE_SIZE], page[BDB_PAGE_SIZE];
	int rc = table_file_read(&repair->file, 0, first);

	if (rc != 0)
		return rc;
	pthread_mutex_lock(&files->ring->drain);
	rc = doublewrite_find(
		files->folder, repair->file.file.name, page_file_id(first), repair->page, page);
	pthread_mutex_unlock(&files->ring->drain);
	if (rc == 0 && page_is_placeholder(page))
		return ENOENT;
	return rc == 0 ? write_page(repair, page) : rc;
}

/* ---- a new page ---- */

/*
 * A recovery skips the records of the lost page, and refuses those of the new page if it does not
 * begin with it: a restore of an older backup must not apply them to the old rows.
 */
static uint64_t new_lsn(struct repair *repair)
{
	DB_LSN lsn = bdb_last_checkpoint(repair->bdb);

	return (uint64_t)lsn.file << 32 | lsn.offset;
}

static int replace(struct repair *repair)
{
	const struct page_place *place = &repair->place;
	unsigned char page[BDB_PAGE_SIZE];

	switch (place->use) {
	case USE_BUCKET:
	case USE_CHAIN:
		page_make_hash(page, repair->page, new_lsn(repair), place->links);
		if (engine_tables[repair->table].serial)
			bdb_serial_add_layout(repair->bdb, repair->db, repair->page, page);
		break;
	case USE_OVERFLOW:
		page_make_placeholder(page, repair->page, new_lsn(repair), place->links);
		break;
	case USE_UNUSED:
		page_make_unused(page, repair->page, new_lsn(repair));
		break;
	}
	page_finish(page);
	return write_page(repair, page);
}

/* ---- the row of a long value ---- */

static int delete_once(struct repair *repair)
{
	DB_ENV *env = repair->bdb->env;
	DBT key = bdb_in((struct str){ repair->place.key, repair->place.key_len });
	DB_TXN *txn;
	int rc = env->txn_begin(env, NULL, &txn, 0), aborted;

	if (rc != 0)
		return rc;
	rc = repair->db->del(repair->db, txn, &key, 0);
	if (rc == 0)
		return txn->commit(txn, DB_TXN_SYNC);
	aborted = txn->abort(txn);
	return aborted != 0 ? aborted : rc;
}

/* Its pages become unused; they are read, but not the value that they have. */
static int delete_row(struct repair *repair)
{
	int rc = DB_LOCK_DEADLOCK;

	for (int i = 0; rc == DB_LOCK_DEADLOCK && i < DELETE_TRIES; i++)
		rc = delete_once(repair);
	return rc == DB_NOTFOUND ? 0 : rc;
}

/*
 * The placeholder of a value whose row an earlier round did not find, because the row or a page
 * between them was damaged too. With these repaired, this round has found that there is no row.
 */
static bool is_without_row(struct repair *repair)
{
	unsigned char page[BDB_PAGE_SIZE];

	return repair->place.use == USE_OVERFLOW && repair->place.key_len == 0 &&
	       pread(repair->file.fd, page, sizeof(page), (off_t)repair->page * BDB_PAGE_SIZE) ==
		       (ssize_t)sizeof(page) &&
	       page_check(page, repair->page) == PAGE_GOOD && page_is_placeholder(page);
}

/* The checkpoint writes the page, which is unused then. */
static int delete_row_and_write(struct repair *repair)
{
	DB_ENV *env = repair->bdb->env;
	int rc = delete_row(repair);

	return rc == 0 ? env->txn_checkpoint(env, 0, 0, DB_FORCE) : rc;
}

/*
 * Until the row is deleted, the page stays damaged for all other processes, and for all processes
 * if this one is killed.
 */
static int replace_in_value(struct repair *repair)
{
	struct data_files *files = repair->bdb->files;
	int rc;

	files->in_repair.table = repair->table;
	files->in_repair.page = repair->page;
	rc = replace(repair);
	if (rc == 0 && !repair->dry && repair->place.key_len > 0)
		rc = delete_row_and_write(repair);
	files->in_repair.page = 0;
	return rc;
}

/* ---- the operation ---- */

static int replace_lost(struct repair *repair, enum engine_repair *done)
{
	static const enum engine_repair results[] = {
		[USE_UNUSED] = ENGINE_REPAIR_UNUSED,
		[USE_BUCKET] = ENGINE_REPAIR_EMPTIED,
		[USE_CHAIN] = ENGINE_REPAIR_EMPTIED,
		[USE_OVERFLOW] = ENGINE_REPAIR_VALUE,
	};
	struct page_place *place = &repair->place;
	int rc = repair_find(repair->db, &repair->file, repair->page, place);

	if (rc == 0 && is_without_row(repair))
		place->use = USE_UNUSED;
	if (rc == 0)
		rc = place->use == USE_OVERFLOW ? replace_in_value(repair) : replace(repair);
	if (rc == 0)
		*done = results[place->use];
	return rc;
}

/* ENOENT: there is no copy. */
static int repair_from_copy(struct repair *repair, enum engine_repair *done)
{
	unsigned char page[BDB_PAGE_SIZE];
	int rc = table_file_read(&repair->file, repair->page, page);

	/* ENXIO: it is not within the file, which libdb has made shorter. */
	if (rc == 0 || rc == ENXIO) {
		*done = ENGINE_REPAIR_READABLE;
		return 0;
	}
	*done = ENGINE_REPAIR_COPY;
	rc = write_from_cache(repair);
	return rc == EBADMSG ? write_from_doublewrite(repair) : rc;
}

static enum engine_status refuse(struct repair *repair, const char *why)
{
	snprintf(repair->bdb->engine.message, ENGINE_MESSAGE_SIZE,
		"page %u of %s.db cannot be repaired: %s", repair->page,
		engine_tables[repair->table].name, why);
	return ENGINE_FAILED;
}

/* The checkpoint, which the new page needs, would replace the images of the doublewrite file. */
static enum engine_status repair_file(struct repair *repair, enum engine_repair *done)
{
	struct engine *engine = &repair->bdb->engine;
	enum engine_status status = ENGINE_OK;
	unsigned removed;
	int rc = repair_from_copy(repair, done);

	if (rc != ENOENT)
		return bdb_status(repair->bdb, rc, "repair");
	if (!repair->dry)
		status = bdb_checkpoint(engine, false, &removed);
	return status == ENGINE_OK ? bdb_status(repair->bdb, replace_lost(repair, done), "repair")
				   : status;
}

enum engine_status bdb_repair(struct engine *engine, enum engine_table table, uint32_t page,
	bool dry, enum engine_repair *done)
{
	struct repair repair = { .bdb = bdb_of(engine), .table = table, .page = page, .dry = dry };
	enum engine_status status;
	int rc;

	repair.db = repair.bdb->tables[table];
	if (!repair.bdb->files || !repair.db || engine_tables[table].ordered)
		return refuse(&repair, "it is of a B-tree; restore the home from a backup");
	if (page == 0)
		return refuse(&repair, "it describes the file; restore the home from a backup");
	rc = table_file_open(repair.bdb->files, table, &repair.file);
	status = rc == 0 ? repair_file(&repair, done) : refuse(&repair, strerror(rc));
	table_file_close(&repair.file);
	return status;
}
