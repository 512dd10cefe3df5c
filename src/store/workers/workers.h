#pragma once
/*
 * The workers of a tenant. Private to the store.
 *
 *     contacts.h  when each was last heard of, in shared memory
 *     holders.c   which tasks each has, from the index
 *     drain.c     which get no more tasks, in the meta table
 *     workers.c   all of this together: OP_WORKERS
 */
#include "store/list/list.h"

/* ---- drain.c ---- */

/*
 * The names of a tenant, as this process has read them. Another process that changes them raises
 * store_shared.drains of the tenant: then they are read again.
 */
struct drained {
	bool is_read;
	uint64_t changes; /* store_shared.drains before it was read */
	size_t tenant_len;
	char tenant[INDEX_TENANT_MAX];
	struct buf names; /* each ends with NUL, in order */
};

#define DRAINED_TENANTS 256 /* a hash of the tenant chooses the place */

struct drained_cache {
	struct drained tenants[DRAINED_TENANTS];
};

/* Makes sure that drain_has() knows the names of the tenant. Not within a transaction. */
bool drain_load(struct store *store, struct str tenant, struct err *err);
/* Whether the worker, or each of the tenant, gets no task; false if nothing was loaded. */
bool drain_has(const struct store *store, struct str tenant, struct str worker);
/* The names, each with NUL behind it; empty if nothing was loaded. */
struct str drain_names(const struct store *store, struct str tenant);
/* OP_DRAIN. ERR_CONFLICT beyond WORKERS_DRAINED_MAX names. */
bool drain_apply(struct store *store, const struct op *op, struct result *result, struct err *err);
void drain_free(struct store *store);

/* ---- holders.c ---- */

/* The running tasks of one worker, dialect and kind. */
struct holder {
	uint8_t name_len;
	char name[TASK_WORKER_MAX];
	struct worker_hold hold;
};

/* All zero but the first two. Owns the array (holders_free). */
struct holders {
	struct store *store;
	struct str tenant;
	struct holder *at;
	size_t count, capacity;
	uint8_t dialect; /* that is being read; 0: none yet */
	bool archived;	 /* its archived tasks */
	struct index_key from, end;
	bool full, done;
};

/* Reads more entries, until the slice is over or all were read. */
int holders_read(struct holders *holders, struct slice *slice);
/* By name, dialect and kind; each combination once. */
void holders_sort(struct holders *holders);
void holders_free(struct holders *holders);

/* ---- workers.c ---- */

/* The operation that is carried out is from this worker. */
void workers_hear(struct store *store, struct str worker);
/* Notes its worker, if it has one, in the table of contacts.h. */
void workers_note(struct store *store, const struct op *op);

struct workers_reading {
	struct store *store;
	struct str tenant;
	struct op_workers query;
	int64_t now;
	struct holders holders;
};

bool workers_open(struct store *store, const struct op *op, struct result *result, struct err *err);
bool workers_go_on(struct result *result, unsigned slice_steps, struct err *err);
void workers_free(struct result *result);
/* Bytes of memory. */
size_t workers_memory(const struct result *result);
