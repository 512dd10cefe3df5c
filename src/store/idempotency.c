#include <errno.h>

#include "store/internal.h"

/*
 * What was done with an Idempotency-Key, so that it is done once and told again. It is written in
 * the transaction that makes the task:
 *
 *     period (4, big-endian) · tenant NUL · user NUL · key  ->
 *     time (8, big-endian) · fingerprint (32) · length of the first record (4) ·
 *     the record of the task as it was made · that of the task that was made with it, or nothing
 *
 * A period is as long as keys are kept: a key is looked for in this one and the one before, and
 * near its end in the one after, because a worker whose round began a little earlier comes late to
 * a key. What is older stands at the front, where it is forgotten without a look at the rest.
 */
#define HEAD_SIZE (8 + OP_FINGERPRINT_SIZE + 4)
#define PERIOD_MS (STORE_IDEMPOTENCY_HOURS * 3600000LL)
/* Near the end of a period: always, it would have all keys meet on the last page. */
#define LATE_MS 60000

static void put_number(struct buf *out, uint64_t number, int bytes)
{
	while (bytes-- > 0)
		buf_putc(out, (char)(number >> 8 * bytes));
}

static uint64_t period_of(int64_t now)
{
	return now > 0 ? (uint64_t)(now / PERIOD_MS) : 0;
}

static bool put_key(const struct op *op, uint64_t period, struct buf *key)
{
	buf_reset(key);
	put_number(key, period, 4);
	buf_put_str(key, op->tenant);
	buf_putc(key, '\0');
	buf_put_str(key, op->actor);
	buf_putc(key, '\0');
	buf_put_str(key, op->idempotency_key);
	return buf_ok(key);
}

static uint64_t take_number(const char *from, int bytes)
{
	uint64_t number = 0;

	for (int i = 0; i < bytes; i++)
		number = number << 8 | (uint8_t)from[i];
	return number;
}

int idempotency_store(
	struct store *store, DB_TXN *txn, const struct op *op, const struct result *result)
{
	struct buf key = BUF_INIT, value = BUF_INIT;
	int rc = ENOMEM;

	put_number(&value, (uint64_t)op->now, 8);
	buf_put(&value, op->idempotency_fingerprint, OP_FINGERPRINT_SIZE);
	put_number(&value, result->record.len, 4);
	buf_put_str(&value, buf_str(&result->record));
	buf_put_str(&value, buf_str(&result->companion_record));
	if (put_key(op, period_of(op->now), &key) && buf_ok(&value))
		rc = bdb_put(
			store->tables[TABLE_IDEMPOTENCY], txn, buf_str(&key), buf_str(&value), 0);
	buf_free(&key);
	buf_free(&value);
	return rc;
}

static int refuse(struct err *err, enum err_code code)
{
	err_set(err, code, NULL, NULL);
	return STEP_FAILED;
}

static bool is_expired(const struct op *op, struct str value)
{
	return op->now - (int64_t)take_number(value.ptr, 8) > PERIOD_MS;
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
	if (memcmp(value.ptr + 8, op->idempotency_fingerprint, OP_FINGERPRINT_SIZE) != 0)
		return refuse(err, ERR_KEY_REUSED);
	first = take_number(value.ptr + 8 + OP_FINGERPRINT_SIZE, 4);
	value = str_skip(value, HEAD_SIZE);
	if (first > value.len)
		return refuse(err, ERR_INTERNAL);
	buf_reset(&result->record);
	buf_reset(&result->companion_record);
	buf_put(&result->record, value.ptr, (size_t)first);
	buf_put_str(&result->companion_record, str_skip(value, (size_t)first));
	*known = true;
	return buf_ok(&result->record) && buf_ok(&result->companion_record) ? 0 : ENOMEM;
}

static int recall_from(
	struct store *store, DB_TXN *txn, const struct op *op, uint64_t period, struct buf *value)
{
	struct buf key = BUF_INIT;
	int rc = ENOMEM;

	buf_reset(value);
	if (put_key(op, period, &key))
		rc = bdb_get(store->tables[TABLE_IDEMPOTENCY], txn, buf_str(&key), value, DB_RMW);
	buf_free(&key);
	return rc;
}

int idempotency_lookup(struct store *store, DB_TXN *txn, const struct op *op, struct result *result,
	bool *known, struct err *err)
{
	uint64_t period = period_of(op->now);
	struct buf value = BUF_INIT;
	int rc = recall_from(store, txn, op, period, &value);

	*known = false;
	if (rc == DB_NOTFOUND && period > 0)
		rc = recall_from(store, txn, op, period - 1, &value);
	if (rc == DB_NOTFOUND && period_of(op->now + LATE_MS) > period)
		rc = recall_from(store, txn, op, period + 1, &value);
	if (rc == 0)
		rc = take_value(op, buf_str(&value), result, known, err);
	buf_free(&value);
	return rc == DB_NOTFOUND ? 0 : rc;
}

/* ---- forgetting ---- */

#define FORGET_AT_ONCE 256

struct forgetting {
	uint64_t before; /* periods */
	unsigned count;
};

static int forget_first(DBC *cursor, const struct forgetting *forgetting)
{
	char period[4];
	DBT key = bdb_out(period, sizeof(period), 0), value = bdb_nothing();
	int rc;

	key.flags |= DB_DBT_PARTIAL;
	key.dlen = sizeof(period);
	rc = cursor->get(cursor, &key, &value, DB_NEXT | DB_RMW);
	if (rc == 0 && take_number(period, 4) >= forgetting->before)
		rc = DB_NOTFOUND;
	return rc == 0 ? cursor->del(cursor, 0) : rc;
}

static int step_forget(struct store *store, DB_TXN *txn, void *data, struct err *err)
{
	struct forgetting *forgetting = data;
	DB *once = store->tables[TABLE_IDEMPOTENCY];
	DBC *cursor;
	int rc = once->cursor(once, txn, &cursor, 0), closed;

	(void)err;
	if (rc != 0)
		return rc;
	for (forgetting->count = 0; rc == 0 && forgetting->count < FORGET_AT_ONCE;)
		if ((rc = forget_first(cursor, forgetting)) == 0)
			forgetting->count++;
	closed = cursor->close(cursor);
	return rc == DB_NOTFOUND || rc == 0 ? closed : rc;
}

bool store_expire_idempotency(
	struct store *store, int64_t now, uint64_t *forgotten, struct err *err)
{
	uint64_t period = period_of(now);
	struct forgetting forgetting = { .before = period > 0 ? period - 1 : 0 };
	bool ok;

	*forgotten = 0;
	do {
		store_enter(store);
		ok = step_run(store, STEP_WRITE, step_forget, &forgetting, err);
		store_leave(store);
		*forgotten += ok ? forgetting.count : 0;
	} while (ok && forgetting.count == FORGET_AT_ONCE);
	return ok;
}
