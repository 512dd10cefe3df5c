#pragma once
/*
 * The part of a backup that needs the store (ctl/backup.h has the rest). `hold-logs STEP --id ID`
 * is sent by polytaskctl backup; ID, a decimal number, is the owner of the hold. It prints the
 * position as JSON: {"time":MS,"first_log":N,"last_log":N,"last_bytes":N}.
 *
 *	begin      writes a checkpoint and holds the logs
 *	continue   holds them longer
 *	end        ends the hold
 *	note       ends the hold and notes the finished backup
 */
#include "admin/admin.h"

/* A backup renews its hold several times in this time. */
#define BACKUP_HOLD_MS 60000

admin_run_fn admin_hold_logs;
