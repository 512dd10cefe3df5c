#pragma once
/*
 * The commands backup and restore. A backup is a folder:
 *
 *	manifest.json	written last (admin/manifest.h)
 *	data/, log/	copies of the files in the home
 *	incomplete	while the backup is being made, and after it failed
 *	verify/		a second copy, on which the recovery is tried
 *
 * Copies of files that the service changes become a store by catastrophic recovery
 * (store/transfer/backup.h). polytaskctl reads the files itself and never joins the environment:
 * the service cannot write outside of its home, and only holds its logs meanwhile
 * (admin/backup_commands.h).
 */
#include "ctl/ctl_command.h"

int ctl_backup(struct ctl *ctl);
int ctl_restore(struct ctl *ctl);
