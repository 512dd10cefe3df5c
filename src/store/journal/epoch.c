/*
 * The rows about the journal as a whole. The epoch is in the journal's own table, under the empty
 * tenant, so that it is lost together with the entries. The highest number that was removed is in
 * the meta table, so that numbers never begin again.
 */
#include <inttypes.h>
#include <stdio.h>
#include <sys/random.h>

#include "base/clock.h"
#include "store/journal/journal.h"

/* So that the text of a place is short. */
#define EPOCH_MASK ((UINT64_C(1) << 48) - 1)

static void epoch_key(struct index_key *key)
{
	journal_key(key, STR(""), 0);
}

/* ---- the epoch ---- */

static int read_row(struct store *store, bool for_update, struct journal_epoch *epoch)
{
	struct buf value = BUF_INIT;
	struct index_key key;
	int rc;

	epoch_key(&key);
	*epoch = (struct journal_epoch){ 0 };
	rc = store_get(store, TABLE_JOURNAL, key_str(&key), for_update, &value);
	if (rc == 0 && value.len == sizeof(*epoch))
		memcpy(epoch, value.data, sizeof(*epoch));
	buf_free(&value);
	return rc == ENGINE_NOT_FOUND ? 0 : rc;
}

int journal_read_epoch(struct store *store, struct journal_epoch *epoch)
{
	return read_row(store, false, epoch);
}

static int step_load(struct store *store, void *data, struct err *err)
{
	(void)err;
	return journal_read_epoch(store, data);
}

bool journal_load_epoch(struct store *store, struct journal_epoch *epoch, struct err *err)
{
	return step_run(store, ENGINE_READ, step_load, epoch, err);
}

static uint64_t draw_epoch(struct store *store)
{
	uint64_t epoch = 0;

	if (getrandom(&epoch, sizeof(epoch), 0) < 0)
		epoch = store_random(store) ^ (uint64_t)clock_wall_ms();
	epoch &= EPOCH_MASK;
	return epoch != 0 ? epoch : 1;
}

/* The lock on the row makes one process draw it. A commit that fails costs another epoch later. */
static int step_make(struct store *store, void *data, struct err *err)
{
	const bool *keeps_line = data;
	struct journal_epoch epoch;
	struct index_key key;
	int rc = read_row(store, true, &epoch);
	bool is_drawn;

	(void)err;
	if (rc != 0 || atomic_load(&store->shared->journal_epoch) != 0)
		return rc;
	/* By another host. */
	is_drawn = store->engine->ops->shared && epoch.epoch != 0;
	if (!is_drawn)
		epoch.epoch = draw_epoch(store);
	if (!is_drawn && (!*keeps_line || epoch.line == 0))
		epoch.line = epoch.epoch;
	epoch_key(&key);
	rc = store_put(store, TABLE_JOURNAL, key_str(&key),
		(struct str){ (const char *)&epoch, sizeof(epoch) }, ENGINE_REPLACE);
	if (rc == 0) {
		atomic_store(&store->shared->journal_line, epoch.line);
		atomic_store(&store->shared->journal_epoch, epoch.epoch);
	}
	return rc;
}

static bool make(struct store *store, bool keeps_line, struct err *err)
{
	return step_run_write(store, STR(""), step_make, &keeps_line, err) &&
	       store_flush(store, err);
}

bool journal_make_epoch(struct store *store, struct err *err)
{
	return make(store, false, err);
}

bool journal_renew_epoch(struct store *store, struct err *err)
{
	atomic_store(&store->shared->journal_epoch, 0);
	return store->journal_entries == 0 ? journal_forget_epoch(store, err)
					   : make(store, true, err);
}

static int step_forget(struct store *store, void *data, struct err *err)
{
	struct index_key key;
	int rc;

	(void)data, (void)err;
	epoch_key(&key);
	rc = store_del(store, TABLE_JOURNAL, key_str(&key));
	return rc == ENGINE_NOT_FOUND ? 0 : rc;
}

bool journal_forget_epoch(struct store *store, struct err *err)
{
	atomic_store(&store->shared->journal_epoch, 0);
	return step_run_write(store, STR(""), step_forget, NULL, err) && store_flush(store, err);
}

struct feed_place journal_place_to_keep(const struct store *store, struct feed_place place)
{
	if (place.epoch == atomic_load(&store->shared->journal_epoch))
		place.epoch = atomic_load(&store->shared->journal_line);
	return place;
}

struct feed_place journal_kept_place(const struct store *store, struct feed_place kept)
{
	if (kept.epoch == atomic_load(&store->shared->journal_line))
		kept.epoch = atomic_load(&store->shared->journal_epoch);
	return kept;
}

/* ---- the highest number that was removed ---- */

/* A row for each tenant, and one for all. */
static void trimmed_key(struct str tenant, struct index_key *key)
{
	size_t len = tenant.len < INDEX_TENANT_MAX ? tenant.len : INDEX_TENANT_MAX;

	key->len = JOURNAL_TRIMMED_KEY.len;
	memcpy(key->bytes, JOURNAL_TRIMMED_KEY.ptr, key->len);
	key->bytes[key->len++] = 0;
	memcpy(key->bytes + key->len, tenant.ptr, len);
	key->len += len;
}

static int read_number(struct store *store, struct str key, uint64_t *number)
{
	struct buf text = BUF_INIT;
	int rc = store_get(store, TABLE_META, key, false, &text);

	if (rc != 0 || !str_to_u64(buf_str(&text), number))
		*number = 0;
	buf_free(&text);
	return rc == ENGINE_NOT_FOUND ? 0 : rc;
}

static int put_number(struct store *store, struct str key, uint64_t number)
{
	char text[24];
	int len = snprintf(text, sizeof(text), "%" PRIu64, number);

	return store_put(store, TABLE_META, key, (struct str){ text, (size_t)len }, ENGINE_REPLACE);
}

int journal_read_trimmed(struct store *store, struct str tenant, uint64_t *number)
{
	uint64_t of_all = atomic_load(&store->shared->journal_trimmed);
	struct index_key key;
	int rc;

	trimmed_key(tenant, &key);
	rc = read_number(store, key_str(&key), number);
	*number = *number > of_all ? *number : of_all;
	return rc;
}

int journal_put_trimmed(struct store *store, struct str tenant, uint64_t number)
{
	struct index_key key;

	if (!store->engine->ops->shared)
		return put_number(store, JOURNAL_TRIMMED_KEY, number);
	trimmed_key(tenant, &key);
	return put_number(store, key_str(&key), number);
}

/* ---- at the start ---- */

static int step_limits(struct store *store, void *data, struct err *err)
{
	uint64_t *numbers = data;
	int rc = read_number(store, JOURNAL_TRIMMED_KEY, &numbers[0]);

	(void)err;
	return rc == 0 ? read_number(store, JOURNAL_FLOOR_KEY, &numbers[1]) : rc;
}

bool journal_load_limits(struct store *store, struct err *err)
{
	uint64_t numbers[2];

	if (!step_run(store, ENGINE_READ, step_limits, numbers, err))
		return false;
	journal_raise_trimmed(store, numbers[0]);
	atomic_store(&store->shared->journal_floor, numbers[1]);
	return true;
}

int journal_put_floor(struct store *store, uint64_t number)
{
	return put_number(store, JOURNAL_FLOOR_KEY, number);
}
