#pragma once
/*
 * Counts of a tenant's tasks by dialect and kind (OP_STATS), and of what happened to them by time
 * (OP_SERIES). Filters borrow from the request; an answer owns its texts and is a part of struct
 * result.
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

#define SERIES_STEPS_MAX 200

/* Which tasks are counted in a step. */
enum series_event {
	SERIES_CREATED,
	SERIES_SUCCEEDED, /* this and the next two: ended with the state, and still have it */
	SERIES_FAILED,
	SERIES_CANCELLED,
	SERIES_EVENTS
};

/* Step i is from `from` + i * step_ms (included) to `from` + (i + 1) * step_ms (excluded). */
struct series_times {
	int64_t from, step_ms;
	unsigned steps; /* 1 to SERIES_STEPS_MAX */
};

struct op_series {
	const uint8_t *dialects;
	size_t dialect_count; /* 0: all */
	struct series_times times;
};

/* Archived tasks count as others do; tasks that were removed count nowhere. */
struct series_row {
	uint8_t dialect;
	uint64_t counts[SERIES_EVENTS][SERIES_STEPS_MAX];
};

/* In the order of the dialects' codes: those of which the tenant has tasks, archived or not. */
struct series_answer {
	struct series_row *rows;
	size_t count;
	struct series_times times;
	bool exact; /* all counts are of one moment */
	int64_t at; /* op.now */
};

static inline struct str stats_kind(const struct stats_row *row)
{
	return (struct str){ row->kind, row->kind_len };
}
