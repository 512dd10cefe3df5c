#include <stdlib.h>

#include "store/transfer/transfer.h"
#include "store/usage/usage.h"
#include "store/webhooks/webhooks.h"

/*
 * Rows of an export are the keys and values of the tables as they are stored, but a quota's value
 * is its two limits, a number is only raised, and a webhook has a row in the outbox as well.
 */
static const struct {
	const char *name; /* in the file: never changed */
	enum engine_table table;
	bool with_next; /* copied at the moment of the next table: both refer to users */
} tables[] = {
	{ "users", TABLE_USERS, true },
	{ "tokens", TABLE_TOKENS, true },
	{ "keys", TABLE_SIGNING_KEYS, false },
	{ "numbers", TABLE_META, false },
	{ "quotas", TABLE_USAGE, false },
	{ "webhooks", TABLE_WEBHOOKS, false },
	{ "idempotency", TABLE_IDEMPOTENCY, false },
};

#define TABLES	    (sizeof(tables) / sizeof(tables[0]))
#define LIMITS_SIZE (2 * sizeof(uint64_t))

/* ---- export ---- */

/* Rows copied from the store, so that no lock is held while the sink takes them. */
struct copy {
	struct snapshot *snapshot;
	size_t first, table; /* in `tables`: the first one read at this moment, the present one */
	struct buf rows; /* table, length of the key, of the value (uint32_t each), key, value */
	struct buf value;
	struct index_key from; /* TABLE_IDEMPOTENCY: where to go on */
	bool more;
};

static void put_row(struct copy *copy, struct str key, struct str value)
{
	const uint32_t head[3] = { (uint32_t)copy->table, (uint32_t)key.len, (uint32_t)value.len };

	buf_put(&copy->rows, head, sizeof(head));
	buf_put_str(&copy->rows, key);
	buf_put_str(&copy->rows, value);
}

static bool copy_row(struct str key, struct str value, void *data)
{
	struct copy *copy = data;
	enum engine_table table = tables[copy->table].table;
	struct usage_value usage;

	if (table == TABLE_USAGE && usage_decode(&usage, value)) {
		if (usage.max_tasks == STORE_QUOTA_DEFAULT &&
			usage.max_bytes == STORE_QUOTA_DEFAULT)
			return true;
		value = (struct str){ value.ptr + value.len - LIMITS_SIZE, LIMITS_SIZE };
	}
	if (table != TABLE_META || number_is_row(key))
		put_row(copy, key, value);
	return buf_ok(&copy->rows);
}

static int step_copy(struct store *store, void *data, struct err *err)
{
	struct copy *copy = data;
	int rc;

	(void)err;
	buf_reset(&copy->rows);
	copy->table = copy->first;
	do
		rc = (int)store->engine->ops->each(
			store->engine, tables[copy->table].table, false, copy_row, copy);
	while (rc == 0 && tables[copy->table++].with_next);
	return rc == 0 && !buf_ok(&copy->rows) ? ENGINE_NO_MEMORY : rc;
}

#define KEYS_PER_STEP 256

/* Copies an Idempotency-Key unless it was used first after the moment. */
static int copy_idempotency(struct store *store, struct copy *copy, struct str key)
{
	bool noted;
	int rc;

	buf_reset(&copy->value);
	rc = store_get(store, TABLE_IDEMPOTENCY, key, false, &copy->value);
	if (rc != 0)
		return rc == ENGINE_NOT_FOUND ? 0 : rc;
	rc = snapshot_find(store, copy->snapshot, SNAPSHOT_IDEMPOTENCY, key, &noted);
	if (rc == 0 && !noted)
		put_row(copy, key, buf_str(&copy->value));
	return rc;
}

static int step_copy_some(struct store *store, void *data, struct err *err)
{
	struct copy *copy = data;
	const struct engine_range range = { .from = key_str(&copy->from) };
	int rc = store_scan(store, TABLE_IDEMPOTENCY, &range, false, KEYS_PER_STEP);

	(void)err;
	buf_reset(&copy->rows);
	for (size_t i = 0; rc == 0 && i < store->batch.count; i++)
		rc = copy_idempotency(store, copy, engine_batch_key(&store->batch, i));
	if (rc != 0 || !buf_ok(&copy->rows))
		return rc != 0 ? rc : ENGINE_NO_MEMORY;
	copy->more = store->batch.count == KEYS_PER_STEP;
	return 0;
}

