#pragma once
/*
 * The workers of a tenant: which there are (OP_WORKERS), and which get no more tasks (OP_DRAIN). An
 * answer is a part of struct result.
 */
#include "base/buf.h"
#include "task/task.h"

#define WORKERS_ROWS_MAX    1000  /* of one answer */
#define WORKERS_HELD_MAX    10000 /* combinations of worker, dialect and kind that are read */
#define WORKERS_DRAINED_MAX 1000  /* names of one tenant */
/* After which a worker without a task is forgotten. */
#define WORKERS_SEEN_MS ((int64_t)24 * 3600 * 1000)
#define WORKERS_ALL	STR("*") /* in place of a name, for OP_DRAIN */

/* The name counts by itself: another entry with WORKERS_ALL may drain the same worker. */
struct op_drain {
	struct str worker;
	bool drain;
};

/* In the order of the bytes of the names. */
struct op_workers {
	unsigned limit;	  /* rows, 1 to WORKERS_ROWS_MAX */
	struct str after; /* workers_answer.next; empty: from the start */
};

/* Tasks of one dialect and kind that a worker has claimed. */
struct worker_hold {
	uint8_t dialect;
	uint8_t kind_len; /* 0: tasks without a kind */
	char kind[TASK_KIND_MAX];
	uint64_t tasks;
	int64_t oldest; /* started */
};

struct worker_row {
	uint8_t name_len;
	char name[TASK_WORKER_MAX];
	/* By this service since its start; absent: no request of the worker since then. */
	struct optional_time first_seen, last_seen;
	uint64_t tasks;
	size_t hold, hold_count; /* in workers_answer.holds */
	bool drain;		 /* by its name */
};

struct workers_answer {
	struct worker_row *rows;
	size_t count;
	struct worker_hold *holds;
	size_t hold_count;
	uint64_t seen, busy; /* of all workers: with a time, with a task */
	bool drain_all;
	bool complete;	 /* false: more than WORKERS_HELD_MAX combinations */
	struct buf next; /* the last name, if more follow; else empty */
};

static inline struct str worker_name(const struct worker_row *row)
{
	return (struct str){ row->name, row->name_len };
}

static inline struct str worker_hold_kind(const struct worker_hold *hold)
{
	return (struct str){ hold->kind, hold->kind_len };
}
