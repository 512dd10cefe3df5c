#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/bdb/bdb.h"

#define SECOND_MS  1000
#define TRIM_MS	   5000
#define COMPACT_MS 10000
/* A checkpoint writes records too: less new log than this is not worth another one. */
#define CHECKPOINT_MIN_KB 16
/* Of a log and its copy in the archive: some hundred records. */
#define COMPARED_BYTES 65536

/* ---- archive of finished logs ---- */

static int copy_bytes(int from, int to)
{
	ssize_t sent;

	while ((sent = sendfile(to, from, NULL, 1 << 20)) > 0)
		;
	if (sent < 0 || fsync(to) != 0)
		return errno;
	return 0;
}

/* Whether both begin with the same bytes; every record has numbers of its history. */
static bool is_same_log(int log, int copy)
{
	static char left[COMPARED_BYTES], right[COMPARED_BYTES];
	ssize_t got = pread(log, left, sizeof(left), 0);

	return got >= 0 && got == pread(copy, right, sizeof(right), 0) &&
	       memcmp(left, right, (size_t)got) == 0;
}

/*
 * A finished log never changes, so a copy of its size is complete: EEXIST. ENOENT: not archived.
 * ENOTUNIQ: a log of this number from another history, which a restore to an earlier moment makes.
 */
static int find_in_archive(int log, const char *name, int folder)
{
	struct stat log_info, copy_info;
	int copy = openat(folder, name, O_RDONLY | O_CLOEXEC), rc = 0;

	if (copy < 0)
		return errno;
	if (fstat(log, &log_info) != 0 || fstat(copy, &copy_info) != 0)
		rc = errno;
	else
		rc = log_info.st_size == copy_info.st_size && is_same_log(log, copy) ? EEXIST
										     : ENOTUNIQ;
	close(copy);
	return rc;
}

