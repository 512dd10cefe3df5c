#pragma once
/*
 * A script of operations on a store, for one process, and a record of every outcome in memory that
 * it shares with its parent. A second process checks the store against the record.
 *
 * A task's version is 0 while it does not exist. It is at most 7.
 */
#include "store/fixture.h"

#define SCRIPT_TASKS 40
/* Tasks from this number on exist before the script begins and are not changed by it. */
#define SCRIPT_OLD 28

struct script_record {
	struct store_shared shared;
	uint32_t versions[SCRIPT_TASKS]; /* bits: in which versions a task may be found */
	bool keyed[SCRIPT_TASKS];	 /* its creation with an Idempotency-Key was acknowledged */
	unsigned refused, busy, unknown; /* outcomes of changes */
	unsigned calls;			 /* that the armed fault counted, at the script's end */
	bool finished;
	char message[300]; /* of the check; empty: the store is as it should be */
};

/* Fills an empty store with the old tasks. */
void script_prepare(const struct store_options *options, struct script_record *record);
/*
 * Opens the store with recovery and runs the script with the armed fault; returns an exit status.
 */
int script_run(const struct store_options *options, struct script_record *record);
/* Opens the store with recovery, compares it with the record, and changes it once. */
void script_check(const struct store_options *options, struct script_record *record);
