#pragma once
/*
 * Internal to the store: all tasks as they were at one moment, while they are written.
 *
 * While shared->snapshot is set, every transaction copies the tasks that it changes, as they were
 * before, to the table TABLE_SNAPSHOT, the first change of each only. A reader takes the copy if
 * there is one, otherwise the task as it is. Without a snapshot this costs a writer two loads. One
 * snapshot at a time; a recovery ends it, and so does the keeper if it makes no progress.
 */
#include "store/tasks/walk.h"

#define SNAPSHOT_IDLE_MINUTES 10

/* Bytes of a row's key before the key of the task: the moment and the kind. */
#define SNAPSHOT_HEAD_SIZE 9

struct snapshot {
	uint64_t moment;  /* ms */
	struct walk walk; /* keys of all tasks that existed, and of some that did not */
	struct buf image; /* of snapshot_find: 1 and the record, or 0: it did not exist */
};

/* ERR_BUSY while there is another one. What it shows is durable. */
bool snapshot_open(struct store *store, struct snapshot *snapshot, struct err *err);
bool snapshot_close(struct store *store, struct snapshot *snapshot, struct err *err);
/* In a step: whether the row has changed since the moment, and its image. */
int snapshot_find(struct store *store, struct snapshot *snapshot, enum snapshot_kind kind,
	struct str key, bool *noted);
/* Counts as progress. ERR_BUSY if it was ended: what was read since the last call is not of it. */
bool snapshot_is_valid(struct store *store, const struct snapshot *snapshot, struct err *err);
/* As walk_tasks, of the moment. */
bool snapshot_each_task(struct store *store, struct snapshot *snapshot, walk_function *take,
	void *data, struct err *err);

/* The first bytes of the keys of a moment. */
void snapshot_prefix(struct index_key *key, uint64_t moment);
/* The key of a row. False for a key that is too long, which no task and no Idempotency-Key has. */
bool snapshot_key(struct index_key *to, uint64_t moment, enum snapshot_kind kind, struct str key);
