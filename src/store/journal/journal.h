#pragma once
/*
 * The journal in the store (task/journal.h). Private to the store.
 *
 * Keys are tenant NUL · number (8, big-endian). Numbers are those of the whole store and grow: an
 * entry is numbered while its task is locked, so the entries of a task have the order of its
 * changes. An entry takes one number for each JOURNAL_NUMBER_BYTES, of which the first is its own:
 * so a number of entries bounds the bytes of the journal, too. A transaction that fails leaves a
 * gap. Entries are removed by their age and number. Numbers never begin again, unless a damaged
 * journal was emptied while no process ran: so an entry counts for a task only if it has its id.
 *
 *     entry.c    entries as bytes
 *     note.c     when a change has an entry, and which one
 *     read.c     the history of a task
 *     order.c    which entries no other one can precede any more, and which are durable
 *     bounds.c   the same for every engine
 *     feed.c     the entries of a tenant in their order (OP_FEED)
 *     epoch.c    what the tables have about the journal as a whole
 *     floor.c    the highest number of a store that is copied
 *     trim.c     removes entries
 *     key.c      keys
 *     journal.c  the start, damage
 *
 * A shared engine numbers the entries of each tenant by themselves. Entries of a store that was
 * copied (transfer/copy.h) keep their numbers, because clients have places. So that both kinds of
 * numbers are right for both kinds of engines, numbers are given above a floor, the highest one of
 * any tenant before the copy, and what was trimmed before is known for all and for each tenant.
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
 * first. restored: the store is a backup of an earlier moment, so its journal gets another epoch.
 */
bool journal_open(struct store *store, bool restored, struct err *err);
/* Durably: the next start empties the journal. */
bool journal_mark_for_emptying(struct store *store, struct err *err);
/*
 * Writes an entry of the change of a task by the op, within its transaction, and sets
 * task->journal. Call it with the task as it will be written. old is NULL for a new task.
 */
int journal_note(
	struct store *store, const struct op *op, const struct task *old, struct task *task);
/*
 * The same before the task is removed by the op. The op's texts, time and user count, not its kind.
 */
int journal_note_removal(struct store *store, const struct op *op, const struct task *task);
/* The same for a task as an import will write it, with the time of the import. */
int journal_note_import(
	struct store *store, const struct task *old, struct task *task, int64_t now);
/* OP_HISTORY. */
bool journal_read(struct store *store, const struct op *op, struct result *result, struct err *err);
/*
 * Removes entries by store_options.journal_ms and journal_entries, for one slice; without a journal
 * the epoch, too.
 */
bool journal_trim(struct store *store, bool *more, struct err *err);
/* OP_FEED. */
bool journal_feed(struct store *store, const struct op *op, struct result *result, struct err *err);
void journal_feed_free(struct feed_answer *answer);
/* Bytes of memory; 0 without one. */
size_t journal_feed_memory(const struct feed_answer *answer);

/* ---- order.c ---- */

/*
 * store_shared.journal_open has a word for each process: number << 8 | stripe of the first number
 * that its present transaction has taken or is about to take; 0: none.
 */

/* In place of a stripe (store_tenant_stripe): all of them. */
#define JOURNAL_ALL 255U

/* Takes numbers for an entry of the tenant, in a transaction. */
int journal_take_numbers(struct store *store, struct str tenant, uint64_t count, uint64_t *first);

/* What may be read of the entries of a tenant. */
struct journal_bounds {
	uint64_t trimmed; /* entries up to this number may have been removed */
	uint64_t horizon; /* entries below it that can be read from now on are all there will be */
	/*
	 * The highest place that a client may get without the entries below it: numbers of
	 * transactions that are open may still appear, and those that are not durable may be given
	 * again after a crash.
	 */
	uint64_t last;
	uint64_t next; /* of all tenants: numbers from here on were never given */
};
/* Of an engine that is not shared; tenant NULL: of all tenants. */
void journal_find_bounds(
	const struct store *store, struct str tenant, struct journal_bounds *bounds);

