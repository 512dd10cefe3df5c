#include "store/index/state.h"

/*
 * Comparison of tasks and index entries, both ways. Without a lock, a concurrent change can look
 * like a difference, so a difference counts only if a transaction that holds the task's row finds
 * it again.
 */

/* ---- from tasks to entries ---- */

static int has_entry(struct store *store, const struct index_key *key, bool *found)
{
	struct buf value = BUF_INIT;
	int rc = store_get(store, TABLE_INDEX, key_str(key), false, &value);

	*found = rc == 0 && value.len == 0;
	buf_free(&value);
	return rc == ENGINE_NOT_FOUND ? 0 : rc;
}

static bool decode_of(const struct index_key *key, struct str record, struct task *task)
{
	struct index_key expected;

	if (!record_decode(task, record))
		return false;
	index_primary_key(&expected, task->tenant, &task->id);
	return str_eq(key_str(key), key_str(&expected));
}

int compare_record(struct store *store, const struct index_key *key, struct str record,
	struct index_comparison *comparison)
{
	struct index_key keys[INDEX_KEYS_MAX];
	struct task task;
	size_t count;
	int rc = 0;

	comparison->tasks++;
	if (!decode_of(key, record, &task)) {
		comparison->unreadable++;
		return 0;
	}
	count = index_all_keys(keys, &task, store->indexes);
	for (size_t i = 0; rc == 0 && i < count; i++) {
		bool found;

		rc = has_entry(store, &keys[i], &found);
		comparison->matched += found;
		comparison->missing += !found;
	}
	return rc;
}

int compare_task(struct store *store, const struct index_key *key, bool for_update,
	struct index_comparison *comparison)
{
	int rc;

	buf_reset(&store->old_record);
	rc = store_get(
		store, row_table_of_key(store, key), key_str(key), for_update, &store->old_record);
	if (rc != 0)
		return rc == ENGINE_NOT_FOUND ? 0 : rc;
	return compare_record(store, key, buf_str(&store->old_record), comparison);
}

/* ---- from entries to tasks ---- */

bool index_entry_task(struct str entry, struct index_key *key, bool *is_task)
{
	const char *end = memchr(entry.ptr, '\0', entry.len);
	int64_t time;
	struct str tenant;
	struct id id;

	*is_task = false;
	if (index_parse_due(entry, &time, &tenant, &id)) {
		index_primary_key(key, tenant, &id);
		return true;
	}
	if (!end || (size_t)(end - entry.ptr) + 1 + 3 + sizeof(id.bytes) > entry.len)
		return false;
	*is_task = (uint8_t)end[3] == INDEX_BY_CREATED;
	memcpy(id.bytes, entry.ptr + entry.len - sizeof(id.bytes), sizeof(id.bytes));
	index_primary_key(key, (struct str){ entry.ptr, (size_t)(end - entry.ptr) }, &id);
	return true;
}

static bool is_key_of(const struct store *store, const struct task *task, struct str entry)
{
	struct index_key keys[INDEX_KEYS_MAX];
	size_t count = index_all_keys(keys, task, store->indexes);

	for (size_t i = 0; i < count; i++) {
		if (str_eq(key_str(&keys[i]), entry))
			return true;
	}
	return false;
}

int compare_entry(struct store *store, struct str entry, bool for_update, bool *stray)
{
	struct index_key key;
	struct task task;
	bool is_task;
	int rc;

	*stray = true;
	if (!index_entry_task(entry, &key, &is_task))
		return 0;
	buf_reset(&store->old_record);
	rc = store_get(store, row_table_of_key(store, &key), key_str(&key), for_update,
		&store->old_record);
	if (rc == 0)
		*stray = !decode_of(&key, buf_str(&store->old_record), &task) ||
			 !is_key_of(store, &task, entry);
	return rc == ENGINE_NOT_FOUND ? 0 : rc;
}
