#pragma once
/*
 * The locks of an instance, in its home and in the folder of its regions: their holder owns the
 * store. With a shared store there are no regions, and the lock of the home only keeps a second
 * service of this host out. The supervisor holds them while it runs, polytaskctl while it works
 * without the service. Without the second lock, two homes with one folder of regions would write to
 * each other's logs.
 */
#include "sys/lock.h"
#include "sys/service_user.h"

/* Descriptors; -1: not held. The lock of the home serves both if the folders are the same. */
struct instance_locks {
	int home, regions;
};

#define INSTANCE_LOCKS_NONE ((struct instance_locks){ -1, -1 })

/*
 * Takes both locks and gives them to the owner. The folders exist. ERR_BUSY while another process
 * has the lock of the home, ERR_CONFLICT if one has that of the regions. Changes nothing in the
 * folder of the regions before it has its lock.
 */
bool instance_lock(struct instance_locks *locks, const struct conf *conf,
	const struct service_user *owner, struct err *err);
void instance_unlock(struct instance_locks *locks);
/* In a child that has inherited them (lock_register_child). */
void instance_register_child(const struct instance_locks *locks);

/* Whether the lock of the regions still protects the folder: its file may have been removed. */
bool instance_holds_regions(const struct instance_locks *locks, const struct conf *conf);
/*
 * Takes the lock of the regions again if its file was removed, and makes the folder if it is
 * missing. Does not wait. Processes that have the earlier lock do not have the new one. If the
 * folder cannot be made, returns true: the recover process reports that.
 */
bool instance_renew(struct instance_locks *locks, const struct conf *conf, struct err *err);
