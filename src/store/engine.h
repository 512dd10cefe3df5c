#pragma once
/*
 * Storage engine: tables of keys and values with transactions. The rest of the store decides what
 * the bytes mean and includes no engine's header; an engine knows nothing of tasks. bdb/ is the
 * default, for one machine; pg/ serves several; tests/store/memory_engine.c proves the seam.
 *
 * A handle belongs to one process and one thread: it is opened after fork and never crosses a fork.
 * It has at most one transaction at a time, so calls do not name it. Keys sort by unsigned bytes, a
 * prefix before longer keys. A scan returns a batch: no call is made per row.
 *
 * Errors: enum engine_status. After ENGINE_RETRY, ENGINE_BUSY, ENGINE_FULL, ENGINE_NO_MEMORY,
 * ENGINE_DAMAGED, ENGINE_AWAY and ENGINE_LOST the caller aborts the transaction; after
 * ENGINE_DAMAGED of a get it may go on without that row. ENGINE_DAMAGED (file and page),
 * ENGINE_FAILED, ENGINE_AWAY, ENGINE_UNKNOWN and ENGINE_LOST leave their cause in engine->message.
 *
 * Shared engines (engine_ops.shared): processes of several machines use the same tables, and shared
 * memory does not tell of each other's commits. They have scopes: a scope is a name (a tenant, or
 * empty for what belongs to no tenant) that a WRITE transaction locks before it reads what it will
 * change. Transactions that have locked the same scope exclude each other until they are durable.
 * So all that a tenant has is changed by one transaction at a time, and none of its rows needs a
 * lock of its own.
 */
#include "base/buf.h"
#include "base/id_serial.h"
#include "base/str.h"
#include "store/damage.h"
#include "store/engine_table.h"
#include "store/health.h"
#include "store/transfer/backup.h"

enum engine_status {
	ENGINE_OK = 0,
	ENGINE_NOT_FOUND,
	ENGINE_EXISTS, /* put with ENGINE_INSERT */
	ENGINE_RETRY,  /* conflict with another transaction: abort, back off, run it again */
	ENGINE_BUSY,   /* a lock was not granted in time */
	ENGINE_FULL,   /* no space */
	ENGINE_NO_MEMORY,
	/*
	 * A page that the call needs cannot be read. Nothing was changed; other pages are not
	 * affected, and the next call may succeed.
	 */
	ENGINE_DAMAGED,
	ENGINE_FAILED, /* open, checkpoint or a chore failed; the data are unchanged */
	ENGINE_LOST,   /* unusable for every process until recovery */
	/* Shared engines only. */
	ENGINE_AWAY, /* the server cannot be reached now; nothing was changed. A later call may */
	ENGINE_UNKNOWN, /* of commit and flush: whether the changes were made is not known */
};

enum engine_access {
	ENGINE_READ,  /* no transaction: a call holds its locks only until it returns */
	ENGINE_VIEW,  /* everything read is of one moment; ends by abort */
	ENGINE_WRITE, /* rows read by get (for_update) and scan do not change until the end */
};

enum engine_put {
	ENGINE_REPLACE,
	ENGINE_INSERT,
	/*
	 * As ENGINE_INSERT of a key that the caller has made, which no row can have. A shared engine
	 * may find a row of it at the flush only: ENGINE_RETRY.
	 */
	ENGINE_NEW,
};

#define ENGINE_EXPECTED_MAX 20

enum engine_mode { ENGINE_ATTACH, ENGINE_RECOVER, ENGINE_RESTORE, ENGINE_EPHEMERAL };

/* See struct store_options; texts are borrowed until close. */
struct engine_options {
	enum engine_mode mode;
	const char *home, *regions, *archive;
	uint64_t expected_tasks, cache_mb, checkpoint_mb, checkpoint_seconds;
	bool sync_commits;
	const char *url; /* of a shared engine: where its server is, with the credential */
	/*
	 * Shared engines: a flush makes all commits since the last one durable, as one transaction;
	 * until then no other process sees them, and their scopes are locked. Else each commit does.
	 */
	bool rounds;
	struct damage_table *damages; /* never NULL */
	struct store_health *health;  /* the engine stores its figures here; never NULL */
	bool migrate;
	struct store_hold *hold; /* the engine removes no log during a hold; never NULL */
	int64_t restore_until;	 /* see struct store_options */
	bool give_up_pages;	 /* the same */
	/* Of a store that is made, or has no tasks in TABLE_TASKS yet; NULL: one of its own. */
	const struct id_secret *secret;
};

