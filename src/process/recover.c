/* The recover process: prepares directories and the store before all other processes start. */
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

static bool recover(const struct child_context *child, struct err *err)
{
	const struct conf *conf = child->conf;
	struct store_options options;
	enum reserve_level room;
	struct reserve_disk disk;
	struct store *store;

	if (!make_directory(conf->home, err) || !make_directory(conf->regions, err))
		return false;
	if (!reserve_check(&room, &disk, conf, err))
		return false;
	if (room == RESERVE_LOW)
		reserve_release(conf->home);
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
