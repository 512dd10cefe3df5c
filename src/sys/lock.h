#pragma once
/*
 * Instance lock (flock on home/lock): its holder owns the store. The supervisor holds it while it
 * runs, polytaskctl while it works without the service. Child processes inherit the descriptor, so
 * no new instance can recover the store while orphans of the old one still use it.
 */
#include "base/err.h"

/*
 * Takes the lock; closing *fd releases it. Fails immediately with ERR_BUSY if the process that took
 * it is alive. If only orphans of a dead process hold it, it gives them 2 s to exit and then kills
 * them.
 */
bool lock_take(const char *home, int *fd, struct err *err);

/*
 * Call in a child that has inherited the lock. Takes a record lock, by which a new instance finds
 * the child if it becomes an orphan; the child's files in /proc are not readable (confine.h).
 */
void lock_register_child(int fd);
