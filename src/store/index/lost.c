#include "store/index/lost.h"

#include "store/index/state.h"

#define KEYS_PER_STEP 1000

struct search {
	struct index_key from; /* in the index: where to go on */
	bool more, damaged;
	struct engine_batch entries;
	struct index_key key; /* of the task that is tried */
};

/* The key of the task of an index entry; false for entries of other fields. */
static bool task_key(struct str entry, struct index_key *key)
{
	bool is_task;

	return index_entry_task(entry, key, &is_task) && is_task;
}

/* Not by store_scan: the replacement of a damaged index would end the search. */
static int step_list(struct store *store, void *data, struct err *err)
{
	struct search *search = data;
	const struct engine_range range = { .from = key_str(&search->from) };
	int rc;

	(void)err;
	engine_batch_reset(&search->entries);
	rc = (int)store->engine->ops->scan(
		store->engine, TABLE_INDEX, &range, false, KEYS_PER_STEP, &search->entries);
	search->damaged = rc == ENGINE_DAMAGED;
	return search->damaged ? 0 : rc;
}

/* Goes on behind the last entry. */
static void go_on(struct search *search)
{
	size_t count = search->entries.count;
	struct str last = count > 0 ? engine_batch_key(&search->entries, count - 1) : STR_NULL;

	search->more = !search->damaged && count == KEYS_PER_STEP &&
		       last.len < sizeof(search->from.bytes);
	if (!search->more)
		return;
	memcpy(search->from.bytes, last.ptr, last.len);
	search->from.bytes[last.len] = '\0';
	search->from.len = last.len + 1;
}

static int step_try(struct store *store, void *data, struct err *err)
{
	const struct search *search = data;
	int rc;

	(void)err;
	buf_reset(&store->old_record);
	rc = store_get(store, row_table_of_key(store, &search->key), key_str(&search->key), false,
		&store->old_record);
	return rc == ENGINE_NOT_FOUND ? 0 : rc;
}

/* Tries the tasks of a batch. *more false: take wants no more. */
static bool try_tasks(struct store *store, struct search *search, lost_function *take, void *data,
	bool *more, struct err *err)
{
	for (size_t i = 0; *more && i < search->entries.count; i++) {
		if (!task_key(engine_batch_key(&search->entries, i), &search->key) ||
			step_call(store, ENGINE_READ, step_try, search, err))
			continue;
		if (err->code != ERR_DAMAGED)
			return false;
		*more = take(key_str(&search->key), store->engine->message, data);
	}
	return true;
}

bool lost_tasks(struct store *store, lost_function *take, void *data, bool *all, struct err *err)
{
	struct search search = { .more = true };
	bool ok = true, more = true;

	while (ok && more && search.more) {
		ok = step_call(store, ENGINE_READ, step_list, &search, err) &&
		     try_tasks(store, &search, take, data, &more, err);
		go_on(&search);
	}
	*all = !search.damaged && store_index_is_complete(store) &&
	       atomic_load(&store->shared->health.index_left_out) == 0;
	engine_batch_free(&search.entries);
	return ok;
}
