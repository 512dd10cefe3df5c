#pragma once
/*
 * The service as JSON, for `polytaskctl status`: one line without its end.
 *
 *     {"pid":1,"phase":"serving","generation":1,"recoveries":0,"read_only":false,
 *      "started":1429207233000,
 *      "processes":[{"process":"worker 1","pid":2,"generation":1,"state":"ready","served":0,
 *                    "refused":0,"connections":0,"waiting":0,"flushes":0,"since":...}]}
 */
#include "process/restart.h"

struct status {
	const char *phase;
	int generation;
	int64_t started; /* wall ms */
	const struct process *processes;
	const struct scoreboard *scoreboard;
};

void status_write(const struct status *status, struct buf *out);
