#pragma once
/*
 * Locks of folders: flock on the file `lock` in the folder, which has the pid of its owner. An
 * instance has two (instance.h). Child processes inherit the descriptors, so no new instance can
 * recover the store while orphans of the old one still use it.
 */
#include <sys/types.h>

#include "base/err.h"

/* The end of the messages about a folder of regions that another home uses. */
#define LOCK_REGIONS_REMEDY " for another home: set regions to a folder of its own"

/*
 * Takes the lock of a home; closing *fd releases it. Fails immediately with ERR_BUSY if the process
 * that took it is alive. If only orphans of a dead process hold it, it gives them 2 s to exit and
 * then kills them.
 */
bool lock_take(const char *home, int *fd, struct err *err);
/*
 * The same for a folder of regions; the caller has the lock of its home. Fails with ERR_CONFLICT:
 * the other process does not end soon. Waits 0.5 s for one that is alive: it may be closing its
 * files. Without wait, fails at once if the lock is held.
 */
bool lock_take_regions(const char *regions, bool wait, int *fd, struct err *err);

/*
 * Takes the lock of a file of its own in the folder, which is created; closing *fd releases it.
 * *taken is false if another process has it. ERR_INTERNAL or ERR_DISK_FULL: the file cannot be
 * used.
 */
bool lock_try_file(const char *folder, const char *name, int *fd, bool *taken, struct err *err);

/* Whether the file in the folder is the locked one: it may have been removed or replaced. */
bool lock_is_in_place(const char *folder, int fd);
bool lock_exists(const char *folder);
/* Whether a living process holds the lock. False if that cannot be found out. */
bool lock_is_held(const char *folder, pid_t *owner);

/*
 * Call in a child that has inherited the lock. Takes a record lock, by which a new instance finds
 * the child if it becomes an orphan; the child's files in /proc are not readable (confine.h).
 */
void lock_register_child(int fd);
