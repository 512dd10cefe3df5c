#pragma once
/*
 * The path from a task down to one of its dependents, found by the index of references: each task
 * on it refers to the one before. A task is on the path once, so circles of references end. Private
 * to dependents.c and cascade.c.
 *
 * No lock is held between transactions: the tasks of a path may move, change or vanish meanwhile
 * (path_check). 48 bytes of memory a level, and 4 in the hash table.
 */
#include "store/internal.h"

#define PATH_LEVELS_MAX 100000

/* Creation and id: the end of the index key of a field without order_by. */
#define PATH_SUFFIX_SIZE 24

struct path_task {
	struct id id;
	uint8_t after[PATH_SUFFIX_SIZE]; /* of the last child entered, if the place is kept */
	bool has_place, second_scope;
	uint32_t next; /* in the bucket, from 1; 0: none */
};

/* The children that are entered once only: the others are gone when the path comes back. */
enum path_places { PATH_KEEPS_NONE, PATH_KEEPS_ARCHIVED, PATH_KEEPS_ALL };

struct path {
	struct store *store;
	struct str tenant, root_value;
	uint8_t dialect;
	const struct index_field *field;
	const char *key_member;
	enum path_places places;
	uint64_t seed;		 /* of the hash: clients choose the ids of some tasks */
	struct path_task *tasks; /* the root first */
	size_t count, capacity;
	uint32_t *buckets; /* as many as the capacity: number of a task, from 1; 0: none */
	struct buf record, parent_record;
};

/* Begins at the op's task. STEP_FAILED with ERR_INTERNAL if the field cannot be used. */
int path_begin(struct path *path, struct store *store, const struct op *op, enum path_places places,
	struct err *err);
void path_free(struct path *path);
/* Bytes of memory. */
size_t path_memory(const struct path *path);
/* Forgets all tasks but the root, and its place. */
void path_restart(struct path *path);
/*
 * Finds a task that refers to the last one and is not on the path: *found. Archived and current
 * tasks; if only places of archived ones are kept, these come first. *steps: scans that were made.
 * Unless all places are kept, the caller is in a WRITE transaction, the task is locked, and no
 * other one can appear until its end. ENGINE_DAMAGED if the task does not have the entry that was
 * found: a removal or an archiving would not remove the entry, and would find it again.
 */
int path_next_child(struct path *path, struct id *child, bool *found, unsigned *steps);
/* Goes down to a task. STEP_FAILED with ERR_TOO_DEEP past PATH_LEVELS_MAX. */
int path_push(struct path *path, const struct id *id, struct err *err);
/* Goes back up. The root is never left. */
void path_pop(struct path *path);
/*
 * Drops tasks that are no dependents of the root any more, from the end of the path up to task
 * number `first`, whose reference is compared too. The others are locked until the end of the WRITE
 * transaction.
 */
int path_check(struct path *path, size_t first);
