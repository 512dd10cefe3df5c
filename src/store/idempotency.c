#include "store/internal.h"

/*
 * The result of an operation with an Idempotency-Key, so that it is carried out once and a
 * repetition gets the same response. It is written in the transaction that creates the task:
 *
 *     period (4, big-endian) · tenant NUL · user NUL · key  ->
 *     time (8, big-endian) · fingerprint (32) · length of the first record (4) ·
 *     the task's record as it was created · the companion's record, or nothing
 *
 * A period is as long as keys are kept. A key is looked up in the current period and the one
 * before and, near the end of the current one, in the next: a worker whose round began a little
 * earlier may be late. Expired keys are the first of the table, so removing them reads no others.
 */
#define HEAD_SIZE (8 + OP_FINGERPRINT_SIZE + 4)
#define PERIOD_MS (STORE_IDEMPOTENCY_HOURS * 3600000LL)
/* Only near the end of a period; doing it always would make every insert hit the last leaf. */
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

static uint64_t get_number(const char *from, int bytes)
{
	uint64_t number = 0;

	for (int i = 0; i < bytes; i++)
		number = number << 8 | (uint8_t)from[i];
	return number;
}

int idempotency_store(struct store *store, const struct op *op, const struct result *result)
{
	struct buf key = BUF_INIT, value = BUF_INIT;
	int rc = ENGINE_NO_MEMORY;

	put_number(&value, (uint64_t)op->now, 8);
	buf_put(&value, op->idempotency_fingerprint, OP_FINGERPRINT_SIZE);
	put_number(&value, result->record.len, 4);
	buf_put_str(&value, buf_str(&result->record));
	buf_put_str(&value, buf_str(&result->companion_record));
	if (put_key(op, period_of(op->now), &key) && buf_ok(&value))
		rc = store_put(
			store, TABLE_IDEMPOTENCY, buf_str(&key), buf_str(&value), ENGINE_INSERT);
	buf_free(&key);
	buf_free(&value);
	return retry_if_exists(rc);
}

static int fail(struct err *err, enum err_code code)
{
	err_set(err, code, NULL, NULL);
	return STEP_FAILED;
}

static bool is_expired(const struct op *op, struct str value)
{
	return op->now - (int64_t)get_number(value.ptr, 8) > PERIOD_MS;
}

/* Splits the value into the records of the result. */
static int split_value(
	const struct op *op, struct str value, struct result *result, bool *known, struct err *err)
{
	uint64_t first;

	if (value.len < HEAD_SIZE)
		return fail(err, ERR_INTERNAL);
	if (is_expired(op, value))
		return 0;
	if (memcmp(value.ptr + 8, op->idempotency_fingerprint, OP_FINGERPRINT_SIZE) != 0)
		return fail(err, ERR_KEY_REUSED);
	first = get_number(value.ptr + 8 + OP_FINGERPRINT_SIZE, 4);
	value = str_skip(value, HEAD_SIZE);
	if (first > value.len)
		return fail(err, ERR_INTERNAL);
	buf_reset(&result->record);
	buf_reset(&result->companion_record);
	buf_put(&result->record, value.ptr, (size_t)first);
	buf_put_str(&result->companion_record, str_skip(value, (size_t)first));
	*known = true;
	return buf_ok(&result->record) && buf_ok(&result->companion_record) ? 0 : ENGINE_NO_MEMORY;
}

static int lookup_in(struct store *store, const struct op *op, uint64_t period, struct buf *value)
{
	struct buf key = BUF_INIT;
	int rc = ENGINE_NO_MEMORY;

	buf_reset(value);
	if (put_key(op, period, &key))
		rc = store_get(store, TABLE_IDEMPOTENCY, buf_str(&key), true, value);
	buf_free(&key);
	return rc;
}

int idempotency_lookup(struct store *store, const struct op *op, struct result *result, bool *known,
	struct err *err)
{
	uint64_t period = period_of(op->now);
	struct buf value = BUF_INIT;
	int rc = lookup_in(store, op, period, &value);

	*known = false;
	if (rc == ENGINE_NOT_FOUND && period > 0)
		rc = lookup_in(store, op, period - 1, &value);
	if (rc == ENGINE_NOT_FOUND && period_of(op->now + LATE_MS) > period)
		rc = lookup_in(store, op, period + 1, &value);
	if (rc == 0)
		rc = split_value(op, buf_str(&value), result, known, err);
	buf_free(&value);
	return rc == ENGINE_NOT_FOUND ? 0 : rc;
}

/* ---- expiry ---- */

#define EXPIRED_PER_COMMIT 256

struct expiry {
	char end[4]; /* the first period that is kept */
	size_t count;
};

static int step_expire(struct store *store, void *data, struct err *err)
{
	struct expiry *expiry = data;
	const struct engine_range range = { .to = { expiry->end, sizeof(expiry->end) } };
	int rc = store_scan(store, TABLE_IDEMPOTENCY, &range, false, EXPIRED_PER_COMMIT);

	(void)err;
	expiry->count = store->batch.count;
	for (size_t i = 0; rc == 0 && i < expiry->count; i++)
		rc = store_del(store, TABLE_IDEMPOTENCY, engine_batch_key(&store->batch, i));
	return rc;
}

bool store_expire_idempotency(struct store *store, int64_t now, uint64_t *expired, struct err *err)
{
	uint64_t period = period_of(now), kept = period > 0 ? period - 1 : 0;
	struct expiry expiry = { .count = 0 };
	bool ok;

	for (int i = 0; i < 4; i++)
		expiry.end[i] = (char)(kept >> (24 - 8 * i));
	*expired = 0;
	do {
		ok = step_call(store, ENGINE_WRITE, step_expire, &expiry, err);
		*expired += ok ? expiry.count : 0;
	} while (ok && expiry.count == EXPIRED_PER_COMMIT);
	return ok;
}
