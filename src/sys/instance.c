#include "sys/instance.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_same_folder(const char *a, const char *b)
{
	struct stat left, right;

	return stat(a, &left) == 0 && stat(b, &right) == 0 && left.st_dev == right.st_dev &&
	       left.st_ino == right.st_ino;
}

/* The home that used the regions last: the link `log` leads to its logs. */
static bool find_last_home(const char *regions, char home[PATH_MAX])
{
	char path[PATH_MAX], *end;
	int len = snprintf(path, sizeof(path), "%s/log", regions);

	if (len < 0 || len >= (int)sizeof(path) || !realpath(path, home))
		return false;
	end = strrchr(home, '/');
	end[end == home] = '\0';
	return true;
}

/*
 * Without a lock in the folder, an earlier build may be using it, or its lock was removed: then the
 * lock of the home tells.
 */
static bool check_last_home(const struct conf *conf, struct err *err)
{
	char last[PATH_MAX];
	pid_t owner;

	if (lock_exists(conf->regions) || !find_last_home(conf->regions, last) ||
		is_same_folder(last, conf->home) || !lock_is_held(last, &owner))
		return true;
	return err_set(err, ERR_CONFLICT, "regions", "process %d is using %s" LOCK_REGIONS_REMEDY,
		(int)owner, conf->regions);
}

/* A later instance may be started by that user itself. */
static bool give(int lock, const struct service_user *owner, struct err *err)
{
	return lock < 0 || !owner->switch_user || fchown(lock, owner->uid, owner->gid) == 0 ||
	       err_set(err, ERR_INTERNAL, "home", "cannot change the owner of the lock to %s",
		       owner->name);
}

bool instance_lock(struct instance_locks *locks, const struct conf *conf,
	const struct service_user *owner, struct err *err)
{
	struct instance_locks taken = INSTANCE_LOCKS_NONE;
	bool ok = lock_take(conf->home, &taken.home, err) && give(taken.home, owner, err);

	if (ok && !conf_is_shared(conf) && !is_same_folder(conf->home, conf->regions))
		ok = check_last_home(conf, err) &&
		     lock_take_regions(conf->regions, true, &taken.regions, err) &&
		     give(taken.regions, owner, err);
	if (!ok) {
		instance_unlock(&taken);
		return false;
	}
	*locks = taken;
	return true;
}

/* The regions first: the next instance takes them last. */
void instance_unlock(struct instance_locks *locks)
{
	if (locks->regions >= 0)
		close(locks->regions);
	if (locks->home >= 0)
		close(locks->home);
	*locks = INSTANCE_LOCKS_NONE;
}

void instance_register_child(const struct instance_locks *locks)
{
	if (locks->home >= 0)
		lock_register_child(locks->home);
	if (locks->regions >= 0)
		lock_register_child(locks->regions);
}

bool instance_holds_regions(const struct instance_locks *locks, const struct conf *conf)
{
	return locks->regions < 0 || lock_is_in_place(conf->regions, locks->regions);
}

bool instance_renew(struct instance_locks *locks, const struct conf *conf, struct err *err)
{
	int taken;

	if (instance_holds_regions(locks, conf) ||
		(mkdir(conf->regions, 0700) != 0 && errno != EEXIST))
		return true;
	if (!lock_take_regions(conf->regions, false, &taken, err))
		return false;
	close(locks->regions);
	locks->regions = taken;
	return true;
}
