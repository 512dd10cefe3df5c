#pragma once
/* Part of store/internal.h, which includes it: the engine's calls on rows. */

/* A damaged page was met, or the operator wants it: the keeper has the index replaced. */
void index_replace_later(struct store *store);
/* The same for the table usage. */
void usage_remake_later(struct store *store);
/* The same for the journal, which is emptied. */
void journal_empty_later(struct store *store);
/* The same for the outbox. */
void outbox_empty_later(struct store *store);

/*
 * If it is a table of tasks: notes the task of the key for the damaged page that was met, and logs
 * it, once per page.
 */
void row_note_damaged(struct store *store, enum engine_table table, struct str key);

/* Returns rc. A damaged page of a table that is derived data has it replaced. */
static inline int store_note(struct store *store, enum engine_table table, enum engine_status rc)
{
	if (rc == ENGINE_LOST && table == TABLE_INDEX && !store->lost)
		store->engine->fault = ENGINE_FAULT_INDEX;
	if (rc == ENGINE_DAMAGED)
		store->damaged_index = table == TABLE_INDEX;
	if (rc == ENGINE_DAMAGED && table == TABLE_INDEX)
		index_replace_later(store);
	if (rc == ENGINE_DAMAGED && table == TABLE_USAGE)
		usage_remake_later(store);
	if (rc == ENGINE_DAMAGED && table == TABLE_JOURNAL)
		journal_empty_later(store);
	if (rc == ENGINE_DAMAGED && table == TABLE_OUTBOX)
		outbox_empty_later(store);
	return (int)rc;
}

/* The same for a call that needs the row of a key. */
static inline int store_note_key(
	struct store *store, enum engine_table table, struct str key, enum engine_status rc)
{
	if (rc == ENGINE_DAMAGED)
		row_note_damaged(store, table, key);
	return store_note(store, table, rc);
}

static inline int store_get(struct store *store, enum engine_table table, struct str key,
	bool for_update, struct buf *out)
{
	return store_note_key(store, table, key,
		store->engine->ops->get(store->engine, table, key, for_update, out));
}

/* See engine_ops.prefetch. */
static inline void store_prefetch_row(struct store *store, enum engine_table table, struct str key)
{
	const struct engine_ops *ops = store->engine->ops;

	if (ops->prefetch)
		ops->prefetch(store->engine, table, key);
}

/* Other engines read the row now. */
static inline int store_get_prefetched(
	struct store *store, enum engine_table table, struct str key, struct buf *out)
{
	const struct engine_ops *ops = store->engine->ops;

	return ops->get_prefetched ? (int)ops->get_prefetched(store->engine, table, key, out)
				   : store_get(store, table, key, false, out);
}

static inline int store_put(struct store *store, enum engine_table table, struct str key,
	struct str value, enum engine_put how)
{
	store->writes++;
	return store_note_key(
		store, table, key, store->engine->ops->put(store->engine, table, key, value, how));
}

static inline int store_del(struct store *store, enum engine_table table, struct str key)
{
	store->writes++;
	return store_note_key(
		store, table, key, store->engine->ops->del(store->engine, table, key));
}

/*
 * The result of inserting a row that this step found absent: if another process has inserted it
 * since, the step runs again.
 */
static inline int retry_if_exists(int rc)
{
	return rc == ENGINE_EXISTS ? STEP_RETRY : rc;
}

/* Replaces the keys in store->batch. */
static inline int store_scan(struct store *store, enum engine_table table,
	const struct engine_range *range, bool reverse, size_t limit)
{
	engine_batch_reset(&store->batch);
	return store_note(store, table,
		store->engine->ops->scan(
			store->engine, table, range, reverse, limit, &store->batch));
}

/* Engines for one machine lock rows instead. */
static inline int store_lock(struct store *store, struct str scope)
{
	const struct engine_ops *ops = store->engine->ops;

	return ops->lock ? (int)ops->lock(store->engine, scope) : 0;
}

/* See engine_ops.expect. */
static inline void store_expect(struct store *store, enum engine_table table, struct str key)
{
	const struct engine_ops *ops = store->engine->ops;

	if (ops->expect)
		ops->expect(store->engine, table, key);
}

/* The same for some keys from number `at` on, so that the memory of large rows is bounded. */
static inline void store_expect_keys(
	struct store *store, enum engine_table table, const struct engine_batch *keys, size_t at)
{
	if (at % ENGINE_EXPECTED_MAX != 0)
		return;
	for (size_t i = at; i < keys->count && i < at + ENGINE_EXPECTED_MAX; i++)
		store_expect(store, table, engine_batch_key(keys, i));
}

static inline struct str key_str(const struct index_key *key)
{
	return (struct str){ (const char *)key->bytes, key->len };
}

/* Counts the keys of a range of the index; sets its hint. */
static inline int store_count(struct store *store, struct engine_range *range, uint64_t *count)
{
	return store_note(store, TABLE_INDEX,
		store->engine->ops->count(store->engine, TABLE_INDEX, range, count));
}

/* Counts the keys of adjacent parts of a range of the index (engine.h); sets its hint. */
static inline int store_count_parts(struct store *store, struct engine_range *range,
	const struct str *ends, size_t parts, uint64_t *counts)
{
	return store_note(store, TABLE_INDEX,
		store->engine->ops->count_parts(
			store->engine, TABLE_INDEX, range, ends, parts, counts));
}

/* Key number n of a range of the index, from 0, replaces the keys in store->batch. */
static inline int store_nth(struct store *store, const struct engine_range *range, uint64_t n)
{
	engine_batch_reset(&store->batch);
	return store_note(store, TABLE_INDEX,
		store->engine->ops->nth(store->engine, TABLE_INDEX, range, n, &store->batch));
}