#define ENGINE_MESSAGE_SIZE 300

/* Why open failed; the message has the details. See STORE_FAULT_ in store.h. */
enum engine_fault {
	ENGINE_FAULT_OTHER,
	ENGINE_FAULT_INDEX,
	ENGINE_FAULT_DERIVED,
	ENGINE_FAULT_PAGE,
	ENGINE_FAULT_REGIONS,
	ENGINE_FAULT_VERSION,
	ENGINE_FAULT_ACCESS,
	ENGINE_FAULT_REFUSED,
};

struct engine_ops;

/* A table that an open with give_up_pages made again, empty, and the page that it needed. */
struct engine_emptied {
	bool done;
	enum engine_table table;
	uint32_t page;
};

/* An engine's own struct begins with this one. */
struct engine {
	const struct engine_ops *ops;
	char message[ENGINE_MESSAGE_SIZE];
	uint32_t damaged_page; /* of the table of the last call that returned ENGINE_DAMAGED */
	enum engine_fault fault;
	struct engine_emptied emptied;
	bool log_cut; /* the same open gave up changes behind the damage of a log */
	/* Of shared engines with rounds: the server has a transaction that only a flush ends. */
	bool round_open;
	bool round_lost; /* it was undone; calls return the cause until the flush */
	/* Of shared engines: the version of the tables, which several builds can use; others: 0 */
	uint64_t layout;
	struct id_secret secret; /* set by open; kept with the data */
};

/* Of a shared engine: a scope as committed transactions have left it. */
struct engine_scope {
	uint64_t version; /* transactions that have locked it and made changes; grows */
	uint64_t number;  /* the last one that take_numbers gave; 0: none */
};

/*
 * Where rows of a serial number lie. A hint: other processes insert as well. A row takes
 * engine_row_size() bytes.
 */
struct engine_room {
	size_t bytes;  /* left for more rows before they lie apart; 0: they do already */
	size_t empty;  /* of a place without rows */
	uint32_t grow; /* the serial number whose rows make a full table grow */
};

/* Values of more than a quarter of a page of Berkeley DB lie elsewhere; 12 bytes refer to them. */
static inline size_t engine_row_size(struct str key, struct str value)
{
	return key.len + (value.len > 1024 ? 12 : value.len) + 6;
}

/* Keys from `from` (included) to `to` (excluded). */
struct engine_range {
	struct str from; /* empty: the first key */
	struct str to;	 /* ptr NULL: past the last key */
	/*
	 * For the engine: the number of the key `from`, 0 if unknown. Set by count and count_parts;
	 * valid for these and nth until commit or abort. A range that begins n keys later has the
	 * hint plus n.
	 */
	uint64_t hint;
};

#define ENGINE_PARTS_MAX 8 /* of one count_parts */

/* Keys, one behind the other. The caller owns it and reuses it to save allocations. */
struct engine_batch {
	struct buf bytes;
	size_t *ends; /* of each key in bytes */
	size_t count, capacity;
};

void engine_batch_reset(struct engine_batch *batch);
void engine_batch_free(struct engine_batch *batch);
/*
 * Accepts as a key the len bytes that the engine has written behind batch->bytes (buf_reserve).
 * Returns false without memory.
 */
bool engine_batch_accept(struct engine_batch *batch, size_t len);

static inline struct str engine_batch_key(const struct engine_batch *batch, size_t i)
{
	size_t start = i > 0 ? batch->ends[i - 1] : 0;

	return (struct str){ batch->bytes.data + start, batch->ends[i] - start };
}

/* Where a verification of all pages is; all zero: at its start. */
struct engine_scrub {
	bool from_disk; /* read the disk, not the system's cache */
	unsigned table;
	uint32_t page;
	uint64_t done, total; /* pages */
};

/* What a repair did to a page. */
enum engine_repair {
	ENGINE_REPAIR_READABLE, /* nothing: it can be read */
	ENGINE_REPAIR_COPY,	/* it was written again from a copy: nothing is lost */
	ENGINE_REPAIR_UNUSED,	/* it had no rows */
	ENGINE_REPAIR_EMPTIED,	/* its rows are lost */
	ENGINE_REPAIR_VALUE,	/* it had a part of a row's value: the row is lost */
};

