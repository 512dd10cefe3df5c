#include <errno.h>

#include "store/internal.h"

struct entry {
	enum store_table table;
	struct str key, value;
	struct buf *out;
};

static int step_put(struct store *store, DB_TXN *txn, void *data, struct err *err)
{
	const struct entry *entry = data;

	(void)err;
	return bdb_put(store->tables[entry->table], txn, entry->key, entry->value, 0);
}

static int step_get(struct store *store, DB_TXN *txn, void *data, struct err *err)
{
	const struct entry *entry = data;

	(void)err;
	return bdb_get(store->tables[entry->table], txn, entry->key, entry->out, 0);
}

static bool change(struct store *store, store_step *step, void *data, struct err *err)
{
	bool ok;

	store_enter(store);
	ok = step_run(store, STEP_WRITE, step, data, err) && store_flush(store, err);
	store_leave(store);
	return ok;
}

bool store_auth_put(struct store *store, enum store_table table, struct str key, struct str value,
	struct err *err)
{
	struct entry entry = { .table = table, .key = key, .value = value };

	return store_may_write(store, err) && change(store, step_put, &entry, err);
}

bool store_auth_get(struct store *store, enum store_table table, struct str key, struct buf *out,
	struct err *err)
{
	struct entry entry = { .table = table, .key = key, .out = out };
	bool ok;

	store_enter(store);
	ok = step_run(store, STEP_READ, step_get, &entry, err);
	store_leave(store);
	return ok;
}

/* ---- edits ---- */

struct edits {
	const struct store_auth_edit *edits;
	size_t count;
	bool had_one; /* one of those edited so far was there before */
	struct buf old, made;
};

/* Values may be secrets: they do not stay in memory that is given back. */
static void wipe(struct buf *buf)
{
	if (buf->data)
		explicit_bzero(buf->data, buf->capacity);
	buf_free(buf);
}

static int remove_entry(DB *db, DB_TXN *txn, struct str key)
{
	DBT id = bdb_in(key);
	int rc = db->del(db, txn, &id, 0);

	return rc == DB_NOTFOUND ? 0 : rc;
}

/* DB_RMW locks also the place of an entry that is not there; DB_NOOVERWRITE makes sure of it. */
static int edit_entry(struct store *store, DB_TXN *txn, const struct store_auth_edit *edit,
	struct edits *edits, struct err *err)
{
	DB *db = store->tables[edit->table];
	int rc;

	buf_reset(&edits->old);
	buf_reset(&edits->made);
	rc = bdb_get(db, txn, edit->key, &edits->old, DB_RMW);
	if (rc != 0 && rc != DB_NOTFOUND)
		return rc;
	edits->had_one |= rc == 0;
	if (!edits->had_one && !store_may_write(store, err))
		return STEP_FAILED;
	if (!edit->update(rc == 0 ? buf_str(&edits->old) : STR_NULL, &edits->made, edit->data, err))
		return STEP_FAILED;
	if (!buf_ok(&edits->made))
		return ENOMEM;
	if (edits->made.len == 0)
		return remove_entry(db, txn, edit->key);
	return bdb_put(db, txn, edit->key, buf_str(&edits->made), rc == 0 ? 0 : DB_NOOVERWRITE);
}

static int step_edit(struct store *store, DB_TXN *txn, void *data, struct err *err)
{
	struct edits *edits = data;
	int rc = 0;

	edits->had_one = false;
	for (size_t i = 0; rc == 0 && i < edits->count; i++)
		rc = edit_entry(store, txn, &edits->edits[i], edits, err);
	return rc;
}

bool store_auth_update(
	struct store *store, const struct store_auth_edit *edits, size_t count, struct err *err)
{
	struct edits all = { .edits = edits, .count = count };
	bool ok = change(store, step_edit, &all, err);

	wipe(&all.old);
	wipe(&all.made);
	return ok;
}

/* ---- all entries ---- */

/*
 * The tables are small: all of one is copied, so that no lock is held while the caller looks at it.
 * Page by page a walk could miss what is replaced by another meanwhile, both of them.
 */
static int copy_next(DBC *cursor, struct buf *out)
{
	size_t room = 1024;

	for (;;) {
		size_t half;
		DBT key, value;
		int rc;

		if (!buf_reserve(out, 2 * sizeof(uint32_t) + 2 * room))
			return ENOMEM;
		half = (out->capacity - out->len - 2 * sizeof(uint32_t)) / 2;
		key = bdb_out(out->data + out->len + 2 * sizeof(uint32_t), half, 0);
		value = bdb_out((char *)key.data + half, half, 0);
		rc = cursor->get(cursor, &key, &value, DB_NEXT);
		if (rc == 0) {
			memcpy(out->data + out->len, &key.size, sizeof(uint32_t));
			memcpy(out->data + out->len + sizeof(uint32_t), &value.size,
				sizeof(uint32_t));
			memmove((char *)key.data + key.size, value.data, value.size);
			out->len += 2 * sizeof(uint32_t) + key.size + value.size;
		}
		if (rc != DB_BUFFER_SMALL)
			return rc;
		room = key.size > value.size ? key.size : value.size;
	}
}

static int step_copy(struct store *store, DB_TXN *txn, void *data, struct err *err)
{
	const struct entry *entry = data;
	DB *db = store->tables[entry->table];
	DBC *cursor;
	int rc = db->cursor(db, txn, &cursor, 0), closed;

	(void)err;
	if (rc != 0)
		return rc;
	buf_reset(entry->out);
	while ((rc = copy_next(cursor, entry->out)) == 0)
		;
	closed = cursor->close(cursor);
	return rc == DB_NOTFOUND ? closed : rc;
}

static void show(const struct buf *copy, bool (*take)(struct str key, struct str value, void *data),
	void *data)
{
	struct str left = buf_str(copy);
	bool more = true;

	while (more && left.len > 0) {
		uint32_t sizes[2];
		struct str key, value;

		memcpy(sizes, left.ptr, sizeof(sizes));
		key = (struct str){ left.ptr + sizeof(sizes), sizes[0] };
		value = (struct str){ key.ptr + key.len, sizes[1] };
		left = str_skip(left, sizeof(sizes) + key.len + value.len);
		more = take(key, value, data);
	}
}

bool store_auth_each(struct store *store, enum store_table table,
	bool (*take)(struct str key, struct str value, void *data), void *data, struct err *err)
{
	struct buf copy = BUF_INIT;
	struct entry entry = { .table = table, .out = &copy };
	bool ok;

	store_enter(store);
	ok = step_run(store, STEP_VIEW, step_copy, &entry, err);
	store_leave(store);
	if (ok)
		show(&copy, take, data);
	wipe(&copy);
	return ok;
}
