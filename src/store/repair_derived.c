#include "store/index/state.h"
#include "store/repair.h"
#include "store/tasks/walk.h"

#define NOTE_KEY STR("repair")

/* ---- the note ---- */

static int step_load(struct store *store, void *data, struct err *err)
{
	unsigned *tables = data, found = 0;
	struct buf text = BUF_INIT;
	int rc = store_get(store, TABLE_META, NOTE_KEY, false, &text);

	(void)err;
	buf_put(&text, "", 1);
	if (rc == 0 && buf_ok(&text) && sscanf(text.data, "%x", &found) == 1)
		*tables |= found;
	buf_free(&text);
	return rc == ENGINE_NOT_FOUND ? 0 : rc;
}

static int step_save(struct store *store, void *data, struct err *err)
{
	const unsigned *tables = data;
	char text[24];
	int len = snprintf(text, sizeof(text), "%x", *tables), rc;

	(void)err;
	if (*tables != 0)
		return store_put(store, TABLE_META, NOTE_KEY, (struct str){ text, (size_t)len },
			ENGINE_REPLACE);
	rc = store_del(store, TABLE_META, NOTE_KEY);
	return rc == ENGINE_NOT_FOUND ? 0 : rc;
}

bool repair_load_note(struct store *store, unsigned *tables, struct err *err)
{
	return step_call(store, ENGINE_READ, step_load, tables, err);
}

bool repair_save_note(struct store *store, unsigned tables, struct err *err)
{
	if (!step_call_write(store, STR(""), step_save, &tables, err) || !store_flush(store, err))
		return false;
	atomic_store(&store->shared->health.repair_unfinished, tables != 0);
	return true;
}

bool repair_show_note(struct store *store, struct err *err)
{
	unsigned tables = 0;

	/* A page of the meta table that cannot be read is reported as such. */
	if (!repair_load_note(store, &tables, err) && err->code != ERR_DAMAGED)
		return false;
	err->code = ERR_NONE;
	atomic_store(&store->shared->health.repair_unfinished, tables != 0);
	return true;
}

/* ---- numbers ---- */

static int step_reserve(struct store *store, void *data, struct err *err)
{
	(void)err;
	return number_reserve(store, data);
}

static bool reserve_number(struct store *store, const struct index_key *key, struct str record,
	void *data, struct err *err)
{
	struct task task;

	(void)key, (void)data;
	return !record_decode(&task, record) || task.number == 0 ||
	       step_call_write(store, STR(""), step_reserve, &task, err);
}

static bool reserve_numbers(struct store *store, struct err *err)
{
	struct walk walk = { 0 };
	bool ok = walk_open(store, &walk, err) &&
		  walk_tasks(store, &walk, reserve_number, NULL, err);

	walk_close(&walk);
	return ok;
}

/* ---- all of them ---- */

bool repair_derived(struct store *store, struct repair *repair, struct err *err)
{
	struct store_repair_report *report = repair->report;
	bool meta = repair->lost & 1U << TABLE_META, ok = true;

	/* Without its row, the next recovery would replace the index. */
	if (meta && store_index_is_complete(store))
		ok = index_set_complete(
			store, atomic_load(&store->shared->health.index_left_out), err);
	if (ok && meta)
		ok = reserve_numbers(store, err) && usage_keep_limits(store, err);
	if (ok && repair->lost & (REPAIR_TASK_TABLES | 1U << TABLE_USAGE))
		ok = store_recount(
			store, NULL, &report->wrong_counts, &report->changed_counts, err);
	return ok;
}