/* Periodic maintenance, run by one process, the keeper. */
struct engine_chore {
	const char *name;
	int64_t interval_ms;
	unsigned duty_percent; /* struct store_chore */
	/*
	 * One slice of the work (STORE_SLICE_MS). low_space: the disk is nearly full; write what is
	 * cached while it fits. *more, false before: set it if more work waits.
	 */
	enum engine_status (*run)(struct engine *engine, bool low_space, bool *more);
};

/* Return false to end the walk. The engine must not be used meanwhile. */
typedef bool engine_take(struct str key, struct str value, void *data);

typedef bool engine_take_key(struct str key, void *data);

/* Where each_key goes on. */
struct engine_place {
	uint64_t next, last; /* for the engine */
	uint64_t damaged;    /* places that were passed because a page of theirs cannot be read */
	bool end;
};

struct engine_ops {
	/* Whether the home is of an older build: the message has the remedy. Reads no data. */
	bool (*is_old)(const char *home, char message[ENGINE_MESSAGE_SIZE]);
	/* On failure *engine is NULL or a handle with a message, for close only. */
	enum engine_status (*open)(struct engine **engine, const struct engine_options *options);
	void (*close)(struct engine *engine);

	bool shared; /* by processes of several machines: see the head of this page */

	enum engine_status (*begin)(struct engine *engine, enum engine_access access);
	/*
	 * Ends a WRITE transaction, whatever the result. Visible to every process now, durable
	 * after the next flush, or with sync_commits durable first. Shared engines: visible to this
	 * process, and to others when it is durable (engine_options.rounds).
	 */
	enum engine_status (*commit)(struct engine *engine);
	/* Ends any transaction; undoes a WRITE one. */
	enum engine_status (*abort)(struct engine *engine);
	/*
	 * Makes all commits of all processes durable. ENGINE_FULL: the outcome is unknown. Shared
	 * engines: those of this process since the last flush. ENGINE_UNKNOWN: all of them or none;
	 * any other failure: none was made. After ENGINE_RETRY and ENGINE_AWAY the caller may run
	 * their transactions again.
	 */
	enum engine_status (*flush)(struct engine *engine);

	/*
	 * Shared engines; NULL for others. Within a WRITE transaction: locks a scope, and waits for
	 * transactions that have locked it. ENGINE_BUSY: it does not wait, because the round has
	 * commits, or the transaction has locked a scope with a higher name; the round goes on. A
	 * scope that is locked already costs nothing.
	 */
	enum engine_status (*lock)(struct engine *engine, struct str scope);
	/*
	 * Shared engines; NULL for others. Within a WRITE transaction that has locked the scope:
	 * takes `count` numbers and returns the first. Transactions that take higher numbers become
	 * visible later. Numbers of a transaction that was undone are given again.
	 */
	enum engine_status (*take_numbers)(
		struct engine *engine, struct str scope, uint64_t count, uint64_t *first);
	/* Shared engines; NULL for others. As the current transaction sees it; zero: never locked. */
	enum engine_status (*read_scope)(
		struct engine *engine, struct str scope, struct engine_scope *state);

	/*
	 * Shared engines; NULL for others. Until it is called with false, all reads see the moment
	 * of the first one, however long that takes. There is no WRITE transaction meanwhile.
	 */
	enum engine_status (*hold_view)(struct engine *engine, bool hold);

	/*
	 * Shared engines; NULL for others. A hint, within a transaction or before it: it will read
	 * the row; if it is one that writes, for an update. Rows that are expected are brought by
	 * one trip, such as that of the lock; at most ENGINE_EXPECTED_MAX at a time.
	 */
	void (*expect)(struct engine *engine, enum engine_table table, struct str key);

