#include "store/index/lost.h"
#include "store/tasks/walk.h"

/*
 * All tasks that can be read, each as it is when it is read: a walk through the tables, past
 * damaged pages. The index is needed only for the names of the others.
 */
struct salvage {
	const struct store_salvage_sink *sink;
	const struct index_key *key; /* of the task that is read */
	struct buf record;
	struct engine_batch lost; /* keys of the walk that were reported */
	bool stopped;		  /* by the sink */
};

static int step_read(struct store *store, void *data, struct err *err)
{
	struct salvage *salvage = data;
	int rc;

	(void)err;
	buf_reset(&salvage->record);
	rc = store_get(store, row_table_of_key(store, salvage->key), key_str(salvage->key), false,
		&salvage->record);
	return rc == ENGINE_NOT_FOUND ? 0 : rc;
}

static bool note_lost(struct salvage *salvage, struct str key)
{
	struct buf *bytes = &salvage->lost.bytes;

	if (!buf_reserve(bytes, key.len))
		return false;
	memcpy(bytes->data + bytes->len, key.ptr, key.len);
	return engine_batch_accept(&salvage->lost, key.len);
}

static bool was_reported(const struct salvage *salvage, struct str key)
{
	for (size_t i = 0; i < salvage->lost.count; i++) {
		if (str_eq(engine_batch_key(&salvage->lost, i), key))
			return true;
	}
	return false;
}

static bool report(struct salvage *salvage, const char *why, struct err *err)
{
	struct str key = key_str(salvage->key);

	err->code = ERR_NONE;
	salvage->stopped = !salvage->sink->lost(key, why, salvage->sink->data);
	return note_lost(salvage, key) || err_no_memory(err);
}

static bool take_task(struct store *store, struct salvage *salvage, struct err *err)
{
	struct task task;

	if (!step_call(store, ENGINE_READ, step_read, salvage, err))
		return err->code == ERR_DAMAGED && report(salvage, store->engine->message, err);
	if (salvage->record.len == 0)
		return true; /* removed meanwhile */
	if (!record_decode(&task, buf_str(&salvage->record))) {
		row_unreadable(key_str(salvage->key), err);
		return report(salvage, err_text(err), err);
	}
	salvage->stopped = !salvage->sink->task(&task, salvage->sink->data);
	return true;
}

static bool name_lost(struct str key, const char *why, void *data)
{
	struct salvage *salvage = data;

	if (!was_reported(salvage, key))
		salvage->stopped = !salvage->sink->lost(key, why, salvage->sink->data);
	return !salvage->stopped;
}

/* The tasks on pages that the walk has passed. */
static bool name_others(struct store *store, struct salvage *salvage, struct err *err)
{
	bool all;

	if (!lost_tasks(store, name_lost, salvage, &all, err))
		return false;
	if (!all && !salvage->stopped)
		salvage->sink->unnamed(salvage->sink->data);
	return true;
}

bool store_salvage(struct store *store, const struct store_salvage_sink *sink, struct err *err)
{
	struct index_key key;
	struct salvage salvage = { .sink = sink, .key = &key };
	struct walk walk;
	bool ok;

	if (!store_flush(store, err) || !walk_open(store, &walk, err))
		return false;
	ok = true;
	while (ok && !salvage.stopped && walk_next(&walk, &key))
		ok = take_task(store, &salvage, err);
	ok = ok && walk_ended(&walk, err);
	if (ok && !salvage.stopped && walk.damaged > 0)
		ok = name_others(store, &salvage, err);
	walk_close(&walk);
	buf_free(&salvage.record);
	engine_batch_free(&salvage.lost);
	return ok;
}