/* A copy has its final name only when all of it is on disk. */
static int copy_log(const char *path, int folder)
{
	const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	char part[NAME_MAX + 1];
	int from = open(path, O_RDONLY | O_CLOEXEC), to = -1;
	int rc;

	if (from < 0)
		return errno;
	rc = find_in_archive(from, name, folder);
	snprintf(part, sizeof(part), "%s.part", name);
	if (rc == ENOENT) {
		to = openat(folder, part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		rc = to < 0 ? errno : 0;
	}
	if (rc == 0)
		rc = copy_bytes(from, to);
	if (rc == 0 && renameat(folder, part, folder, name) != 0)
		rc = errno;
	if (rc != 0 && to >= 0)
		unlinkat(folder, part, 0);
	close(from);
	if (to >= 0)
		close(to);
	return rc == EEXIST ? 0 : rc;
}

static int copy_logs(char **logs, const char *archive)
{
	int folder = open(archive, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;

	if (folder < 0)
		return errno;
	for (; rc == 0 && *logs; logs++)
		rc = copy_log(*logs, folder);
	if (rc == 0 && fsync(folder) != 0)
		rc = errno;
	close(folder);
	return rc;
}

/* ---- checkpoints ---- */

/*
 * Checkpoints and log removal are made by one process at a time: a checkpoint between the copying
 * of finished logs and their removal would free logs that were never copied. The lock is on the
 * folder itself, so the kernel releases it when a process dies. *locked false: another process has
 * it.
 */
static enum engine_status lock_home(struct bdb *bdb, bool wait, bool *locked)
{
	*locked = bdb->ephemeral || flock(bdb->home, wait ? LOCK_EX : LOCK_EX | LOCK_NB) == 0;
	if (*locked || errno == EWOULDBLOCK)
		return ENGINE_OK;
	snprintf(bdb->engine.message, sizeof(bdb->engine.message), "the home cannot be locked: %s",
		strerror(errno));
	return ENGINE_FAILED;
}

static void unlock_home(struct bdb *bdb)
{
	if (!bdb->ephemeral)
		flock(bdb->home, LOCK_UN);
}

static enum engine_status write_checkpoint(struct bdb *bdb, uint64_t min_kbytes)
{
	DB_LSN before = bdb_last_checkpoint(bdb);
	int64_t began = clock_mono_ms();
	int rc = bdb->env->txn_checkpoint(
		bdb->env, (uint32_t)min_kbytes, 0, min_kbytes == 0 ? DB_FORCE : 0);

	if (rc == 0) {
		bdb_note_checkpoint(bdb, &before, began);
		bdb_note_synced(bdb);
	}
	return bdb_status(bdb, rc, "checkpoint");
}

static bool are_logs_held(const struct bdb *bdb)
{
	return atomic_load(&bdb->hold->until) > clock_mono_ms();
}

/* Removes logs that recovery does not need, after copying them to the archive, if there is one. */
static enum engine_status trim_logs(struct bdb *bdb, unsigned *removed)
{
	unsigned count = 0;
	char **logs = NULL;
	int rc = bdb->env->log_archive(bdb->env, &logs, DB_ARCH_ABS), copied = 0;

	if (rc == 0 && logs && bdb->archive && *bdb->archive)
		copied = copy_logs(logs, bdb->archive);
	bdb_note_archive(bdb, logs, copied);
	for (; logs && logs[count]; count++)
		;
	free(logs);
	if (copied != 0) {
		snprintf(bdb->engine.message, sizeof(bdb->engine.message),
			"the logs cannot be archived: %s", strerror(copied));
		return ENGINE_FAILED;
	}
	if (are_logs_held(bdb))
		count = 0;
	if (rc == 0 && count > 0)
		rc = bdb->env->log_archive(bdb->env, NULL, DB_ARCH_REMOVE);
	if (rc == 0)
		*removed = count;
	return bdb_status(bdb, rc, "log removal");
}

enum engine_status bdb_checkpoint(struct engine *engine, bool trim, unsigned *removed)
{
	struct bdb *bdb = bdb_of(engine);
	bool locked;
	enum engine_status status = lock_home(bdb, true, &locked);

	*removed = 0;
	if (status != ENGINE_OK)
		return status;
	status = write_checkpoint(bdb, 0);
	if (status == ENGINE_OK && trim)
		status = trim_logs(bdb, removed);
	unlock_home(bdb);
	return status;
}

/* ---- chores ---- */

/* A chore leaves out its turn while another process checkpoints or trims. */
static enum engine_status checkpoint_chore(struct engine *engine, bool low_space, bool *more)
{
	struct bdb *bdb = bdb_of(engine);
	int64_t now = clock_mono_ms();
	bool due = now - bdb->last_checkpoint >= bdb->checkpoint_ms, locked;
	enum engine_status status = lock_home(bdb, false, &locked);

	(void)more;
	if (status != ENGINE_OK || !locked)
		return status;
	status = write_checkpoint(bdb, due || low_space ? CHECKPOINT_MIN_KB : bdb->checkpoint_kb);
	if (due && status == ENGINE_OK)
		bdb->last_checkpoint = now;
	unlock_home(bdb);
	return status;
}

static enum engine_status trim_chore(struct engine *engine, bool low_space, bool *more)
{
	struct bdb *bdb = bdb_of(engine);
	unsigned removed = 0;
	bool locked;
	enum engine_status status = lock_home(bdb, false, &locked);

	(void)low_space, (void)more;
	if (status != ENGINE_OK || !locked)
		return status;
	status = trim_logs(bdb, &removed);
	unlock_home(bdb);
	/* A failing archive is a figure; the keeper reports it with the logs that wait. */
	if (status == ENGINE_FAILED && atomic_load(&bdb->health->archive) == ARCHIVE_FAILING)
		status = ENGINE_OK;
	if (removed > 0)
		log_info("trim", "removed %u finished logs", removed);
	return status;
}

/* libdb looks for deadlocks at each conflict; this finds the waits that have timed out since. */
static enum engine_status deadlock_chore(struct engine *engine, bool low_space, bool *more)
{
	struct bdb *bdb = bdb_of(engine);

	(void)low_space, (void)more;
	return bdb_status(bdb, bdb->env->lock_detect(bdb->env, 0, DB_LOCK_YOUNGEST, NULL),
		"deadlock detection");
}

const struct engine_chore bdb_chores[] = {
	{ .name = "checkpoint", .interval_ms = SECOND_MS, .run = checkpoint_chore },
	{ .name = "log removal", .interval_ms = TRIM_MS, .run = trim_chore },
	{ .name = "deadlock detection", .interval_ms = SECOND_MS, .run = deadlock_chore },
	{ .name = "compaction",
		.interval_ms = COMPACT_MS,
		.duty_percent = 10,
		.run = bdb_compact_chore },
	{ .name = "figures", .interval_ms = SECOND_MS, .run = bdb_figures_chore },
	{ 0 },
};
