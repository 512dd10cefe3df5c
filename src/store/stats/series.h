#pragma once
/*
 * Counts of created and ended tasks, by time (OP_SERIES). Reads the index: INDEX_BY_CREATED for the
 * creations, INDEX_WORK for the ends, whose entries are sorted by kind before time. Private to the
 * store.
 *
 * The entries of one kind in all steps are counted at once. A range with many tasks is split into
 * SERIES_SPLIT parts, each counted, and so on until a part is one step; a part with few tasks is
 * read instead, and one without tasks costs nothing more.
 */
#include "store/stats/moment.h"

/* A range of steps is split at most 3 times until each part is one step. */
#define SERIES_SPLIT ENGINE_PARTS_MAX
/* A part with at most this many tasks is read instead of split. */
#define SERIES_READ_MAX	 64
#define SERIES_PARTS_MAX (3 * (SERIES_SPLIT - 1) + 1)
_Static_assert(SERIES_SPLIT *SERIES_SPLIT *SERIES_SPLIT >= SERIES_STEPS_MAX, "3 times are enough");

/* Steps from `from` to `to` (excluded), and the tasks in them. */
struct series_part {
	unsigned from, to;
	uint64_t tasks;
	uint64_t hint; /* engine_range.hint */
};

/* For each event the entries of tasks that are not archived, and those of archived ones. */
#define SERIES_STREAMS (2 * SERIES_EVENTS)

struct series_reading {
	struct store *store;
	struct str tenant;
	struct op_series query;
	struct series_answer *answer;
	size_t capacity;       /* of its rows */
	uint8_t dialect;       /* the one being counted; 0: none yet */
	unsigned stream;       /* 2 * enum series_event, plus 1 for archived tasks */
	bool in_kind;	       /* `kind` is valid */
	bool uncounted;	       /* count_kind() is next for `kind` */
	struct index_key kind; /* prefix of the entries being counted */
	/* A stack of the parts of these entries that are still to be split or read, the first on top. */
	struct series_part parts[SERIES_PARTS_MAX];
	size_t part_count;
	bool begun, done;
	struct moment moment;
};

/* OP_SERIES, as store_apply() and store_go_on(). ERR_NO_MEMORY; errors of the store. */
bool series_open(struct store *store, const struct op *op, struct result *result, struct err *err);
bool series_go_on(struct result *result, unsigned slice_steps, struct err *err);
/* Frees both the reading and the answer. */
void series_free(struct result *result);
/* Bytes of memory that the reading and its rows occupy. */
size_t series_memory(const struct result *result);