/* The highest number that was in use, durably, is `last`; 0: none. */
void journal_begin_behind(struct store *store, uint64_t last);
/* Before entries up to this number are removed. Returns the highest number that was given. */
uint64_t journal_raise_trimmed(struct store *store, uint64_t number);

/*
 * The engine has committed the transaction, and its commit is not counted as done yet: notes the
 * numbers that it has taken.
 */
void journal_note_commit(struct store *store);
/* The transaction has ended in any way: readers may pass the numbers that it has taken. */
void journal_end(struct store *store);
/* The highest number that a flush makes durable if it begins now. */
uint64_t journal_committed(const struct store *store);
void journal_note_flush(struct store *store, uint64_t committed);

/* ---- bounds.c ---- */

/*
 * The same of every engine. tenant NULL: of all tenants; shared engines number each tenant's
 * entries by themselves.
 */
bool journal_read_bounds(
	struct store *store, struct str tenant, struct journal_bounds *bounds, struct err *err);
/* Whether entries behind this number may have been removed by now. */
bool journal_is_trimmed_behind(
	struct store *store, struct str tenant, uint64_t number, bool *trimmed, struct err *err);

/* ---- epoch.c ---- */

/* The row of the epoch. */
struct journal_epoch {
	uint64_t epoch; /* 0: there is none */
	uint64_t line;	/* the first epoch since entries were lost last: a restore keeps it */
};

/* Within a step. */
int journal_read_epoch(struct store *store, struct journal_epoch *epoch);
/* The same as a step of its own. */
bool journal_load_epoch(struct store *store, struct journal_epoch *epoch, struct err *err);
/* Draws the epoch if store_shared.journal_epoch is 0. Durable. */
bool journal_make_epoch(struct store *store, struct err *err);
/*
 * Replaces the epoch: clients of the feed have to read all tasks again. The line stays, because the
 * journal and the outbox are of the same moment. Durable.
 */
bool journal_renew_epoch(struct store *store, struct err *err);
/* The journal is off: the next epoch will be another one. Durable. */
bool journal_forget_epoch(struct store *store, struct err *err);
/*
 * Places that the store keeps have the line in place of the epoch, so that they are good after a
 * restore, too. From a place of the feed, and back.
 */
struct feed_place journal_place_to_keep(const struct store *store, struct feed_place place);
struct feed_place journal_kept_place(const struct store *store, struct feed_place kept);
/* Rows of the meta table: for all, or followed by NUL and a tenant; the floor. */
#define JOURNAL_TRIMMED_KEY STR("journal-trimmed")
#define JOURNAL_FLOOR_KEY   STR("journal-floor")
/* The highest number of the tenant that was removed, 0: none; within a step. */
int journal_read_trimmed(struct store *store, struct str tenant, uint64_t *number);
/* The same within a step that writes: of this tenant, without a shared engine of all. */
int journal_put_trimmed(struct store *store, struct str tenant, uint64_t number);
/* Sets store_shared.journal_trimmed, of all tenants, and journal_floor. */
bool journal_load_limits(struct store *store, struct err *err);
/* Within a step. */
int journal_put_floor(struct store *store, uint64_t number);

/* ---- floor.c ---- */

/* The highest number that rows of a store tell of. Zero-initialise; journal_floor_free(). */
struct journal_floor {
	uint64_t number;
	struct buf tenants; /* names, each with NUL */
	size_t last;	    /* where the last one begins */
};

/* Looks at a row of any table. False without memory. */
bool journal_floor_note(
	struct journal_floor *floor, enum engine_table table, struct str key, struct str value);
/* After all rows, in a step: the numbers that a shared engine has given to these tenants. */
int journal_floor_ask(struct store *store, struct journal_floor *floor);
void journal_floor_free(struct journal_floor *floor);
