#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "store/internal.h"

bool store_checkpoint(
	struct store *store, uint64_t min_kbytes, uint64_t min_minutes, struct err *err)
{
	uint32_t force = min_kbytes == 0 && min_minutes == 0 ? DB_FORCE : 0;
	bool ok;
	int rc;

	store_enter(store);
	rc = store->env->txn_checkpoint(
		store->env, (uint32_t)min_kbytes, (uint32_t)min_minutes, force);
	ok = rc == 0 || step_fail(store, rc, "checkpoint", err);
	store_leave(store);
	return ok;
}

bool store_detect_deadlocks(struct store *store, struct err *err)
{
	bool ok;
	int rc;

	store_enter(store);
	rc = store->env->lock_detect(store->env, 0, DB_LOCK_YOUNGEST, NULL);
	ok = rc == 0 || step_fail(store, rc, "deadlock sweep", err);
	store_leave(store);
	return ok;
}

/* ---- logs that recovery does not need ---- */

static int copy_bytes(int from, int to)
{
	ssize_t sent;

	while ((sent = sendfile(to, from, NULL, 1 << 20)) > 0)
		;
	if (sent < 0 || fsync(to) != 0)
		return errno;
	return 0;
}

/* A finished log never changes: what was copied before a crash or an outage is not copied again. */
static bool is_archived(const char *path, const char *name, int folder)
{
	struct stat log, copy;

	return stat(path, &log) == 0 && fstatat(folder, name, &copy, 0) == 0 &&
	       log.st_size == copy.st_size;
}

/* A copy has its final name only when all of it is on disk. */
static int copy_log(const char *path, int folder)
{
	const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	char part[NAME_MAX + 1];
	int from, to = -1, rc = 0;

	if (is_archived(path, name, folder))
		return 0;
	from = open(path, O_RDONLY | O_CLOEXEC);
	snprintf(part, sizeof(part), "%s.part", name);
	if (from >= 0)
		to = openat(folder, part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (to < 0)
		rc = errno;
	if (rc == 0)
		rc = copy_bytes(from, to);
	if (rc == 0 && renameat(folder, part, folder, name) != 0)
		rc = errno;
	if (rc != 0 && to >= 0)
		unlinkat(folder, part, 0);
	if (from >= 0)
		close(from);
	if (to >= 0)
		close(to);
	return rc;
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

/* Only the process that writes checkpoints may do this: one in between would free logs not copied.
 */
static bool trim(struct store *store, const char *archive, unsigned *removed, struct err *err)
{
	unsigned count = 0;
	char **logs = NULL;
	int rc = store->env->log_archive(store->env, &logs, DB_ARCH_ABS), copied = 0;

	if (rc == 0 && logs && *archive)
		copied = copy_logs(logs, archive);
	for (; logs && logs[count]; count++)
		;
	free(logs);
	if (copied != 0)
		return err_set(err, copied == ENOSPC ? ERR_DISK_FULL : ERR_INTERNAL, "archive",
			"the logs cannot be archived: %s", strerror(copied));
	if (rc == 0 && count > 0)
		rc = store->env->log_archive(store->env, NULL, DB_ARCH_REMOVE);
	if (rc != 0)
		return step_fail(store, rc, "log removal", err);
	*removed = count;
	return true;
}

bool store_trim_logs(struct store *store, const char *archive, unsigned *removed, struct err *err)
{
	bool ok;

	store_enter(store);
	ok = trim(store, archive, removed, err);
	store_leave(store);
	return ok;
}
