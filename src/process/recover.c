/*
 * The recover process: prepares directories and the store before all other processes start. Of a
 * shared store it finds out whether the server answers and has the tables of this build.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "process/child.h"
#include "sys/reserve.h"

/* An existing directory keeps its mode; a new one gets 0700, because records contain secrets. */
static bool make_directory(const char *path, struct err *err)
{
	if (mkdir(path, 0700) == 0 || access(path, R_OK | W_OK | X_OK) == 0)
		return true;
	return err_set(err, ERR_INTERNAL, RECOVERY_FAULT_DIRECTORY,
		"cannot use the directory %s: %s", path, strerror(errno));
}

static bool prepare_files(const struct conf *conf, struct err *err)
{
	enum reserve_level room;
	struct reserve_disk disk;

	if (!make_directory(conf->home, err) || !make_directory(conf->regions, err) ||
		!reserve_check(&room, &disk, conf, err))
		return false;
	if (room == RESERVE_LOW)
		reserve_release(conf->home);
	return true;
}

static bool recover(const struct child_context *child, struct err *err)
{
	struct store_options options;
	struct store *store;

	if (!conf_is_shared(child->conf) && !prepare_files(child->conf, err))
		return false;
	child_store_options(child, STORE_RECOVER, &options);
	if (!store_open(&store, &options, err))
		return false;
	store_close(store);
	return true;
}

int recover_main(const struct child_context *child)
{
	struct err err = { 0 };

	if (recover(child, &err))
		return 0;
	child_report_set(&child->slot->report, &err);
	return 1;
}
