#pragma once
/*
 * The journal in the store (task/journal.h). Private to the store.
 *
 * Keys are tenant NUL · number (8, big-endian). Numbers are those of the whole store and grow: an
 * entry is numbered while its task is locked, so the entries of a task have the order of its
 * changes. An entry takes one number for each JOURNAL_NUMBER_BYTES, of which the first is its own:
 * so a number of entries bounds the bytes of the journal, too. A transaction that fails leaves a
 * gap. Entries are removed by their age and number. If none is left at a start, numbers begin with
 * 1 again: an entry counts for a task only if it has the task's id.
 *
 * The journal is not exported. A damaged one is emptied, because no change may fail for its sake.
 */
#include "store/internal.h"

#define JOURNAL_NUMBER_BYTES 512

/* Appends the entry. False without memory. */
bool journal_encode(const struct journal_entry *entry, struct buf *out);
/* The entry borrows from the bytes. False: they are not one. */
bool journal_decode(struct journal_entry *entry, struct str bytes);

void journal_key(struct index_key *key, struct str tenant, uint64_t number);
/* The number in the key of an entry. */
uint64_t journal_number(struct str key);
/*
 * Finds the highest number in use, unless another process has. Alone: empties a damaged journal
 * first.
 */
bool journal_open(struct store *store, struct err *err);
/* Durably: the next start empties the journal. */
bool journal_mark_for_emptying(struct store *store, struct err *err);
/*
 * Writes an entry of the change of a task by the op, within its transaction, and sets
 * task->journal. Call it with the task as it will be written. old is NULL for a new task.
 */
int journal_note(
	struct store *store, const struct op *op, const struct task *old, struct task *task);
/* OP_HISTORY. */
bool journal_read(struct store *store, const struct op *op, struct result *result, struct err *err);
/* Removes entries by store_options.journal_ms and journal_entries, for one slice. */
bool journal_trim(struct store *store, bool *more, struct err *err);
