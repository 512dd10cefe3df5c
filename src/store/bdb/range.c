#include <errno.h>

#include "store/bdb/bdb.h"

/*
 * Cursors are opened and closed within a call: one that stayed open without a transaction would
 * hold a page's lock while the caller asks for another, and libdb does not see a process that waits
 * for itself.
 */
#define KEY_ROOM   512 /* index keys fit: one call */
#define RANK_TRIES 20

static int close_cursor(DBC *cursor, int rc)
{
	int closed = cursor->close(cursor);

	return rc != 0 ? rc : closed;
}

/* Reads a key behind the batch, without accepting it; `start` is where to look. */
static int read_key(
	DBC *cursor, struct engine_batch *batch, struct str start, uint32_t how, struct str *key)
{
	size_t room = start.len > KEY_ROOM ? start.len : KEY_ROOM;

	for (;;) {
		DBT value = bdb_nothing(), at;
		char *bytes;
		int rc;

		if (!buf_reserve(&batch->bytes, room))
			return ENOMEM;
		bytes = batch->bytes.data + batch->bytes.len;
		if (start.len > 0)
			memcpy(bytes, start.ptr, start.len);
		at = bdb_out(bytes, batch->bytes.capacity - batch->bytes.len, start.len);
		rc = cursor->get(cursor, &at, &value, how);
		if (rc == 0)
			*key = (struct str){ bytes, at.size };
		if (rc != DB_BUFFER_SMALL)
			return rc;
		room = at.size;
	}
}

/* ---- scan ---- */

static int read_first(
	DBC *cursor, struct engine_batch *batch, const struct engine_range *range, struct str *key)
{
	uint32_t how = range->from.len > 0 ? DB_SET_RANGE : DB_FIRST;

	return read_key(cursor, batch, range->from, how, key);
}

/* The last key before range->to; others may insert between our steps. */
static int read_last(
	DBC *cursor, struct engine_batch *batch, const struct engine_range *range, struct str *key)
{
	int rc = DB_NOTFOUND;

	if (range->to.ptr)
		rc = read_key(cursor, batch, range->to, DB_SET_RANGE, key);
	if (rc == DB_NOTFOUND)
		rc = read_key(cursor, batch, STR_NULL, DB_LAST, key);
	while (rc == 0 && range->to.ptr && str_compare(*key, range->to) >= 0)
		rc = read_key(cursor, batch, STR_NULL, DB_PREV, key);
	return rc;
}

static bool is_past(const struct engine_range *range, bool reverse, struct str key)
{
	if (reverse)
		return str_compare(key, range->from) < 0;
	return range->to.ptr && str_compare(key, range->to) >= 0;
}

static int scan(DBC *cursor, const struct engine_range *range, bool reverse, size_t limit,
	struct engine_batch *batch)
{
	struct str key = STR_NULL;
	int rc = reverse ? read_last(cursor, batch, range, &key)
			 : read_first(cursor, batch, range, &key);

	while (rc == 0 && !is_past(range, reverse, key)) {
		if (!engine_batch_accept(batch, key.len))
			return ENOMEM;
		if (--limit == 0)
			break;
		rc = read_key(cursor, batch, STR_NULL, reverse ? DB_PREV : DB_NEXT, &key);
	}
	return rc == DB_NOTFOUND ? 0 : rc;
}

enum engine_status bdb_scan(struct engine *engine, enum engine_table table,
	const struct engine_range *range, bool reverse, size_t limit, struct engine_batch *batch)
{
	struct bdb *bdb = bdb_of(engine);
	DB *db = bdb->tables[table];
	DBC *cursor;
	int rc = limit > 0 ? db->cursor(db, bdb->txn, &cursor, 0) : DB_NOTFOUND;

	if (rc == 0)
		rc = close_cursor(cursor, scan(cursor, range, reverse, limit, batch));
	return rc == DB_NOTFOUND ? ENGINE_OK : bdb_status(bdb, rc, "scan");
}

/* ---- record numbers ---- */

static int go(DBC *cursor, struct str start, uint32_t how)
{
	DBT key = bdb_in(start), value = bdb_nothing();

	return cursor->get(cursor, &key, &value, how);
}

static int record_number(DBC *cursor, uint64_t *number)
{
	db_recno_t recno;
	DBT key = bdb_nothing(), value = bdb_out(&recno, sizeof(recno), 0);
	int rc = cursor->get(cursor, &key, &value, DB_GET_RECNO);

	if (rc == 0)
		*number = recno;
	return rc;
}

/* The record number, from 1, of the first key that is not less; one more than all when none is. */
static int rank(DBC *cursor, struct str key, uint64_t *number)
{
	uint64_t last = 0;
	int rc = DB_NOTFOUND;

	if (key.ptr && key.len == 0) {
		*number = 1;
		return 0;
	}
	if (key.ptr)
		rc = go(cursor, key, DB_SET_RANGE);
	if (rc == 0)
		return record_number(cursor, number);
	if (rc != DB_NOTFOUND)
		return rc;
	rc = go(cursor, STR_NULL, DB_LAST);
	if (rc == 0)
		rc = record_number(cursor, &last);
	if (rc != 0 && rc != DB_NOTFOUND)
		return rc;
	*number = last + 1;
	return 0;
}

/* rank() of several keys. */
static int ranks(DBC *cursor, const struct str *keys, size_t count, uint64_t *numbers)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = rank(cursor, keys[i], &numbers[i]);
	return rc;
}

/*
 * Commits, of other tenants too, move the record numbers of all keys behind theirs, and no lock
 * keeps them out between two look-ups. So a result is used if the first key of the range has the
 * same number after it as before it.
 */
