#include "store/transfer/snapshot.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "sys/process_info.h"

#define SALVAGE_REMEDY "run `polytaskctl export --salvage`, which leaves out these tasks"

/* ---- the moment ---- */

static bool ignore_row(struct str key, struct str value, void *data)
{
	(void)key, (void)value, (void)data;
	return true;
}

/*
 * Locks every row of the usage table. A writer holds the row of its tenant from usage_settle, in
 * which it reads shared->snapshot, to its commit: so each transaction is committed before `set`, or
 * sees what it has set.
 */
static int set_under_locks(struct store *store, uint64_t from, uint64_t to, bool *done)
{
	int rc = (int)store->engine->ops->each(store->engine, TABLE_USAGE, true, ignore_row, NULL);

	*done = rc == 0 && atomic_compare_exchange_strong(&store->shared->snapshot, &from, to);
	return rc;
}

static int step_open(struct store *store, void *data, struct err *err)
{
	const struct snapshot *snapshot = data;
	bool done;
	int rc = set_under_locks(store, 0, snapshot->moment, &done);

	if (rc != 0 || done)
		return rc;
	err_set(err, ERR_BUSY, NULL, "another export is running");
	return STEP_FAILED;
}

/* A process that was killed leaves its export open, and each change would go on noting rows. */
static void end_abandoned(struct store *store)
{
	uint64_t moment = atomic_load(&store->shared->snapshot);
	uint64_t owner = atomic_load(&store->shared->snapshot_owner);
	struct process_info info;

	if (moment == 0 || (uint32_t)owner != (uint32_t)moment ||
		(process_info_read((pid_t)(owner >> 32), &info) && info.state != 'Z'))
		return;
	atomic_compare_exchange_strong(&store->shared->snapshot, &moment, 0);
}

static int step_close(struct store *store, void *data, struct err *err)
{
	const struct snapshot *snapshot = data;
	bool done;

	(void)err;
	return set_under_locks(store, snapshot->moment, 0, &done);
}

/* ---- rows that no export needs any more ---- */

#define ROWS_PER_COMMIT 256

struct removal {
	struct index_key from, to;
	size_t count;
};

static int step_remove(struct store *store, void *data, struct err *err)
{
	struct removal *removal = data;
	const struct engine_range range = { .from = key_str(&removal->from),
		.to = key_str(&removal->to) };
	int rc = store_scan(store, TABLE_SNAPSHOT, &range, false, ROWS_PER_COMMIT);

	(void)err;
	removal->count = store->batch.count;
	for (size_t i = 0; rc == 0 && i < removal->count; i++)
		rc = store_del(store, TABLE_SNAPSHOT, engine_batch_key(&store->batch, i));
	return rc;
}

/* Removes the rows of the moments from (included) to (excluded). */
static bool remove_rows(struct store *store, uint64_t from, uint64_t to, struct err *err)
{
	struct removal removal = { .count = ROWS_PER_COMMIT };
	bool ok = true;

	snapshot_prefix(&removal.from, from);
	snapshot_prefix(&removal.to, to);
	while (ok && removal.count == ROWS_PER_COMMIT)
		ok = step_call_write(store, STR(""), step_remove, &removal, err);
	return ok;
}

/* ---- keys of the tasks ---- */

struct noted {
	struct engine_batch keys; /* in order */
	bool *found;
};

static int step_noted(struct store *store, void *data, struct err *err)
{
	struct snapshot *snapshot = data;
	struct index_key from, to;
	struct engine_range range;

	(void)err;
	snapshot_key(&from, snapshot->moment, SNAPSHOT_TASK, STR(""));
	snapshot_key(&to, snapshot->moment, SNAPSHOT_TASK + 1, STR(""));
	range = (struct engine_range){ .from = key_str(&from), .to = key_str(&to) };
	return store_scan(store, TABLE_SNAPSHOT, &range, false, SIZE_MAX);
}

static size_t find_noted(const struct engine_batch *keys, const struct index_key *key)
{
	size_t low = 0, high = keys->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = str_compare(
			str_skip(engine_batch_key(keys, middle), SNAPSHOT_HEAD_SIZE), key_str(key));

		if (order == 0)
			return middle;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return keys->count;
}

static bool append_missing(struct snapshot *snapshot, const struct engine_batch *keys, bool *found)
{
	struct index_key key;

	rewind(snapshot->walk.keys);
	while (walk_next(&snapshot->walk, &key)) {
		size_t place = find_noted(keys, &key);

		if (place < keys->count)
			found[place] = true;
	}
	for (size_t i = 0; i < keys->count; i++) {
		if (!found[i] && !walk_append(&snapshot->walk,
					 str_skip(engine_batch_key(keys, i), SNAPSHOT_HEAD_SIZE)))
			return false;
	}
	return walk_rewind(&snapshot->walk);
}

/*
 * The walk lists the keys while tasks are written: it may have missed those removed since the
 * moment, which were noted.
 */
static bool complete_keys(struct store *store, struct snapshot *snapshot, struct err *err)
{
	bool *found, ok;

	if (!step_call(store, ENGINE_READ, step_noted, snapshot, err))
		return false;
	if (store->batch.count == 0)
		return true;
	found = calloc(store->batch.count, sizeof(*found));
	ok = found && append_missing(snapshot, &store->batch, found);
	free(found);
	return ok || err_set(err, ERR_INTERNAL, NULL, "the temporary file cannot be written");
}

/* ---- shared engines: they keep the rows of a moment themselves ---- */

static bool hold_view(struct store *store, bool hold, struct err *err)
{
	enum engine_status status;

	store_enter(store);
	status = store->engine->ops->hold_view(store->engine, hold);
	store_leave(store);
	return status == ENGINE_OK || store_fail(store, (int)status, err);
}

