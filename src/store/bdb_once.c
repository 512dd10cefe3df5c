#include <errno.h>

#include "store/bdb.h"

/*
 * What was done with an Idempotency-Key, so that it is done once and told again: tenant NUL user
 * NUL key -> time (8, big-endian) · fingerprint (32) · length of the first record (4) · the record
 * of the task as it was made · that of the task that was made with it, or nothing. It is written in
 * the transaction that makes them.
 */
#define HEAD_SIZE (8 + OP_FINGERPRINT + 4)

static bool put_key(const struct op *op, struct buf *key)
{
	buf_put_str(key, op->tenant);
	buf_putc(key, '\0');
	buf_put_str(key, op->actor);
	buf_putc(key, '\0');
	buf_put_str(key, op->key);
	return buf_ok(key);
}

static void put_number(struct buf *out, uint64_t number, int bytes)
{
	while (bytes-- > 0)
		buf_putc(out, (char)(number >> 8 * bytes));
}

static uint64_t take_number(const char *from, int bytes)
{
	uint64_t number = 0;

	for (int i = 0; i < bytes; i++)
		number = number << 8 | (uint8_t)from[i];
	return number;
}

int bdb_remember(struct store *store, DB_TXN *txn, const struct op *op, const struct result *result)
{
	struct buf key = BUF_INIT, value = BUF_INIT;
	int rc = ENOMEM;

	put_number(&value, (uint64_t)op->now, 8);
	buf_put(&value, op->fingerprint, OP_FINGERPRINT);
	put_number(&value, result->record.len, 4);
	buf_put_str(&value, buf_str(&result->record));
	buf_put_str(&value, buf_str(&result->other_record));
	if (put_key(op, &key) && buf_ok(&value))
		rc = bdb_put(store->tables[BDB_ONCE], txn, buf_str(&key), buf_str(&value), 0);
	buf_free(&key);
	buf_free(&value);
	return rc;
}

static int refuse(struct err *err, enum err_code code)
{
	err_set(err, code, NULL, NULL);
	return BDB_REFUSED;
}

static bool is_expired(const struct op *op, struct str value)
{
	return op->now - (int64_t)take_number(value.ptr, 8) > STORE_KEYS_HOURS * 3600000LL;
}

/* Takes the value apart into the records of the result. */
static int take_value(
	const struct op *op, struct str value, struct result *result, bool *known, struct err *err)
{
	uint64_t first;

	if (value.len < HEAD_SIZE)
		return refuse(err, ERR_INTERNAL);
	if (is_expired(op, value))
		return 0;
	if (memcmp(value.ptr + 8, op->fingerprint, OP_FINGERPRINT) != 0)
		return refuse(err, ERR_KEY_REUSED);
	first = take_number(value.ptr + 8 + OP_FINGERPRINT, 4);
	value = str_from(value, HEAD_SIZE);
	if (first > value.len)
		return refuse(err, ERR_INTERNAL);
	buf_reset(&result->record);
	buf_reset(&result->other_record);
	buf_put(&result->record, value.ptr, (size_t)first);
	buf_put_str(&result->other_record, str_from(value, (size_t)first));
	*known = true;
	return buf_ok(&result->record) && buf_ok(&result->other_record) ? 0 : ENOMEM;
}

int bdb_recall(struct store *store, DB_TXN *txn, const struct op *op, struct result *result,
	bool *known, struct err *err)
{
	struct buf key = BUF_INIT, value = BUF_INIT;
	int rc = ENOMEM;

	*known = false;
	if (put_key(op, &key))
		rc = bdb_get(store->tables[BDB_ONCE], txn, buf_str(&key), &value, DB_RMW);
	if (rc == 0)
		rc = take_value(op, buf_str(&value), result, known, err);
	buf_free(&key);
	buf_free(&value);
	return rc == DB_NOTFOUND ? 0 : rc;
}

/* ---- forgetting ---- */

#define FORGET_AT_ONCE 256

struct forgetting {
	int64_t before;
	struct buf keys; /* length (4) and bytes each */
	unsigned count;
};

static int note_old(DBC *cursor, struct forgetting *forgetting)
{
	char key[INDEX_TENANT_MAX + 256 + OP_KEY_MAX], time[8];
	DBT at = bdb_out(key, sizeof(key), 0), value = bdb_out(time, sizeof(time), 0);
	int rc;

	value.flags |= DB_DBT_PARTIAL;
	value.dlen = sizeof(time);
	rc = cursor->get(cursor, &at, &value, DB_NEXT);
	if (rc != 0 || value.size != sizeof(time) ||
		(int64_t)take_number(time, 8) >= forgetting->before)
		return rc;
	put_number(&forgetting->keys, at.size, 4);
	buf_put(&forgetting->keys, key, at.size);
	forgetting->count++;
	return buf_ok(&forgetting->keys) ? 0 : ENOMEM;
}

static int step_note_old(struct store *store, DB_TXN *txn, void *data, struct err *err)
{
	struct forgetting *forgetting = data;
	DB *once = store->tables[BDB_ONCE];
	DBC *cursor;
	int rc = once->cursor(once, txn, &cursor, 0), closed;

	(void)err;
	if (rc != 0)
		return rc;
	buf_reset(&forgetting->keys);
	forgetting->count = 0;
	while (rc == 0 && forgetting->count < FORGET_AT_ONCE)
		rc = note_old(cursor, forgetting);
	closed = cursor->close(cursor);
	return rc == DB_NOTFOUND || rc == 0 ? closed : rc;
}

static int step_forget(struct store *store, DB_TXN *txn, void *data, struct err *err)
{
	const struct forgetting *forgetting = data;
	struct str left = buf_str(&forgetting->keys);
	DB *once = store->tables[BDB_ONCE];
	int rc = 0;

	(void)err;
	while (rc == 0 && left.len > 0) {
		size_t len = (size_t)take_number(left.ptr, 4);
		DBT key = bdb_in((struct str){ left.ptr + 4, len });

		rc = once->del(once, txn, &key, 0);
		if (rc == DB_NOTFOUND)
			rc = 0;
		left = str_from(left, 4 + len);
	}
	return rc;
}

bool store_forget_keys(struct store *store, int64_t before, uint64_t *forgotten, struct err *err)
{
	struct forgetting forgetting = { .before = before };
	bool ok = true;

	*forgotten = 0;
	do {
		bdb_enter(store);
		ok = bdb_run(store, BDB_READ, step_note_old, &forgetting, err) &&
		     (forgetting.count == 0 ||
			     bdb_run(store, BDB_WRITE, step_forget, &forgetting, err));
		bdb_leave(store);
		*forgotten += ok ? forgetting.count : 0;
	} while (ok && forgetting.count == FORGET_AT_ONCE);
	buf_free(&forgetting.keys);
	return ok;
}
