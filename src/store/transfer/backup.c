#include "store/transfer/backup.h"

#include <inttypes.h>

#include "base/clock.h"
#include "store/internal.h"

#define NOTE_KEY STR("last_backup")

/* ---- holding the logs ---- */

bool store_hold_logs(struct store *store, uint64_t owner, int64_t ms, struct err *err)
{
	struct store_hold *hold = &store->shared->hold;
	uint64_t none = atomic_load(&hold->owner);
	int64_t now = clock_mono_ms();

	if (none != owner && none != 0 && atomic_load(&hold->until) > now)
		return err_set(err, ERR_BUSY, NULL,
			"another backup is running, or was killed less than a minute ago");
	if (!atomic_compare_exchange_strong(&hold->owner, &none, owner))
		return err_set(err, ERR_BUSY, NULL, "another backup has just begun");
	atomic_store(&hold->until, now + ms);
	return true;
}

void store_release_logs(struct store *store, uint64_t owner)
{
	if (atomic_load(&store->shared->hold.owner) == owner)
		atomic_store(&store->shared->hold.until, 0);
}

bool store_position(struct store *store, struct store_position *position, struct err *err)
{
	enum engine_status status;

	store_enter(store);
	status = store->engine->ops->position(store->engine, position);
	store_leave(store);
	return status == ENGINE_OK || store_fail(store, (int)status, err);
}

/* ---- the time of the last backup ---- */

static int step_note(struct store *store, void *data, struct err *err)
{
	struct buf text = BUF_INIT;
	int rc;

	(void)err;
	buf_printf(&text, "%" PRId64, *(const int64_t *)data);
	rc = store_put(store, TABLE_META, NOTE_KEY, buf_str(&text), ENGINE_REPLACE);
	buf_free(&text);
	return rc;
}

bool store_note_backup(struct store *store, int64_t time, struct err *err)
{
	if (!step_call_write(store, STR(""), step_note, &time, err) || !store_flush(store, err))
		return false;
	atomic_store(&store->shared->health.last_backup, (uint64_t)time);
	return true;
}

static int step_read_note(struct store *store, void *data, struct err *err)
{
	struct buf text = BUF_INIT;
	int rc = store_get(store, TABLE_META, NOTE_KEY, false, &text);

	(void)err;
	if (rc == 0 && !str_to_u64(buf_str(&text), data))
		rc = ENGINE_NOT_FOUND;
	buf_free(&text);
	return rc == ENGINE_NOT_FOUND ? 0 : rc;
}

bool store_load_backup_note(struct store *store, struct err *err)
{
	uint64_t time = 0;

	if (!step_call(store, ENGINE_READ, step_read_note, &time, err))
		return false;
	atomic_store(&store->shared->health.last_backup, time);
	return true;
}

/* ---- counts ---- */

static bool count_row(struct str key, struct str value, void *data)
{
	(void)key, (void)value;
	++*(uint64_t *)data;
	return true;
}

bool store_count_rows(struct store *store, store_take_count *take, void *data, struct err *err)
{
	enum engine_status status = ENGINE_OK;
	bool ok = true;

	store_enter(store);
	for (int i = 0; ok && i < ENGINE_TABLES; i++) {
		uint64_t rows = 0;

		status = store->engine->ops->begin(store->engine, ENGINE_READ);
		if (status == ENGINE_OK)
			status = store->engine->ops->each(
				store->engine, (enum engine_table)i, true, count_row, &rows);
		store->engine->ops->abort(store->engine);
		ok = status == ENGINE_OK && take(engine_tables[i].name, rows, data);
	}
	store_leave(store);
	if (status != ENGINE_OK)
		return store_fail(store, (int)status, err);
	return ok || err_no_memory(err);
}

/* ---- files ---- */

bool store_copy_data(int from, int to, const struct file_pace *pace, struct err *err)
{
	return bdb_engine_ops.copy_data(from, to, pace, err);
}