static bool open_held(struct store *store, struct snapshot *snapshot, struct err *err)
{
	struct err ignored;

	if (!hold_view(store, true, err))
		return false;
	if (walk_open(store, &snapshot->walk, err))
		return true;
	hold_view(store, false, &ignored);
	return false;
}

/* ---- reading ---- */

bool snapshot_open(struct store *store, struct snapshot *snapshot, struct err *err)
{
	struct err ignored;

	*snapshot = (struct snapshot){ .moment = (uint64_t)clock_wall_ms() };
	if (store->engine->ops->shared)
		return open_held(store, snapshot, err);
	end_abandoned(store);
	if (!step_call(store, ENGINE_VIEW, step_open, snapshot, err))
		return false;
	atomic_store(&store->shared->snapshot_owner,
		(uint64_t)getpid() << 32 | (uint32_t)snapshot->moment);
	if (store_flush(store, err) && remove_rows(store, 0, snapshot->moment, err) &&
		walk_open(store, &snapshot->walk, err)) {
		if (walk_refuse_damaged(&snapshot->walk, SALVAGE_REMEDY, err) &&
			complete_keys(store, snapshot, err))
			return true;
		walk_close(&snapshot->walk);
	}
	step_call(store, ENGINE_VIEW, step_close, snapshot, &ignored);
	return false;
}

bool snapshot_close(struct store *store, struct snapshot *snapshot, struct err *err)
{
	walk_close(&snapshot->walk);
	buf_free(&snapshot->image);
	if (store->engine->ops->shared)
		return hold_view(store, false, err);
	return step_call(store, ENGINE_VIEW, step_close, snapshot, err) &&
	       remove_rows(store, snapshot->moment, snapshot->moment + 1, err);
}

int snapshot_find(struct store *store, struct snapshot *snapshot, enum snapshot_kind kind,
	struct str key, bool *noted)
{
	struct index_key row;
	int rc = ENGINE_NOT_FOUND;

	buf_reset(&snapshot->image);
	if (!store->engine->ops->shared && snapshot_key(&row, snapshot->moment, kind, key))
		rc = store_get(store, TABLE_SNAPSHOT, key_str(&row), false, &snapshot->image);
	*noted = rc == 0 && snapshot->image.len > 0;
	return rc == ENGINE_NOT_FOUND ? 0 : rc;
}

struct reading {
	struct snapshot *snapshot;
	const struct index_key *key;
	struct buf *record;
};

/* The task is locked before the note is looked up, so no writer can come in between. */
static int step_read(struct store *store, void *data, struct err *err)
{
	const struct reading *reading = data;
	struct snapshot *snapshot = reading->snapshot;
	bool noted = false;
	int rc;

	(void)err;
	buf_reset(reading->record);
	rc = store_get(store, row_table_of_key(store, reading->key), key_str(reading->key), false,
		reading->record);
	if (rc == 0 || rc == ENGINE_NOT_FOUND)
		rc = snapshot_find(store, snapshot, SNAPSHOT_TASK, key_str(reading->key), &noted);
	if (rc != 0 || !noted)
		return rc;
	buf_reset(reading->record);
	if (snapshot->image.data[0])
		buf_put_str(reading->record, str_skip(buf_str(&snapshot->image), 1));
	return buf_ok(reading->record) ? 0 : ENGINE_NO_MEMORY;
}

bool snapshot_is_valid(struct store *store, const struct snapshot *snapshot, struct err *err)
{
	atomic_fetch_add(&store->shared->snapshot_reads, 1);
	return store->engine->ops->shared ||
	       atomic_load(&store->shared->snapshot) == snapshot->moment ||
	       err_set(err, ERR_BUSY, NULL,
		       "the export was ended because its output was not read for %d minutes",
		       SNAPSHOT_IDLE_MINUTES);
}

static bool read_image(struct store *store, struct reading *reading, struct err *err)
{
	if (step_call(store, ENGINE_VIEW, step_read, reading, err))
		return true;
	if (err->code == ERR_DAMAGED)
		reading->snapshot->walk.unread++;
	return err->code == ERR_DAMAGED
		       ? walk_refuse_damaged(&reading->snapshot->walk, SALVAGE_REMEDY, err)
		       : false;
}

bool snapshot_each_task(struct store *store, struct snapshot *snapshot, walk_function *take,
	void *data, struct err *err)
{
	struct buf record = BUF_INIT;
	struct index_key key;
	struct reading reading = { snapshot, &key, &record };
	bool ok = true, more = true;

	err->code = ERR_NONE;
	while (ok && more && walk_next(&snapshot->walk, &key)) {
		ok = read_image(store, &reading, err) && snapshot_is_valid(store, snapshot, err);
		if (ok && record.len > 0)
			more = take(store, &key, buf_str(&record), data, err);
	}
	buf_free(&record);
	return ok && err->code == ERR_NONE && walk_ended(&snapshot->walk, err);
}

/* ---- an export that is stuck ---- */

bool snapshot_watch(struct store *store, bool low_space, bool *more, struct err *err)
{
	struct snapshot_progress *seen = &store->snapshot_seen;
	uint64_t moment = atomic_load(&store->shared->snapshot);
	uint64_t reads = atomic_load(&store->shared->snapshot_reads);

	(void)low_space, (void)more, (void)err;
	if (moment == 0 || moment != seen->moment || reads != seen->reads) {
		*seen = (struct snapshot_progress){ moment, reads, 0 };
	} else if (++seen->idle_minutes >= SNAPSHOT_IDLE_MINUTES &&
		   atomic_compare_exchange_strong(&store->shared->snapshot, &moment, 0)) {
		log_warn("export", "an export was ended: its output was not read for %d minutes",
			SNAPSHOT_IDLE_MINUTES);
	}
	return true;
}
