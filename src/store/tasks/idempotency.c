#include "store/tasks/idempotency.h"

/*
 * The result of an operation with an Idempotency-Key, so that it is carried out once and a
 * repetition gets the same response. It is written in the transaction that creates the task:
 *
 *     period (4, big-endian) · tenant NUL · user NUL · key  ->
 *     time (8, big-endian) · fingerprint (32) · length of the first record (4) ·
 *     the task's record as it was created · the companion's record, or nothing
 *
 * The key of a batch has a row without records, and its items have rows of their own
 * (create_many.h).
 *
 * The record is kept here too, because most tasks change while the key is kept: a key that refers
 * to the task would need the copy at the first change, and each change would have to look for it.
 *
 * A period is as long as keys are kept. A key is looked up in the current period, the one before,
 * and later ones that have keys: a worker whose round began a little earlier may be late, and the
 * clock may have been set back. Expired keys are the first of the table, so removing them reads no
 * others.
 */
#define LATER_MAX 16 /* periods; more only after the clock was set back as often */

uint64_t idempotency_period(int64_t now)
{
	return now > 0 ? (uint64_t)(now / IDEMPOTENCY_PERIOD_MS) : 0;
}

static void put_number(struct buf *out, uint64_t number, int bytes)
{
	while (bytes-- > 0)
		buf_putc(out, (char)(number >> 8 * bytes));
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

static int fail(struct err *err, enum err_code code)
{
	err_set(err, code, NULL, NULL);
	return STEP_FAILED;
}

/* ---- the number and size of a tenant's keys ---- */

/*
 * A row per tenant and period, in front of the tenant's keys of that period, has their count (8)
 * and bytes (8). It is removed with them. Keys that would exceed a limit are refused: dropping the
 * oldest ones instead would break the promise for requests that a client may still repeat.
 */
struct tally {
	uint64_t count, bytes;
	enum engine_put how;
};

static bool put_tally_key(struct buf *key, struct str tenant, uint64_t period)
{
	put_number(key, period, 4);
	buf_put_str(key, tenant);
	buf_putc(key, '\0');
	return buf_ok(key);
}

static int get_tally(struct store *store, struct str tenant, uint64_t period, bool for_update,
	struct tally *tally)
{
	struct buf key = BUF_INIT, value = BUF_INIT;
	int rc = ENGINE_NO_MEMORY;

	*tally = (struct tally){ .how = ENGINE_INSERT };
	if (put_tally_key(&key, tenant, period))
		rc = store_get(store, TABLE_IDEMPOTENCY, buf_str(&key), for_update, &value);
	if (rc == 0 && value.len == 16) {
		tally->count = idempotency_number(value.data, 8);
		tally->bytes = idempotency_number(value.data + 8, 8);
	}
	if (rc == 0)
		tally->how = ENGINE_REPLACE;
	buf_free(&key);
	buf_free(&value);
	return rc == ENGINE_NOT_FOUND ? 0 : rc;
}

static int put_tally(
	struct store *store, struct str tenant, uint64_t period, const struct tally *tally)
{
	struct buf key = BUF_INIT, value = BUF_INIT;
	int rc = ENGINE_NO_MEMORY;

	put_number(&value, tally->count, 8);
	put_number(&value, tally->bytes, 8);
	if (put_tally_key(&key, tenant, period) && buf_ok(&value))
		rc = store_put(
			store, TABLE_IDEMPOTENCY, buf_str(&key), buf_str(&value), tally->how);
	buf_free(&key);
	buf_free(&value);
	return retry_if_exists(rc);
}

static bool exceeds(const struct store *store, const struct tally *now, const struct tally *before)
{
	uint64_t keys = store->key_limit.keys, bytes = store->key_limit.bytes;

	return (keys > 0 && now->count + before->count > keys) ||
	       (bytes > 0 && now->bytes + before->bytes > bytes);
}

/* Keys are removed at the end of the period behind theirs. */
static int refuse(
	const struct store *store, const struct op *op, const struct tally *now, struct err *err)
{
	static const struct tally none;
	int64_t wait = IDEMPOTENCY_PERIOD_MS - op->now % IDEMPOTENCY_PERIOD_MS;

	if (exceeds(store, now, &none))
		wait += IDEMPOTENCY_PERIOD_MS;
	err_set(err, ERR_TOO_MANY_REQUESTS, "Idempotency-Key",
		"Too many Idempotency-Keys are in use; repeat later, or without a key.");
	err->retry_after = (unsigned)((wait + 999) / 1000);
	return STEP_FAILED;
}

/* Adds a key of that size, unless it would exceed a limit. */
static int count_key(struct store *store, const struct op *op, size_t size, struct err *err)
{
	uint64_t period = idempotency_period(op->now);
	struct tally now, before = { 0 };
	int rc = get_tally(store, op->tenant, period, true, &now);

	if (rc == 0 && period > 0)
		rc = get_tally(store, op->tenant, period - 1, false, &before);
	if (rc != 0)
		return rc;
	now.count++;
	now.bytes += size;
	if (exceeds(store, &now, &before))
		return refuse(store, op, &now, err);
	return put_tally(store, op->tenant, period, &now);
}

/* ---- writing ---- */

/* The newest period that has keys, for all processes. */
static void note_period(struct store *store, uint64_t period)
{
	_Atomic uint64_t *newest = &store->shared->newest_key_period;
	uint64_t seen = atomic_load(newest);

	while (seen < period && !atomic_compare_exchange_weak(newest, &seen, period))
		;
}

int idempotency_store(
	struct store *store, const struct op *op, const struct result *result, struct err *err)
{
	uint64_t period = idempotency_period(op->now);
	struct buf key = BUF_INIT, value = BUF_INIT;
	int rc = ENGINE_NO_MEMORY;

	put_number(&value, (uint64_t)op->now, 8);
	buf_put(&value, op->idempotency_fingerprint, OP_FINGERPRINT_SIZE);
	put_number(&value, result->record.len, 4);
	buf_put_str(&value, buf_str(&result->record));
	buf_put_str(&value, buf_str(&result->companion_record));
	if (put_key(op, period, &key) && buf_ok(&value)) {
		note_period(store, period);
		rc = retry_if_exists(store_put(
			store, TABLE_IDEMPOTENCY, buf_str(&key), buf_str(&value), ENGINE_INSERT));
	}
	if (rc == 0)
		rc = count_key(store, op, key.len + value.len, err);
	if (rc == 0)
		rc = snapshot_note(store, SNAPSHOT_IDEMPOTENCY, buf_str(&key), NULL);
	if (rc == 0)
		rc = usage_add(&store->usage, op->tenant, 0, 0);
	buf_free(&key);
	buf_free(&value);
	return rc;
}

/* Adds the row to the tally of its tenant, if it is not a row that was there. */
static int count_imported(struct store *store, struct str tenant, uint64_t period, bool is_new,
	size_t size, size_t old_size)
{
	struct tally tally;
	int rc = get_tally(store, tenant, period, true, &tally);

	tally.count += is_new;
	tally.bytes = tally.bytes + size > old_size ? tally.bytes + size - old_size : 0;
	return rc == 0 ? put_tally(store, tenant, period, &tally) : rc;
}

int idempotency_import(struct store *store, struct str key, struct str value)
{
	struct idempotency_row row;
	struct buf old = BUF_INIT;
	bool is_new;
	int rc;

	if (!idempotency_parse_row(&row, key, value))
		return STEP_FAILED;
	if (row.is_tally)
		return 0;
	rc = store_get(store, TABLE_IDEMPOTENCY, key, true, &old);
	is_new = rc == ENGINE_NOT_FOUND;
	if (rc == 0 || is_new)
		rc = store_put(store, TABLE_IDEMPOTENCY, key, value, ENGINE_REPLACE);
	if (rc == 0)
		rc = count_imported(store, row.tenant, row.period, is_new, key.len + value.len,
			is_new ? 0 : key.len + old.len);
	if (rc == 0)
		note_period(store, row.period);
	buf_free(&old);
	return rc;
}

/* ---- reading ---- */

static bool is_expired(const struct op *op, struct str value)
{
	return op->now - (int64_t)idempotency_number(value.ptr, 8) > IDEMPOTENCY_PERIOD_MS;
}

/* Splits the value into the records of the result. */
static int split_value(
	const struct op *op, struct str value, struct result *result, bool *known, struct err *err)
{
	uint64_t first;

	if (value.len < IDEMPOTENCY_HEAD_SIZE)
		return fail(err, ERR_INTERNAL);
	if (is_expired(op, value))
		return 0;
	if (memcmp(value.ptr + 8, op->idempotency_fingerprint, OP_FINGERPRINT_SIZE) != 0)
		return fail(err, ERR_KEY_REUSED);
	first = idempotency_number(value.ptr + 8 + OP_FINGERPRINT_SIZE, 4);
	value = str_skip(value, IDEMPOTENCY_HEAD_SIZE);
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

/* The next period, from *period on, that has keys; ENGINE_NOT_FOUND. */
static int next_period(struct store *store, uint64_t *period)
{
	char from[4];
	const struct engine_range range = { .from = { from, sizeof(from) } };
	struct str key;
	int rc;

	for (int i = 0; i < 4; i++)
		from[i] = (char)(*period >> (24 - 8 * i));
	rc = store_scan(store, TABLE_IDEMPOTENCY, &range, false, 1);
	if (rc != 0 || store->batch.count == 0)
		return rc != 0 ? rc : ENGINE_NOT_FOUND;
	key = engine_batch_key(&store->batch, 0);
	*period = key.len >= 4 ? idempotency_number(key.ptr, 4) : UINT32_MAX;
	return 0;
}

/* Only if there are such periods: the scan would make every insert wait for the last leaf. */
static int lookup_later(
	struct store *store, const struct op *op, uint64_t period, struct buf *value)
{
	int rc = ENGINE_NOT_FOUND;

	for (int i = 0; rc == ENGINE_NOT_FOUND && i < LATER_MAX; i++) {
		if (atomic_load(&store->shared->newest_key_period) <= period)
			break;
		period++;
		rc = next_period(store, &period);
		if (rc != 0)
			break;
		rc = lookup_in(store, op, period, value);
	}
	return rc;
}

static void expect_in(struct store *store, const struct op *op, uint64_t period)
{
	struct buf key = BUF_INIT;

	if (put_key(op, period, &key))
		store_expect(store, TABLE_IDEMPOTENCY, buf_str(&key));
	buf_reset(&key);
	if (put_tally_key(&key, op->tenant, period))
		store_expect(store, TABLE_IDEMPOTENCY, buf_str(&key));
	buf_free(&key);
}

void idempotency_expect(struct store *store, const struct op *op)
{
	uint64_t period = idempotency_period(op->now);

	expect_in(store, op, period);
	if (period > 0)
		expect_in(store, op, period - 1);
}

int idempotency_lookup(struct store *store, const struct op *op, struct result *result, bool *known,
	struct err *err)
{
	uint64_t period = idempotency_period(op->now);
	struct buf value = BUF_INIT;
	int rc = lookup_in(store, op, period, &value);

	*known = false;
	if (rc == ENGINE_NOT_FOUND && period > 0)
		rc = lookup_in(store, op, period - 1, &value);
	if (rc == ENGINE_NOT_FOUND)
		rc = lookup_later(store, op, period, &value);
	if (rc == 0)
		rc = split_value(op, buf_str(&value), result, known, err);
	buf_free(&value);
	return rc == ENGINE_NOT_FOUND ? 0 : rc;
}

/* ---- the newest period ---- */

static int step_find_newest(struct store *store, void *data, struct err *err)
{
	const struct engine_range all = { 0 };
	uint64_t *period = data;
	struct str key;
	int rc = store_scan(store, TABLE_IDEMPOTENCY, &all, true, 1);

	(void)err;
	*period = 0;
	if (rc != 0 || store->batch.count == 0)
		return rc;
	key = engine_batch_key(&store->batch, 0);
	*period = key.len >= 4 ? idempotency_number(key.ptr, 4) : 0;
	return 0;
}

bool idempotency_init(struct store *store, struct err *err)
{
	_Atomic uint64_t *newest = &store->shared->newest_key_period;
	uint64_t seen = atomic_load(newest), period;

	if (!step_run(store, ENGINE_READ, step_find_newest, &period, err)) {
		/* Such a page fails the requests that need it, and not the start. */
		if (err->code != ERR_DAMAGED)
			return false;
		err->code = ERR_NONE;
		period = seen;
	}
	/* Unless another process has just stored a key. */
	atomic_compare_exchange_strong(newest, &seen, period);
	return true;
}
