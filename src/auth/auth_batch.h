#pragma once
/*
 * Internal to src/auth: finds records by a condition and changes or removes them.
 */
#include "auth/auth_record.h"
#include "store/auth_table.h"

/* Set the first five members and zero the rest; auth_batch_free() releases the keys. */
struct auth_batch {
	const struct auth_record_kind *kind;
	void *record; /* the caller's working memory for one record; wiped after use */
	bool (*selects)(const void *record, const void *data);
	void (*change)(void *record, const void *data); /* NULL: remove the record */
	const void *data;

	struct buf keys; /* of the records found, each with its NUL */
	unsigned found;
	struct str key; /* of the record to edit */
	bool changed;	/* by the last auth_batch_edit */
};

void auth_batch_free(struct auth_batch *batch);
/* Finds the records; fills in keys and found. */
bool auth_batch_find(struct store *store, struct auth_batch *batch, struct err *err);
/* Finds the records and changes each in a transaction. *changed: how many, also on failure. */
bool auth_batch_run(
	struct store *store, struct auth_batch *batch, unsigned *changed, struct err *err);
/*
 * The same for the next part of a table, about AUTH_BATCH_PART records, in transactions of up to
 * AUTH_BATCH_EDITS records. *place is all zero before the first part.
 */
#define AUTH_BATCH_PART	 200
#define AUTH_BATCH_EDITS 64
bool auth_batch_run_part(struct store *store, struct auth_batch *batch,
	struct store_auth_place *place, unsigned *changed, struct err *err);
/*
 * Changes one record, batch->key; an update for store_auth_edit, whose data is the batch. Leaves
 * the record alone and clears `changed` if it is no longer selected, after a concurrent change.
 */
bool auth_batch_edit(struct str old, struct buf *value, void *data, struct err *err);