	/*
	 * Appends the value; ENGINE_NOT_FOUND. for_update: no other process may change the row, nor
	 * insert an absent one (or put with ENGINE_INSERT reports it), until the WRITE transaction
	 * ends.
	 */
	enum engine_status (*get)(struct engine *engine, enum engine_table table, struct str key,
		bool for_update, struct buf *out);
	/*
	 * Shared engines; NULL for others. A hint, at any time: get_prefetched will be called for the
	 * row. The first such call brings the rows of all of them by one trip.
	 */
	void (*prefetch)(struct engine *engine, enum engine_table table, struct str key);
	/*
	 * With prefetch. As get, in a READ transaction; but the row may be as it was at any moment
	 * since the last prefetch of its key.
	 */
	enum engine_status (*get_prefetched)(
		struct engine *engine, enum engine_table table, struct str key, struct buf *out);
	enum engine_status (*put)(struct engine *engine, enum engine_table table, struct str key,
		struct str value, enum engine_put how);
	/*
	 * ENGINE_NOT_FOUND if the key is absent. A shared engine may remove a key of a counted
	 * table without a look, which would cost a trip, and return ENGINE_OK.
	 */
	enum engine_status (*del)(struct engine *engine, enum engine_table table, struct str key);
	/* Of a table with serial numbers. NULL: rows of one serial number do not lie together. */
	enum engine_status (*room)(struct engine *engine, enum engine_table table, uint32_t serial,
		struct engine_room *room);

	/*
	 * Appends at most limit keys of the range, descending with reverse. The range's texts must
	 * not lie in the batch.
	 */
	enum engine_status (*scan)(struct engine *engine, enum engine_table table,
		const struct engine_range *range, bool reverse, size_t limit,
		struct engine_batch *batch);
	/*
	 * Counts the keys of the range. Releases its locks at once, even in a transaction: every
	 * insert changes the counts on the path to its key.
	 */
	enum engine_status (*count)(struct engine *engine, enum engine_table table,
		struct engine_range *range, uint64_t *count);
	/*
	 * Counts the keys of adjacent parts of the range, at most ENGINE_PARTS_MAX, whose ends are
	 * sorted: part i is from ends[i - 1] (part 0: from range->from) up to ends[i], excluded.
	 * range->to is not read. Each part costs a third of a count.
	 */
	enum engine_status (*count_parts)(struct engine *engine, enum engine_table table,
		struct engine_range *range, const struct str *ends, size_t parts, uint64_t *counts);
	/* Appends key number n of the range, from 0; ENGINE_NOT_FOUND past its end. */
	enum engine_status (*nth)(struct engine *engine, enum engine_table table,
		const struct engine_range *range, uint64_t n, struct engine_batch *batch);

	/* Calls take for every row, in no order. keys_only: values are empty. */
	enum engine_status (*each)(struct engine *engine, enum engine_table table, bool keys_only,
		engine_take *take, void *data);
	/*
	 * Calls take for every key of a table that is not ordered, past pages that cannot be read
	 * (*place). In parts, outside a transaction: *place is all zero before the first part and
	 * says where to go on; a part ends soon after take has returned false. Each row that exists
	 * from the first part to the last and can be read is seen once. No lock remains between
	 * parts.
	 */
	enum engine_status (*each_key)(struct engine *engine, enum engine_table table,
		struct engine_place *place, engine_take_key *take, void *data);
	/*
	 * Removes all rows. Outside a transaction, with no other process attached. After a failure
	 * only close is allowed.
	 */
	enum engine_status (*clear)(struct engine *engine, enum engine_table table);

	/*
	 * Shortens the next recovery and, with trim, removes the files that it will not need
	 * (*removed). Waits for another process that does the same.
	 */
	enum engine_status (*checkpoint)(struct engine *engine, bool trim, unsigned *removed);
	/* See store_is_region(); NULL: the engine has no such files. */
	bool (*is_region)(const char *name);
	/*
	 * Verifies at most `pages` further pages of the files. Damaged ones are added to
	 * engine_options.damages and are no failure. *end: all were verified. NULL: the engine has
	 * no files.
	 */
	enum engine_status (*scrub)(
		struct engine *engine, struct engine_scrub *at, unsigned pages, bool *end);
	/*
	 * Makes a damaged page of an unordered table usable again, durably; outside a transaction.
	 * Rows that are lost with it are not found any more. dry: finds out what it would do.
	 * ENGINE_FAILED: the page cannot be repaired. NULL: the engine has no files.
	 */
	enum engine_status (*repair)(struct engine *engine, enum engine_table table, uint32_t page,
		bool dry, enum engine_repair *done);
	const struct engine_chore *chores; /* ends with a row without a name */

	/* As store_position and store_copy_data. ENGINE_FAILED without files. */
	enum engine_status (*position)(struct engine *engine, struct store_position *position);
	bool (*copy_data)(int from, int to, const struct file_pace *pace, struct err *err);
};

extern const struct engine_ops bdb_engine_ops;
extern const struct engine_ops pg_engine_ops;
