#pragma once
/*
 * Walk through all tasks without holding a lock. Private to the store.
 */
#include "store/internal.h"

/* The keys of all tasks in a temporary file, as they were when it was made. Zero-initialise. */
struct walk {
	FILE *keys;
	uint64_t count;				/* of keys */
	bool copied;				/* all keys are in the file */
	const enum engine_table *first, *table; /* that are copied: all, the present one */
	void *place;				/* in that table; NULL: at its beginning */
};
/* Begins a walk and copies all keys. */
bool walk_open(struct store *store, struct walk *walk, struct err *err);
/* The same for TABLE_OLD_TASKS. */
bool walk_open_old(struct store *store, struct walk *walk, struct err *err);
/*
 * walk_open in parts: walk_copy copies keys until `until_us` (monotonic), or all; call it again until
 * walk->copied, also after an error. In between this process must not write tasks.
 */
bool walk_begin(struct store *store, struct walk *walk, struct err *err);
bool walk_copy(struct store *store, struct walk *walk, int64_t until_us, struct err *err);
/* A walk that was not begun is allowed. */
void walk_close(struct store *store, struct walk *walk);
/* Appends a key to the file; walk_rewind must follow. */
bool walk_append(struct walk *walk, struct str key);
bool walk_rewind(struct walk *walk);
/* False at the end or after a read error (walk_ended). */
bool walk_next(struct walk *walk, struct index_key *key);
/* False with ERR_INTERNAL after a read error. */
bool walk_ended(const struct walk *walk, struct err *err);
/*
 * Calls take with every key and record until it returns false, which ends the walk: as a success
 * unless it filled in the error. No lock is held meanwhile.
 */
typedef bool walk_function(struct store *store, const struct index_key *key, struct str record,
	void *data, struct err *err);
bool walk_tasks(struct store *store, walk_function *take, void *data, struct err *err);
