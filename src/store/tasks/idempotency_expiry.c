#include "base/clock.h"
#include "store/tasks/idempotency.h"

#define EXPIRED_PER_COMMIT 256

/* Removes keys by their periods, from `from` (included) to `to` (excluded). */
struct expiry {
	char from[4], to[4];
	bool to_end;	/* `to` is unused */
	size_t scanned; /* rows in this transaction */
	uint64_t keys;	/* of them, without the tallies */
};

static void put_period(char bytes[4], uint64_t period)
{
	for (int i = 0; i < 4; i++)
		bytes[i] = (char)(period >> (24 - 8 * i));
}

static int step_expire(struct store *store, void *data, struct err *err)
{
	struct expiry *expiry = data;
	struct engine_range range = { .from = { expiry->from, sizeof(expiry->from) } };
	int rc;

	(void)err;
	if (!expiry->to_end)
		range.to = (struct str){ expiry->to, sizeof(expiry->to) };
	rc = store_scan(store, TABLE_IDEMPOTENCY, &range, false, EXPIRED_PER_COMMIT);
	expiry->scanned = store->batch.count;
	expiry->keys = 0;
	for (size_t i = 0; rc == 0 && i < expiry->scanned; i++) {
		struct str key = engine_batch_key(&store->batch, i);

		expiry->keys += key.len > 0 && key.ptr[key.len - 1] != '\0';
		rc = store_del(store, TABLE_IDEMPOTENCY, key);
	}
	return rc;
}

static bool expire(
	struct store *store, struct expiry *expiry, uint64_t *expired, bool *more, struct err *err)
{
	int64_t until = clock_mono_ms() + STORE_SLICE_MS;
	bool ok;

	*expired = 0;
	do {
		ok = step_call_write(store, STR(""), step_expire, expiry, err);
		*expired += ok ? expiry->keys : 0;
		*more = ok && expiry->scanned == EXPIRED_PER_COMMIT;
	} while (*more && clock_mono_ms() < until);
	return ok;
}

bool store_expire_idempotency(
	struct store *store, int64_t now, uint64_t *expired, bool *more, struct err *err)
{
	uint64_t period = idempotency_period(now);
	struct expiry expiry = { 0 };

	put_period(expiry.to, period > 0 ? period - 1 : 0);
	return expire(store, &expiry, expired, more, err);
}

bool idempotency_expire_future(struct store *store, int64_t now, bool *more, struct err *err)
{
	struct expiry expiry = { .to_end = true };
	uint64_t expired;

	put_period(expiry.from, idempotency_period(now) + 2);
	return expire(store, &expiry, &expired, more, err) &&
	       (*more || idempotency_init(store, err));
}
