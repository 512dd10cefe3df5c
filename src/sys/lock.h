#pragma once
/*
 * The lock on a home (flock on home/lock): whoever holds it owns the store. The supervisor takes it
 * for its life, polytaskctl while the service is down. The children of a supervisor inherit the
 * descriptor, so that nobody recovers under the feet of orphans.
 */
#include "base/err.h"

/*
 * Takes the lock; *fd is closed to give it back. ERR_BUSY at once when the one who took it lives.
 * When only orphans of a dead one hold it they have two seconds to leave, then they are killed.
 */
bool lock_take(const char *home, int *fd, struct err *err);

/*
 * For a child that has inherited the lock: says by a record lock of its own who it is, so that a
 * new instance finds it when it is an orphan. Its files in /proc would not tell (confine.h).
 */
void lock_register_child(int fd);
