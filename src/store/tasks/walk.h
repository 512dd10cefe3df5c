#pragma once
/*
 * Walk through all tasks without holding a lock. Private to the store.
 */
#include "store/internal.h"

/*
 * The keys of all tasks in a temporary file, as they were when it was made. Pages that cannot be
 * read are passed. Zero-initialise.
 */
struct walk {
	FILE *keys;
	uint64_t count;				/* of keys */
	bool copied;				/* all keys are in the file */
	const enum engine_table *first, *table; /* that are copied: all, the present one */
	struct engine_place place;		/* in that table */
	uint64_t damaged; /* places whose keys are not in the file: their pages are damaged */
	uint64_t unread;  /* tasks that walk_tasks left out, because a page of theirs is damaged */
	const struct store_progress *progress; /* of walk_tasks; set behind walk_open; NULL: none */
};
/* Begins a walk and copies all keys. */
bool walk_open(struct store *store, struct walk *walk, struct err *err);
/* The same for TABLE_OLD_TASKS. */
bool walk_open_old(struct store *store, struct walk *walk, struct err *err);
/*
 * walk_open in parts: walk_copy copies keys until `until_us` (monotonic), or all; call it again
 * until walk->copied, also after an error. No lock is held in between.
 */
bool walk_begin(struct walk *walk, struct err *err);
bool walk_copy(struct store *store, struct walk *walk, int64_t until_us, struct err *err);
/* A walk that was not begun is allowed. */
void walk_close(struct walk *walk);
/* False with ERR_DAMAGED and `what`, a clause, if tasks were left out so far. */
bool walk_refuse_damaged(const struct walk *walk, const char *what, struct err *err);
/* Appends a key to the file; walk_rewind must follow. */
bool walk_append(struct walk *walk, struct str key);
bool walk_rewind(struct walk *walk);
/* False at the end or after a read error (walk_ended). */
bool walk_next(struct walk *walk, struct index_key *key);
/* False with ERR_INTERNAL after a read error. */
bool walk_ended(const struct walk *walk, struct err *err);
/*
 * Calls take with every key of the file and its record until it returns false, which ends the walk:
 * as a success unless it filled in the error. No lock is held meanwhile.
 */
typedef bool walk_function(struct store *store, const struct index_key *key, struct str record,
	void *data, struct err *err);
bool walk_tasks(
	struct store *store, struct walk *walk, walk_function *take, void *data, struct err *err);
