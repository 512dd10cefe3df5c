/* The engine's figures for the operator (store/health.h). */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/bdb/bdb.h"

#define BLOCK_SIZE 512 /* unit of st_blocks, stat(2) */
#define GIB	   ((uint64_t)1 << 30)

/* ---- checkpoints ---- */

DB_LSN bdb_last_checkpoint(struct bdb *bdb)
{
	DB_TXN_STAT *stat;
	DB_LSN lsn = { 0 };

	if (bdb->env->txn_stat(bdb->env, &stat, 0) == 0) {
		lsn = stat->st_last_ckp;
		free(stat);
	}
	return lsn;
}

void bdb_note_checkpoint(struct bdb *bdb, const DB_LSN *before, int64_t began_ms)
{
	DB_LSN last = bdb_last_checkpoint(bdb);

	if (log_compare(before, &last) == 0)
		return;
	atomic_store(&bdb->health->checkpoint_ms, (uint64_t)(clock_mono_ms() - began_ms));
	atomic_store(&bdb->health->last_checkpoint, (uint64_t)clock_wall_ms());
}

/* ---- files ---- */

static uint64_t allocated_bytes(const struct stat *info)
{
	return (uint64_t)info->st_blocks * BLOCK_SIZE;
}

void bdb_note_archive(struct bdb *bdb, char *const *logs, int error)
{
	struct store_health *health = bdb->health;
	uint64_t files = 0, bytes = 0, none = 0;
	struct stat info;

	for (; error != 0 && logs && logs[files]; files++) {
		if (stat(logs[files], &info) == 0)
			bytes += allocated_bytes(&info);
	}
	atomic_store(&health->archive_waiting_files, files);
	atomic_store(&health->archive_waiting_bytes, bytes);
	atomic_store(&health->archive_error, (uint64_t)error);
	if (error == 0)
		atomic_store(&health->archive_failing_since, 0);
	else
		atomic_compare_exchange_strong(
			&health->archive_failing_since, &none, (uint64_t)clock_wall_ms());
	atomic_store(&health->archive, !bdb->archive || !*bdb->archive ? ARCHIVE_OFF
				       : error == 0		       ? ARCHIVE_WORKING
								       : ARCHIVE_FAILING);
}

/* Counts the files of a folder of the home whose names begin so. */
static void note_files(struct bdb *bdb, const char *name, const char *prefix,
	_Atomic uint64_t *count, _Atomic uint64_t *sum)
{
	int fd = openat(bdb->home, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
	uint64_t files = 0, bytes = 0;
	const struct dirent *entry;
	struct stat info;

	if (!folder) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((entry = readdir(folder))) {
		if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0 ||
			fstatat(dirfd(folder), entry->d_name, &info, 0) != 0 ||
			!S_ISREG(info.st_mode))
			continue;
		files++;
		bytes += allocated_bytes(&info);
	}
	closedir(folder);
	if (count)
		atomic_store(count, files);
	atomic_store(sum, bytes);
}

static void note_home(struct bdb *bdb)
{
	struct store_health *health = bdb->health;

	note_files(bdb, "log", "log.", &health->log_files, &health->log_bytes);
	note_files(bdb, "data", "", NULL, &health->data_bytes);
}

/* ---- transactions ---- */

/* The lowest id is that of the oldest one, except when libdb starts again at its first id. */
static uint32_t oldest_id(const DB_TXN_STAT *stat)
{
	uint32_t oldest = 0;

	for (uint32_t i = 0; i < stat->st_nactive; i++) {
		uint32_t id = stat->st_txnarray[i].txnid;

		if (oldest == 0 || id < oldest)
			oldest = id;
	}
	return oldest;
}

/*
 * libdb does not know when a transaction began, so its begin is when this process first saw it.
 * Reported at the second sight: most end within a millisecond.
 */
static int note_transactions(struct bdb *bdb)
{
	DB_TXN_STAT *stat;
	uint32_t oldest;
	int rc = bdb->env->txn_stat(bdb->env, &stat, 0);

	if (rc != 0)
		return rc;
	oldest = oldest_id(stat);
	free(stat);
	if (oldest != bdb->oldest_txn)
		bdb->oldest_txn_since = clock_wall_ms();
	atomic_store(&bdb->health->oldest_transaction,
		oldest && oldest == bdb->oldest_txn ? (uint64_t)bdb->oldest_txn_since : 0);
	bdb->oldest_txn = oldest;
	return 0;
}

/* ---- cache ---- */

#define CACHE_NOTE_MS 5000 /* the statistics visit each bucket of the cache */

static int note_cache(struct bdb *bdb)
{
	int64_t now = clock_mono_ms();
	DB_MPOOL_STAT *stat;
	int rc;

	if (now < bdb->next_cache_note)
		return 0;
	bdb->next_cache_note = now + CACHE_NOTE_MS;
	rc = bdb->env->memp_stat(bdb->env, &stat, NULL, 0);
	if (rc != 0)
		return rc;
	atomic_store(&bdb->health->cache_bytes, stat->st_gbytes * GIB + stat->st_bytes);
	atomic_store(&bdb->health->cache_used_bytes, (uint64_t)stat->st_pages * BDB_PAGE_SIZE);
	atomic_store(&bdb->health->cache_hits, stat->st_cache_hit);
	atomic_store(&bdb->health->cache_misses, stat->st_cache_miss);
	free(stat);
	return 0;
}

enum engine_status bdb_figures_chore(struct engine *engine, bool low_space, bool *more)
{
	struct bdb *bdb = bdb_of(engine);
	int rc;

	(void)low_space, (void)more;
	if (!bdb->ephemeral)
		note_home(bdb);
	rc = note_transactions(bdb);
	if (rc == 0)
		rc = note_cache(bdb);
	return bdb_status(bdb, rc, "statistics");
}