static int count(DBC *cursor, struct engine_range *range, const struct str *ends, size_t parts,
	uint64_t *counts)
{
	struct str from = range->from.len > 0 ? range->from : STR("");
	uint64_t numbers[ENGINE_PARTS_MAX] = { 0 }, first;
	int tries = 0, rc = range->hint > 0 ? 0 : rank(cursor, from, &range->hint);

	do {
		first = range->hint;
		if (rc == 0)
			rc = ranks(cursor, ends, parts, numbers);
		if (rc == 0)
			rc = rank(cursor, from, &range->hint);
	} while (rc == 0 && range->hint != first && ++tries < RANK_TRIES);
	for (size_t i = 0; rc == 0 && i < parts; i++) {
		uint64_t start = i > 0 ? numbers[i - 1] : first;

		counts[i] = numbers[i] > start ? numbers[i] - start : 0;
	}
	return rc;
}

enum engine_status bdb_count_parts(struct engine *engine, enum engine_table table,
	struct engine_range *range, const struct str *ends, size_t parts, uint64_t *counts)
{
	struct bdb *bdb = bdb_of(engine);
	DB *db = bdb->tables[table];
	DBC *cursor;
	int rc = db->cursor(db, bdb->txn, &cursor, bdb->txn ? DB_READ_COMMITTED : 0);

	if (rc == 0)
		rc = close_cursor(cursor, count(cursor, range, ends, parts, counts));
	return bdb_status(bdb, rc, "count");
}

enum engine_status bdb_count(struct engine *engine, enum engine_table table,
	struct engine_range *range, uint64_t *number)
{
	return bdb_count_parts(engine, table, range, &range->to, 1, number);
}

/* DB_SET_RECNO returns the key in libdb's own memory: read it once more. */
static int read_number(DBC *cursor, uint64_t number, struct engine_batch *batch, struct str *key)
{
	db_recno_t recno = (db_recno_t)number;
	int rc = go(cursor, (struct str){ (const char *)&recno, sizeof(recno) }, DB_SET_RECNO);

	return rc == 0 ? read_key(cursor, batch, STR_NULL, DB_CURRENT, key) : rc;
}

static int nth(
	DBC *cursor, const struct engine_range *range, uint64_t n, struct engine_batch *batch)
{
	struct str from = range->from.len > 0 ? range->from : STR("");
	uint64_t number = range->hint, first;
	struct str key = STR_NULL;
	int tries = 0, rc = number > 0 ? 0 : rank(cursor, from, &number);

	do {
		first = number;
		if (rc == 0)
			rc = read_number(cursor, number + n, batch, &key);
		if (rc == 0)
			rc = rank(cursor, from, &number);
	} while (rc == 0 && number != first && ++tries < RANK_TRIES);
	if (rc == 0 && (is_past(range, false, key) || is_past(range, true, key)))
		rc = DB_NOTFOUND;
	if (rc == 0 && !engine_batch_accept(batch, key.len))
		rc = ENOMEM;
	return rc;
}

enum engine_status bdb_nth(struct engine *engine, enum engine_table table,
	const struct engine_range *range, uint64_t n, struct engine_batch *batch)
{
	struct bdb *bdb = bdb_of(engine);
	DB *db = bdb->tables[table];
	DBC *cursor;
	int rc = db->cursor(db, bdb->txn, &cursor, 0);

	if (rc == 0)
		rc = close_cursor(cursor, nth(cursor, range, n, batch));
	return bdb_status(bdb, rc, "nth");
}

/* ---- all rows ---- */

struct row {
	struct buf key, value;
};

/* Reads the next row into memory of ours: libdb would not wipe values, which may be secrets. */
static int read_row(DBC *cursor, bool keys_only, struct row *row)
{
	size_t key_room = KEY_ROOM, value_room = KEY_ROOM;

	for (;;) {
		DBT key, value = bdb_nothing();
		int rc;

		buf_reset(&row->key);
		buf_reset(&row->value);
		if (!buf_reserve(&row->key, key_room) || !buf_reserve(&row->value, value_room))
			return ENOMEM;
		key = bdb_out(row->key.data, row->key.capacity, 0);
		if (!keys_only)
			value = bdb_out(row->value.data, row->value.capacity, 0);
		rc = cursor->get(cursor, &key, &value, DB_NEXT);
		if (rc == 0) {
			row->key.len = key.size;
			row->value.len = keys_only ? 0 : value.size;
		}
		if (rc != DB_BUFFER_SMALL)
			return rc;
		key_room = key.size > key_room ? key.size : key_room;
		value_room = value.size > value_room ? value.size : value_room;
	}
}

/* Ends at the last row, after an error, and when take returns false. */
static int walk(DBC *cursor, bool serial, bool keys_only, engine_take *take, void *data)
{
	struct row row = { 0 };
	bool more = true;
	int rc = 0;

	while (more && (rc = read_row(cursor, keys_only, &row)) == 0) {
		if (!serial || !bdb_serial_is_layout_key(buf_str(&row.key)))
			more = take(buf_str(&row.key), buf_str(&row.value), data);
	}
	if (row.value.data)
		explicit_bzero(row.value.data, row.value.capacity);
	buf_free(&row.key);
	buf_free(&row.value);
	return rc == DB_NOTFOUND ? 0 : rc;
}

enum engine_status bdb_each(struct engine *engine, enum engine_table table, bool keys_only,
	engine_take *take, void *data)
{
	struct bdb *bdb = bdb_of(engine);
	DB *db = bdb->tables[table];
	DBC *cursor;
	int rc;

	/* An old table that does not exist. */
	if (!db)
		return ENGINE_OK;
	rc = db->cursor(db, bdb->txn, &cursor, 0);
	if (rc == 0)
		rc = close_cursor(
			cursor, walk(cursor, engine_tables[table].serial, keys_only, take, data));
	return bdb_status(bdb, rc, "walk");
}
