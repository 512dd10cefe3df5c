#pragma once
/*
 * The tasks that a claim may be given, one after the other: the highest priority first; at equal
 * priority the kinds of all dialects take turns, beginning with any of them, and of one kind the
 * oldest is first. Private to claim.c.
 *
 * The index has the entries of each kind in this order: a claim reads the ranges of the kinds that
 * it or its topics name, or of all that have a ready task, side by side; each range once.
 */
#include "store/internal.h"

/* Keys of a range that are read at a time, at most. */
#define READY_KEYS_AHEAD 8

struct ready_range {
	struct index_key prefix, next, end;
	struct index_key keys[READY_KEYS_AHEAD];
	size_t at, count;
	bool is_read; /* to its end */
};

struct ready {
	struct store *store;
	struct str tenant;
	struct ready_range *ranges;
	size_t count, capacity;
	bool by_topic;
	size_t turn;  /* the range that comes first at equal priority */
	size_t ahead; /* keys of a range that are read at a time, at first */
};

/*
 * Within a transaction. `wanted` tasks will be taken, if there are so many: more keys than that are
 * read when they are needed. Call ready_free() also if it fails.
 */
int ready_begin(struct ready *ready, struct store *store, struct str tenant,
	const struct op_claim *claim, size_t wanted);
/* The index entry of the next task; *found false: there is no other one. */
int ready_next(struct ready *ready, struct index_key *entry, bool *found);
struct id ready_id(const struct index_key *entry);
/* Whether the entry is that of the task as it is now: it is ready, with this kind and priority. */
bool ready_has_entry(
	const struct store *store, const struct task *task, const struct index_key *entry);
void ready_free(struct ready *ready);