/* Goes on behind the last key of the batch. False for a key of a length that is never written. */
static bool go_on(struct copy *copy, struct str last)
{
	if (last.len >= sizeof(copy->from.bytes))
		return false;
	memcpy(copy->from.bytes, last.ptr, last.len);
	copy->from.bytes[last.len] = '\0';
	copy->from.len = last.len + 1;
	return true;
}

static bool send(const struct store_sink *sink, const struct buf *rows)
{
	struct str left = buf_str(rows);

	while (left.len > 0) {
		uint32_t head[3];
		struct str key, value;

		memcpy(head, left.ptr, sizeof(head));
		key = (struct str){ left.ptr + sizeof(head), head[1] };
		value = (struct str){ key.ptr + key.len, head[2] };
		left = str_skip(left, sizeof(head) + key.len + value.len);
		if (!sink->row(tables[head[0]].name, key, value, sink->data))
			return false;
	}
	return true;
}

static bool send_keys(
	struct store *store, struct copy *copy, const struct store_sink *sink, struct err *err)
{
	bool more = true;

	copy->more = true;
	while (more && copy->more) {
		if (!step_call(store, ENGINE_VIEW, step_copy_some, copy, err) ||
			!snapshot_is_valid(store, copy->snapshot, err))
			return false;
		more = send(sink, &copy->rows);
		if (store->batch.count > 0 &&
			!go_on(copy, engine_batch_key(&store->batch, store->batch.count - 1)))
			return err_set(err, ERR_INTERNAL, NULL, "an Idempotency-Key is too long");
	}
	return true;
}

/* May have held secrets. */
static void wipe(struct buf *buf)
{
	if (buf->data)
		explicit_bzero(buf->data, buf->capacity);
	buf_free(buf);
}

bool transfer_rows(struct store *store, struct snapshot *snapshot, const struct store_sink *sink,
	struct err *err)
{
	struct copy copy = { .snapshot = snapshot };
	bool ok = true, more = true;

	while (ok && more && copy.table < TABLES) {
		copy.first = copy.table;
		if (tables[copy.table].table == TABLE_IDEMPOTENCY) {
			ok = send_keys(store, &copy, sink, err);
			copy.table++;
			continue;
		}
		ok = step_call(store, ENGINE_VIEW, step_copy, &copy, err);
		more = ok && send(sink, &copy.rows);
	}
	wipe(&copy.rows);
	buf_free(&copy.value);
	return ok;
}

/* ---- import ---- */

struct incoming {
	enum engine_table table;
	struct str key, value;
};

static int put_quota(struct store *store, const struct incoming *row)
{
	struct usage_value value;
	bool exists;
	int rc = usage_get(store, row->key, &value, &exists);

	if (rc == 0 && !usage_set_limits(&value, row->value))
		return STEP_FAILED;
	if (rc == 0)
		rc = usage_put_limits(store, row->key, &value);
	return rc == 0 ? usage_put(store, row->key, &value, exists) : rc;
}

static int put_number(struct store *store, const struct incoming *row)
{
	uint64_t number;

	if (!number_is_row(row->key) || !str_to_u64(row->value, &number) ||
		number > TASK_NUMBER_IMPORT_MAX)
		return STEP_FAILED;
	return number_raise(store, row->key, number);
}

static int step_put(struct store *store, void *data, struct err *err)
{
	const struct incoming *row = data;
	int rc;

	if (row->table == TABLE_USAGE)
		rc = put_quota(store, row);
	else if (row->table == TABLE_META)
		rc = put_number(store, row);
	else if (row->table == TABLE_IDEMPOTENCY)
		rc = idempotency_import(store, row->key, row->value);
	else
		rc = store_put(store, row->table, row->key, row->value, ENGINE_REPLACE);
	if (rc == STEP_FAILED)
		err_set(err, ERR_INVALID, NULL, "the row is malformed");
	return rc;
}

bool store_import_row(
	struct store *store, struct str table, struct str key, struct str value, struct err *err)
{
	struct incoming row = { .key = key, .value = value };
	size_t i = 0;

	while (i < TABLES && !str_eq(table, str_cstr(tables[i].name)))
		i++;
	if (i == TABLES)
		return err_set(err, ERR_INVALID, "table", "there is no table '%.*s'",
			(int)(table.len < 40 ? table.len : 40), table.ptr);
	if (key.len == 0 || key.len > INDEX_KEY_MAX)
		return err_set(err, ERR_INVALID, "key", "the key has a wrong length");
	row.table = tables[i].table;
	if (!store_may_write(store, err))
		return false;
	if (row.table == TABLE_WEBHOOKS)
		return webhook_import(store, key, value, err);
	return step_call_write(store, STR(""), step_put, &row, err);
}
