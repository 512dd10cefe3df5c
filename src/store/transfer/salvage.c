#include "store/index/state.h"
#include "store/tasks/walk.h"

/*
 * The ids of the tasks come from the index, because the table of tasks cannot be walked past a
 * damaged page: every task has one entry of the field INDEX_BY_CREATED. The tasks are read one by
 * one, as they are when they are read.
 */
#define KEYS_PER_STEP 1000

struct salvage {
	struct walk walk;
	struct index_key from; /* in the index: where to go on */
	bool more, failed;
	const struct index_key *key; /* of the task that is read */
	struct buf record;
};

/* The key of the task of an index entry; false for another field's. */
static bool task_key(struct str entry, struct index_key *key)
{
	size_t tenant = strnlen(entry.ptr, entry.len), id = sizeof(((struct id *)0)->bytes);

	if (entry.len < tenant + 1 + 3 + id || (uint8_t)entry.ptr[tenant + 3] != INDEX_BY_CREATED)
		return false;
	memcpy(key->bytes, entry.ptr, tenant + 1);
	memcpy(key->bytes + tenant + 1, entry.ptr + entry.len - id, id);
	key->len = tenant + 1 + id;
	return true;
}

static int step_list(struct store *store, void *data, struct err *err)
{
	struct salvage *salvage = data;
	const struct engine_range range = { .from = key_str(&salvage->from) };

	(void)err;
	return store_scan(store, TABLE_INDEX, &range, false, KEYS_PER_STEP);
}

static bool note_keys(struct store *store, struct salvage *salvage)
{
	struct str entry = STR_NULL;
	struct index_key key;

	for (size_t i = 0; i < store->batch.count; i++) {
		entry = engine_batch_key(&store->batch, i);
		if (task_key(entry, &key) && !walk_append(&salvage->walk, key_str(&key)))
			return false;
	}
	salvage->more = store->batch.count == KEYS_PER_STEP;
	if (salvage->more && entry.len < sizeof(salvage->from.bytes)) {
		memcpy(salvage->from.bytes, entry.ptr, entry.len);
		salvage->from.bytes[entry.len] = '\0';
		salvage->from.len = entry.len + 1;
	}
	return true;
}

static bool list_keys(struct store *store, struct salvage *salvage, struct err *err)
{
	salvage->more = true;
	while (salvage->more) {
		if (!step_call(store, ENGINE_READ, step_list, salvage, err))
			return false;
		if (!note_keys(store, salvage))
			return err_set(
				err, ERR_INTERNAL, NULL, "the temporary file cannot be written");
	}
	return walk_rewind(&salvage->walk) ||
	       err_set(err, ERR_INTERNAL, NULL, "the temporary file cannot be written");
}

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

/* False if the export ends: with an error, or because the sink ended it. */
static bool read_task(struct store *store, struct salvage *salvage,
	const struct store_salvage_sink *sink, struct err *err)
{
	const char *why = store->engine->message; /* file and page */
	struct task task;

	if (!step_call(store, ENGINE_READ, step_read, salvage, err)) {
		if (err->code != ERR_DAMAGED)
			return false;
	} else if (salvage->record.len == 0) {
		return true; /* removed meanwhile */
	} else if (record_decode(&task, buf_str(&salvage->record))) {
		return sink->task(&task, sink->data);
	} else {
		row_unreadable(key_str(salvage->key), err);
		why = err_text(err);
	}
	if (!sink->lost(key_str(salvage->key), why, sink->data))
		return false;
	err->code = ERR_NONE;
	return true;
}

bool store_salvage(struct store *store, const struct store_salvage_sink *sink, struct err *err)
{
	struct salvage salvage = { .walk = { .keys = tmpfile() } };
	struct index_key key;
	bool more = true, ok;

	if (!salvage.walk.keys)
		return err_set(err, ERR_INTERNAL, NULL, "cannot create a temporary file");
	ok = store_flush(store, err) && list_keys(store, &salvage, err);
	err->code = ok ? ERR_NONE : err->code;
	salvage.key = &key;
	while (ok && more && walk_next(&salvage.walk, &key))
		more = read_task(store, &salvage, sink, err);
	ok = ok && err->code == ERR_NONE && walk_ended(&salvage.walk, err);
	walk_close(store, &salvage.walk);
	buf_free(&salvage.record);
	return ok;
}
