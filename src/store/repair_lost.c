#include "base/log.h"
#include "store/index/lost.h"
#include "store/index/state.h"
#include "store/repair.h"

#define ENTRIES_PER_STEP 64

struct pass {
	struct repair *repair;
	struct index_key from; /* where to go on */
	struct str entry;      /* that is looked up, in store->batch */
	bool remove, stray;
};

/* ---- one entry ---- */

static int step_look_up(struct store *store, void *data, struct err *err)
{
	struct pass *pass = data;
	int rc = compare_entry(store, pass->entry, pass->remove, &pass->stray);

	(void)err;
	if (rc != 0 || !pass->stray || !pass->remove)
		return rc;
	/* It may have been removed before the task's row was locked. */
	buf_reset(&store->old_record);
	rc = store_get(store, TABLE_INDEX, pass->entry, true, &store->old_record);
	pass->stray = rc == 0;
	if (rc == 0)
		rc = store_del(store, TABLE_INDEX, pass->entry);
	return rc == ENGINE_NOT_FOUND ? 0 : rc;
}

static bool look_up(struct store *store, struct pass *pass, struct err *err)
{
	pass->remove = false;
	if (!step_call(store, ENGINE_READ, step_look_up, pass, err))
		return false;
	pass->remove = pass->stray;
	return !pass->stray || step_call_write(store, STR(""), step_look_up, pass, err);
}

static bool name_task(struct repair *repair, struct str key, struct err *err)
{
	const struct store_repair_sink *sink = repair->sink;
	char text[ID_TEXT_LEN + 1];
	struct id id;

	memcpy(id.bytes, key.ptr + key.len - sizeof(id.bytes), sizeof(id.bytes));
	id_format(&id, text);
	repair->report->tasks++;
	if (!repair->dry)
		log_error("task-lost", "task %s of tenant %s was on a damaged page", text, key.ptr);
	return sink->lost(key.ptr, text, sink->data) ||
	       err_set(err, ERR_INTERNAL, NULL, "writing the output failed");
}

static bool check_entry(struct store *store, struct pass *pass, struct err *err)
{
	struct index_key key;
	bool is_task;

	if (!index_entry_task(pass->entry, &key, &is_task) ||
		!(pass->repair->lost & 1U << row_table_of_key(store, &key)))
		return true;
	if (!look_up(store, pass, err))
		return false;
	return !pass->stray || !is_task || name_task(pass->repair, key_str(&key), err);
}

/* ---- all entries ---- */

static int step_scan(struct store *store, void *data, struct err *err)
{
	struct pass *pass = data;
	const struct engine_range range = { .from = key_str(&pass->from) };

	(void)err;
	return store_scan(store, TABLE_INDEX, &range, false, ENTRIES_PER_STEP);
}

static void go_on_behind(struct pass *pass, struct str entry)
{
	memcpy(pass->from.bytes, entry.ptr, entry.len);
	pass->from.bytes[entry.len] = '\0';
	pass->from.len = entry.len + 1;
}

bool repair_find_lost(struct store *store, struct repair *repair, struct err *err)
{
	struct pass pass = { .repair = repair };
	bool more = true;

	while (more) {
		if (!step_call(store, ENGINE_READ, step_scan, &pass, err))
			return false;
		more = store->batch.count == ENTRIES_PER_STEP;
		for (size_t i = 0; i < store->batch.count; i++) {
			pass.entry = engine_batch_key(&store->batch, i);
			if (pass.entry.len >= sizeof(pass.from.bytes))
				continue;
			go_on_behind(&pass, pass.entry);
			if (!check_entry(store, &pass, err))
				return false;
		}
	}
	return store_flush(store, err);
}

/* ---- a dry run ---- */

struct naming {
	struct repair *repair;
	struct err err; /* of the sink */
	bool failed;
};

static bool name_lost(struct str key, const char *why, void *data)
{
	struct naming *naming = data;

	(void)why;
	naming->failed = !name_task(naming->repair, key, &naming->err);
	return !naming->failed;
}

bool repair_name_lost(struct store *store, struct repair *repair, struct err *err)
{
	struct naming naming = { .repair = repair };
	bool all, ok = lost_tasks(store, name_lost, &naming, &all, err);

	if (naming.failed)
		*err = naming.err;
	repair->report->names_unknown = ok && !all;
	return ok && !naming.failed;
}
