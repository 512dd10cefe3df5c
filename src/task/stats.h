#pragma once
/*
 * Counts of a tenant's tasks by dialect and kind (OP_STATS). Filters borrow from the request; an
 * answer owns its texts and is a part of struct result.
 */
#include "base/buf.h"
#include "task/task.h"

#define STATS_ROWS_MAX	1000 /* of one answer */
#define STATS_KINDS_MAX 64   /* of a filter */
/* Priorities of one kind that are looked at for the oldest ready task, the highest first. */
#define STATS_PRIORITIES_MAX 64

/* The time before op.now in which tasks ended. */
enum stats_window { STATS_MINUTE, STATS_HOUR, STATS_DAY, STATS_WINDOWS };

/* In the order of the dialects' codes, then of the bytes of the kinds. */
struct op_stats {
	const uint8_t *dialects;
	size_t dialect_count;	 /* 0: all */
	const struct str *kinds; /* an empty one: tasks without a kind */
	size_t kind_count;	 /* 0: all */
	unsigned limit;		 /* rows, 1 to STATS_ROWS_MAX */
	struct str after;	 /* stats_answer.next; empty: from the start */
};

/*
 * One kind of a dialect. Archived tasks count in the windows only; tasks that were removed count
 * nowhere.
 */
struct stats_row {
	uint8_t dialect;
	uint8_t kind_len; /* 0: tasks without a kind */
	char kind[TASK_KIND_MAX];
	uint64_t states[TASK_STATES];
	uint64_t ready;			   /* pending tasks that workers may claim now */
	struct optional_time oldest_ready; /* since when one of these could be claimed */
	uint64_t succeeded[STATS_WINDOWS]; /* ended so in the window */
	uint64_t failed[STATS_WINDOWS];
};

struct stats_answer {
	struct stats_row *rows;
	size_t count;
	bool exact; /* all rows are of one moment */
	int64_t at; /* op.now */
	/* Where the rows that follow begin; empty: there are none. */
	struct buf next;
};

static inline struct str stats_kind(const struct stats_row *row)
{
	return (struct str){ row->kind, row->kind_len };
}
