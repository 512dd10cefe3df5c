#include "base/log.h"
#include "store/journal/journal.h"

/* ---- records ---- */

bool row_unreadable(struct str key, struct err *err)
{
	char text[ID_TEXT_LEN + 1];
	struct id id = { { 0 } };

	if (key.len >= sizeof(id.bytes))
		memcpy(id.bytes, key.ptr + key.len - sizeof(id.bytes), sizeof(id.bytes));
	id_format(&id, text);
	log_error("record-unreadable", "task %s", text);
	return err_set(err, ERR_INTERNAL, NULL, "the record of task %s cannot be read", text);
}

bool row_decode(struct task *task, const struct buf *record, struct str tenant, const struct id *id,
	struct err *err)
{
	struct index_key key;

	if (record_decode(task, buf_str(record)))
		return true;
	index_primary_key(&key, tenant, id);
	row_unreadable(key_str(&key), err);
	return err_set(err, ERR_INTERNAL, NULL, NULL);
}

bool row_encode(
	const struct store *store, const struct task *task, struct buf *record, struct err *err)
{
	buf_reset(record);
	if (!record_encode(task, store->record_version, record))
		return err_no_memory(err);
	if (record->len > TASK_RECORD_MAX)
		return err_set(err, ERR_TOO_LARGE, NULL, "The task would be larger than %zu bytes.",
			TASK_RECORD_MAX);
	return true;
}

enum engine_table row_table(const struct store *store, const struct id *id)
{
	return id_has_serial(id, &store->engine->secret) ? TABLE_TASKS : TABLE_NAMED_TASKS;
}

enum engine_table row_table_of_key(const struct store *store, const struct index_key *key)
{
	struct id id = { { 0 } };

	if (key->len >= sizeof(id.bytes))
		memcpy(id.bytes, key->bytes + key->len - sizeof(id.bytes), sizeof(id.bytes));
	return row_table(store, &id);
}

void row_expect(struct store *store, struct str tenant, const struct id *id)
{
	struct index_key key;

	index_primary_key(&key, tenant, id);
	store_expect(store, row_table(store, id), key_str(&key));
}

void row_prefetch(struct store *store, struct str tenant, const struct id *id)
{
	struct index_key key;

	index_primary_key(&key, tenant, id);
	store_prefetch_row(store, row_table(store, id), key_str(&key));
}

int row_get_prefetched(struct store *store, struct str tenant, const struct id *id, struct buf *out)
{
	struct index_key key;

	index_primary_key(&key, tenant, id);
	return store_get_prefetched(store, row_table(store, id), key_str(&key), out);
}

int row_get(struct store *store, struct str tenant, const struct id *id, bool for_update,
	struct buf *out)
{
	struct index_key key;

	index_primary_key(&key, tenant, id);
	return store_get(store, row_table(store, id), key_str(&key), for_update, out);
}

/* ---- index entries ---- */

struct key_set {
	struct index_key keys[INDEX_KEYS_MAX];
	size_t count;
};

static void collect_keys(const struct store *store, const struct task *task, struct key_set *set)
{
	set->count = task ? index_all_keys(set->keys, task, store->indexes) : 0;
}

static bool has_key(const struct key_set *set, const struct index_key *key)
{
	for (size_t i = 0; i < set->count; i++) {
		if (str_eq(key_str(&set->keys[i]), key_str(key)))
			return true;
	}
	return false;
}

/* Whether claims find the task now, under its kind and priority, that did not before. */
static bool becomes_ready(
	const struct store *store, const struct task *old, const struct task *task)
{
	const struct index_field *field;
	struct index_key before, after;

	if (!task || !task_is_ready(task))
		return false;
	field = index_field_by_code(store->indexes, task->dialect, INDEX_BY_READY);
	return !field || !old || !task_is_ready(old) || !index_field_key(&before, old, field) ||
	       !index_field_key(&after, task, field) || !str_eq(key_str(&before), key_str(&after));
}

/*
 * Writes only the difference, or while the index is being built all entries of the task: the build
 * may have passed its row before. An entry that is missing already is no error; verify reports it.
 */
static int update_index(struct store *store, const struct task *old, const struct task *task)
{
	bool all = !store_index_is_complete(store);
	struct key_set before, after;
	int rc = 0;

	collect_keys(store, old, &before);
	collect_keys(store, task, &after);
	store->makes_ready |= becomes_ready(store, old, task);
	for (size_t i = 0; rc == 0 && i < before.count; i++) {
		if (has_key(&after, &before.keys[i]))
			continue;
		rc = store_del(store, TABLE_INDEX, key_str(&before.keys[i]));
		rc = rc == ENGINE_NOT_FOUND ? 0 : rc;
	}
	for (size_t i = 0; rc == 0 && i < after.count; i++) {
		if (all || !has_key(&before, &after.keys[i]))
			rc = store_put(store, TABLE_INDEX, key_str(&after.keys[i]), STR(""),
				ENGINE_REPLACE);
	}
	return rc;
}

/* ---- rows ---- */

static int write_row(struct store *store, const struct task *old, const struct task *task,
	struct str record, enum engine_put how)
{
	struct index_key key;
	int rc;

	index_primary_key(&key, task->tenant, &task->id);
	rc = store_put(store, row_table(store, &task->id), key_str(&key), record, how);
	if (rc == 0 && how != ENGINE_REPLACE)
		serial_note_row(store, &task->id, engine_row_size(key_str(&key), record));
	return rc == 0 ? update_index(store, old, task) : rc;
}

/* Notes what the transaction does to the task: for parked requests, a snapshot and the quota. */
static int note(struct store *store, const struct task *task, const struct str *old,
	const struct str *record)
{
	int64_t tasks = (record ? 1 : 0) - (old ? 1 : 0);
	int64_t bytes = (record ? (int64_t)record->len : 0) - (old ? (int64_t)old->len : 0);
	struct index_key key;

	wake_note(store, task);
	lists_note(store, task);
	index_primary_key(&key, task->tenant, &task->id);
	if (snapshot_note(store, SNAPSHOT_TASK, key_str(&key), old) != 0)
		return ENGINE_NO_MEMORY;
	return usage_add(&store->usage, task->tenant, tasks, bytes);
}

int row_insert(struct store *store, const struct task *task, struct str record)
{
	enum engine_put how = serial_take_new(store, &task->id) ? ENGINE_NEW : ENGINE_INSERT;
	int rc = write_row(store, NULL, task, record, how);

	return rc == 0 ? note(store, task, NULL, &record) : rc;
}

int row_update(struct store *store, const struct task *old, struct str old_record,
	const struct task *task, struct str record)
{
	int rc = write_row(store, old, task, record, ENGINE_REPLACE);

	return rc == 0 ? note(store, task, &old_record, &record) : rc;
}

int row_remove(struct store *store, const struct op *op, const struct task *task, struct str record)
{
	struct index_key key;
	int rc = journal_note_removal(store, op, task);

	if (rc != 0)
		return rc;
	index_primary_key(&key, task->tenant, &task->id);
	rc = store_del(store, row_table(store, &task->id), key_str(&key));
	if (rc == 0)
		rc = update_index(store, task, NULL);
	if (rc == 0)
		rc = revision_retire(store, task);
	return rc == 0 ? note(store, task, &record, NULL) : rc;
}
