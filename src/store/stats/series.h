#pragma once
/*
 * Counts of what happened to tasks, by time (OP_SERIES), from ranges of the index: those of
 * INDEX_BY_CREATED, and of INDEX_WORK for the ends of tasks, kind by kind. Private to the store.
 */
#include "store/stats/moment.h"

/* Steps are split in that many parts, and these again, until each is one step: at most 3 times. */
#define SERIES_SPLIT ENGINE_PARTS_MAX
/* A part with at most so many tasks is not split any more. */
#define SERIES_READ_MAX	 64
#define SERIES_PARTS_MAX (3 * (SERIES_SPLIT - 1) + 1)
_Static_assert(SERIES_SPLIT *SERIES_SPLIT *SERIES_SPLIT >= SERIES_STEPS_MAX, "3 times are enough");

/* Steps from `from` to `to` (excluded), and the tasks in them. */
struct series_part {
	unsigned from, to;
	uint64_t tasks;
	uint64_t hint; /* engine_range.hint */
};

/* Entries of current and of archived tasks, for each event. */
#define SERIES_STREAMS (2 * SERIES_EVENTS)

struct series_reading {
	struct store *store;
	struct str tenant;
	struct op_series query;
	struct series_answer *answer;
	size_t capacity;       /* of its rows */
	uint8_t dialect;       /* that is being counted */
	unsigned stream;       /* of it: 2 * enum series_event, plus 1 for archived tasks */
	bool in_kind;	       /* `kind` is valid */
	bool uncounted;	       /* its entries in all steps are not counted yet */
	struct index_key kind; /* prefix of the entries that are being counted */
	/* Parts of these entries that are not yet counted step by step, the first one on top. */
	struct series_part parts[SERIES_PARTS_MAX];
	size_t part_count;
	bool begun, done;
	struct moment moment;
};

bool series_open(struct store *store, const struct op *op, struct result *result, struct err *err);
bool series_go_on(struct result *result, unsigned slice_steps, struct err *err);
void series_free(struct result *result);
/* Bytes of memory. */
size_t series_memory(const struct result *result);
