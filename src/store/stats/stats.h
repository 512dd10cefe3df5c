#pragma once
/*
 * Counts of a tenant's tasks by dialect and kind, from ranges of the index: those of INDEX_WORK,
 * and of INDEX_READY for tasks that may be claimed. Private to the store.
 *
 *     kinds.c  which kinds there are, in order
 *     row.c    the counts of one kind
 *     oldest.c the ready task that has waited longest
 *     states.c counts by state alone (state_counts.h)
 *     moment.h whether all counts are of one moment
 *     stats.c  the operation, in slices
 *     series.h counts by time
 */
#include "store/stats/moment.h"

/* Entries with the same first part, in which the kinds follow. */
struct kind_stream {
	bool is_read, ended;
	uint8_t kind_len;
	char kind[TASK_KIND_MAX]; /* the next one, unless it has ended */
};

/* The ready tasks; the others by state; and archived ones, for the windows. */
enum {
	STREAM_READY,
	STREAM_STATES, /* plus a state */
	STREAM_ARCHIVED_SUCCEEDED = STREAM_STATES + TASK_STATES,
	STREAM_ARCHIVED_FAILED,
	STREAMS
};
#define STREAM_BIT(stream) (1U << (stream))

struct stats_reading {
	struct store *store;
	struct str tenant;
	struct op_stats query;
	const struct op_workers *workers; /* which are read after the counts; NULL: none */
	struct stats_answer *answer;
	size_t capacity; /* of its rows */
	uint8_t dialect; /* that is being read; 0: none yet */
	bool has_kind;	 /* the last kind is the row's before */
	struct stats_row last;
	struct kind_stream streams[STREAMS];
	bool begun, done;
	struct moment moment;
};

/* ---- kinds.c ---- */

/* The prefix of a stream's entries. */
void stream_prefix(const struct stats_reading *reading, int stream, struct index_key *prefix);
/*
 * The kind behind reading->last, of the dialect, in row->kind; *streams has a bit for each stream
 * that may have tasks of it. *found false if there is none.
 */
int stats_next_kind(struct stats_reading *reading, struct slice *slice, struct stats_row *row,
	unsigned *streams, bool *found);

/* ---- row.c ---- */

/* Counts the tasks of row->kind. */
int stats_count(struct stats_reading *reading, struct slice *slice, unsigned streams,
	struct stats_row *row);

/* ---- oldest.c ---- */

/* Tasks of one pair of kind and priority that are looked at, those created first. */
#define OLDEST_PAIR_MAX 16
/* In one search: tasks that are not the first one of their pair, and entries of the journal. */
#define OLDEST_FURTHER 64

/* A search among the ready tasks of a tenant, pair by pair. */
struct oldest_search {
	struct store *store;
	struct str tenant;
	unsigned further;	    /* begins with OLDEST_FURTHER */
	uint64_t steps;		    /* look-ups */
	struct optional_time since; /* the result: when workers could first claim it */
};

/* In a step. `first` is the first entry of the pair, whose prefix has pair_len bytes. */
int oldest_search_pair(
	struct oldest_search *search, const struct index_key *first, size_t pair_len);

/* ---- stats.c ---- */

bool stats_open(struct store *store, const struct op *op, struct result *result, struct err *err);
bool stats_go_on(struct result *result, unsigned slice_steps, struct err *err);
void stats_free(struct result *result);
/* Bytes of memory. */
size_t stats_memory(const struct result *result);
