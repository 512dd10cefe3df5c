#pragma once
/*
 * Repair of damaged pages, shared by its files and store.c. Private to the store.
 *
 *     repair.c          the pages
 *     repair_lost.c     the tasks that were lost with them, by their entries of the index
 *     repair_derived.c  rows that follow from others; the note on disk of a repair that has begun
 */
#include "store/internal.h"

struct repair {
	const struct store_repair_sink *sink;
	struct store_repair_report *report;
	bool dry;
	/* Bits 1 << enum engine_table: in the note; of these, that may have lost rows. */
	unsigned noted, lost;
	unsigned cleared; /* the same bits: trees that this repair has emptied */
};

#define REPAIR_TASK_TABLES (1U << TABLE_TASKS | 1U << TABLE_NAMED_TASKS)

/* Names the tasks that cannot be read; sets names_unknown of the report. */
bool repair_name_lost(struct store *store, struct repair *repair, struct err *err);
/* Removes the entries of lost tasks from the index, which is complete, and names each task. */
bool repair_find_lost(struct store *store, struct repair *repair, struct err *err);
/* Writes numbers, usage and the state of the index again, for the tables that have lost rows. */
bool repair_derived(struct store *store, struct repair *repair, struct err *err);

/*
 * The note says from before the first change until the end of a repair which tables may have lost
 * rows. Adds the tables of a note on disk; ERR_DAMAGED.
 */
bool repair_load_note(struct store *store, unsigned *tables, struct err *err);
/* Durably; tables 0: removes it. */
bool repair_save_note(struct store *store, unsigned tables, struct err *err);
/*
 * While the store is opened alone: empties the damaged pages of the meta table, without which the
 * store cannot be opened, and notes it for store_repair().
 */
bool repair_meta_at_open(struct store *store, struct err *err);
/* When the store is opened alone: shows the note of a repair that has not ended. */
bool repair_show_note(struct store *store, struct err *err);
