/*
 * Keys that scans of the round have read. Only a transaction that has locked the scope changes its
 * keys, and the round keeps its locks until it ends. So these keys stay as they are, except for the
 * round's own writes, and the next claim of the same kind needs no trip for its scan.
 *
 * Sending the writes of a table discards its keys here, because pg_rows_trim() may then forget that
 * a key was removed.
 */
#include "store/pg/pg.h"

/* Fewer keys than `limit` are all of the range; else all up to the last one, which is included. */
static bool set_end(struct pg_keys *kept, const struct engine_range *range, size_t limit)
{
	buf_reset(&kept->to);
	if (kept->keys.count < limit) {
		buf_put_str(&kept->to, range->to);
	} else {
		buf_put_str(&kept->to, engine_batch_key(&kept->keys, kept->keys.count - 1));
		buf_putc(&kept->to, '\0');
	}
	return buf_ok(&kept->to);
}

struct pg_keys *pg_keys_begin(struct pg *pg, enum engine_table table, struct str from)
{
	struct pg_keys *kept = &pg->kept[pg->next_kept++ % PG_KEYS_KEPT];

	kept->used = false;
	kept->table = table;
	buf_reset(&kept->from);
	buf_put_str(&kept->from, from);
	engine_batch_reset(&kept->keys);
	return kept;
}

void pg_keys_end(struct pg_keys *kept, const struct engine_range *range, size_t limit)
{
	kept->used = buf_ok(&kept->from) && set_end(kept, range, limit);
}

/* ---- scans ---- */

bool pg_batch_add(struct engine_batch *batch, struct str key)
{
	if (!buf_reserve(&batch->bytes, key.len + 1))
		return false;
	memcpy(batch->bytes.data + batch->bytes.len, key.ptr, key.len);
	return engine_batch_accept(batch, key.len);
}

static bool is_removed(const struct pg *pg, enum engine_table table, struct str key)
{
	const struct pg_row *row = pg_rows_find(&pg->rows, table, key);

	return row && pg_row_value(row)->known == PG_ABSENT;
}

/* Whether the round has written a key from `from` (included) to `to` (excluded) and not sent it. */
static bool has_new_key(
	const struct pg *pg, enum engine_table table, struct str from, struct str to)
{
	for (size_t i = 0; pg->rows.unsent[table] > 0 && i < pg->rows.count; i++) {
		const struct pg_row *row = pg->rows.list[i];

		if (row->table == table && pg_row_is_unsent(row) &&
			pg_row_value(row)->known == PG_VALUE && str_compare(row->key, from) >= 0 &&
			str_compare(row->key, to) < 0)
			return true;
	}
	return false;
}

static const struct pg_keys *find(
	const struct pg *pg, enum engine_table table, const struct engine_range *range)
{
	for (size_t i = 0; i < PG_KEYS_KEPT; i++) {
		const struct pg_keys *kept = &pg->kept[i];

		if (kept->used && kept->table == table &&
			str_compare(range->from, buf_str(&kept->from)) >= 0 &&
			str_compare(range->from, buf_str(&kept->to)) < 0)
			return kept;
	}
	return NULL;
}

enum engine_status pg_keys_scan(struct pg *pg, enum engine_table table,
	const struct engine_range *range, size_t limit, struct engine_batch *batch)
{
	const struct pg_keys *kept = range->to.ptr ? find(pg, table, range) : NULL;
	struct str keys[PG_KEYS_MAX], to;
	size_t count = 0;

	if (!kept || limit > PG_KEYS_MAX)
		return ENGINE_NOT_FOUND;
	to = buf_str(&kept->to);
	if (str_compare(range->to, to) < 0)
		to = range->to;
	if (has_new_key(pg, table, range->from, to))
		return ENGINE_NOT_FOUND;
	for (size_t i = 0; i < kept->keys.count && count < limit; i++) {
		struct str key = engine_batch_key(&kept->keys, i);

		if (str_compare(key, range->from) >= 0 && str_compare(key, to) < 0 &&
			!is_removed(pg, table, key))
			keys[count++] = key;
	}
	if (count < limit && !str_eq(to, range->to))
		return ENGINE_NOT_FOUND;
	for (size_t i = 0; i < count; i++)
		if (!pg_batch_add(batch, keys[i]))
			return ENGINE_NO_MEMORY;
	return ENGINE_OK;
}

/* ---- the end ---- */

void pg_keys_forget(struct pg *pg, enum engine_table table)
{
	for (size_t i = 0; i < PG_KEYS_KEPT; i++)
		pg->kept[i].used &= pg->kept[i].table != table;
}

void pg_keys_forget_all(struct pg *pg)
{
	for (size_t i = 0; i < PG_KEYS_KEPT; i++)
		pg->kept[i].used = false;
}

void pg_keys_free(struct pg *pg)
{
	for (size_t i = 0; i < PG_KEYS_KEPT; i++) {
		buf_free(&pg->kept[i].from);
		buf_free(&pg->kept[i].to);
		engine_batch_free(&pg->kept[i].keys);
	}
}
