#include "store/journal/journal.h"

#include "base/log.h"

/* Row of the meta table: the journal has to be emptied. */
#define MARK_KEY STR("journal")

/* As long as in the index: a tenant's name is cut in the same way. */
void journal_key(struct index_key *key, struct str tenant, uint64_t number)
{
	struct id none = { { 0 } };

	index_primary_key(key, tenant, &none);
	key->len -= sizeof(none.bytes);
	for (int shift = 56; shift >= 0; shift -= 8)
		key->bytes[key->len++] = (uint8_t)(number >> shift);
}

/* ---- the highest number ---- */

uint64_t journal_number(struct str key)
{
	uint64_t number = 0;

	for (size_t i = key.len < 8 ? 0 : key.len - 8; i < key.len; i++)
		number = number << 8 | (uint8_t)key.ptr[i];
	return number;
}

/* Reads the last key of each tenant. */
static int step_find_last(struct store *store, void *data, struct err *err)
{
	uint64_t *last = data;
	struct index_key from = { 0 }, to;
	int rc = 0;

	(void)err;
	*last = 0;
	while (rc == 0) {
		struct engine_range range = { .from = key_str(&from) };
		struct str key;

		rc = store_scan(store, TABLE_JOURNAL, &range, false, 1);
		if (rc != 0 || store->batch.count == 0)
			return rc;
		key = engine_batch_key(&store->batch, 0);
		from.len = strnlen(key.ptr, key.len) + 1;
		if (from.len > key.len || from.len > INDEX_KEY_MAX)
			return ENGINE_DAMAGED;
		memcpy(from.bytes, key.ptr, from.len);
		to = from;
		index_prefix_end(&to);
		range = (struct engine_range){ .from = key_str(&from), .to = key_str(&to) };
		rc = store_scan(store, TABLE_JOURNAL, &range, true, 1);
		if (rc == 0 && store->batch.count > 0 &&
			journal_number(engine_batch_key(&store->batch, 0)) > *last)
			*last = journal_number(engine_batch_key(&store->batch, 0));
		from = to;
	}
	return rc;
}

/* ---- damage ---- */

static int step_mark(struct store *store, void *data, struct err *err)
{
	const bool *on = data;
	int rc;

	(void)err;
	if (*on)
		return store_put(store, TABLE_META, MARK_KEY, STR("empty"), ENGINE_REPLACE);
	rc = store_del(store, TABLE_META, MARK_KEY);
	return rc == ENGINE_NOT_FOUND ? 0 : rc;
}

static bool set_mark(struct store *store, bool on, struct err *err)
{
	return step_run(store, ENGINE_WRITE, step_mark, &on, err) && store_flush(store, err);
}

bool journal_mark_for_emptying(struct store *store, struct err *err)
{
	return set_mark(store, true, err);
}

static int step_is_marked(struct store *store, void *data, struct err *err)
{
	bool *marked = data;
	struct buf value = BUF_INIT;
	int rc = store_get(store, TABLE_META, MARK_KEY, false, &value);

	(void)err;
	*marked = rc == 0;
	buf_free(&value);
	return rc == ENGINE_NOT_FOUND ? 0 : rc;
}

static bool empty(struct store *store, struct err *err)
{
	enum engine_status status = store->engine->ops->clear(store->engine, TABLE_JOURNAL);

	if (status != ENGINE_OK)
		return store_fail(store, (int)status, err);
	damage_forget(&store->shared->damages, TABLE_JOURNAL);
	log_error("journal-emptied", "the journal was damaged: the history of tasks begins anew");
	return set_mark(store, false, err);
}

bool journal_open(struct store *store, struct err *err)
{
	bool marked = atomic_load(&store->shared->empty_journal);
	uint64_t last = 0, unknown = 0;

	if (!store->alone && atomic_load(&store->shared->journal_next) > 0)
		return true;
	if (store->alone && !marked && !step_run(store, ENGINE_READ, step_is_marked, &marked, err))
		return false;
	if (!marked && !step_run(store, ENGINE_READ, step_find_last, &last, err)) {
		if (err->code != ERR_DAMAGED)
			return false;
		marked = true;
	}
	if (marked && store->alone && !empty(store, err))
		return false;
	atomic_store(&store->shared->empty_journal, false);
	/* Number 0 means none. Numbers go on if the processes before a recovery have found it. */
	last++;
	atomic_compare_exchange_strong(&store->shared->journal_next, &unknown, last);
	return true;
}
