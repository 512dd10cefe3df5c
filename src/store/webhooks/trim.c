#include "base/clock.h"
#include "store/webhooks/webhooks.h"

/* Rows that one transaction removes. */
#define BATCH 64

/* ---- what the journal must keep ---- */

struct place_reading {
	struct str tenant;
	struct id id;
	uint64_t *least;
};

/* Entries behind the place of a disabled webhook may be removed. */
static int step_read_place(struct store *store, void *data, struct err *err)
{
	const struct place_reading *reading = data;
	struct arena arena = { 0 };
	struct webhook webhook;
	struct outbox outbox;
	bool found = false;
	int rc = webhook_get(store, reading->tenant, &reading->id, false, &arena, &webhook);

	(void)err;
	if (rc == 0 && webhook.enabled)
		rc = outbox_get(store, &reading->id, false, &outbox, &found);
	if (found && (*reading->least == 0 || outbox.state.place.number + 1 < *reading->least))
		*reading->least = outbox.state.place.number + 1;
	arena_free(&arena);
	return rc == ENGINE_NOT_FOUND || rc == ENGINE_DAMAGED ? 0 : rc;
}

static int step_read_keys(struct store *store, void *data, struct err *err)
{
	(void)err;
	return webhook_read_keys(store, STR_NULL, data);
}

bool webhook_needed_of(struct store *store, struct str tenant, uint64_t *number, struct err *err)
{
	struct webhook_keys keys = { 0 };
	struct str list;
	bool ok = step_call(store, ENGINE_VIEW, step_read_keys, &keys, err);

	*number = 0;
	list = buf_str(&keys.bytes);
	while (ok && list.len > 0) {
		struct place_reading reading = { .least = number };

		if (webhook_next_key(&list, &reading.tenant, &reading.id) &&
			str_eq(reading.tenant, tenant))
			ok = step_call(store, ENGINE_READ, step_read_place, &reading, err);
	}
	buf_free(&keys.bytes);
	return ok;
}

/* One pass over all webhooks, in slices. */
static bool find_needed(struct store *store, int64_t until, bool *more, struct err *err)
{
	struct webhook_needed *pass = &store->needed;
	struct str list;
	bool ok = true;

	if (pass->left == 0) {
		struct webhook_keys keys = { .bytes = pass->keys };

		ok = step_call(store, ENGINE_VIEW, step_read_keys, &keys, err);
		pass->keys = keys.bytes;
		pass->left = pass->keys.len;
		pass->least = 0;
	}
	list = str_skip(buf_str(&pass->keys), pass->keys.len - pass->left);
	while (ok && list.len > 0 && clock_mono_us() < until) {
		struct place_reading reading = { .least = &pass->least };

		if (webhook_next_key(&list, &reading.tenant, &reading.id))
			ok = step_call(store, ENGINE_READ, step_read_place, &reading, err);
	}
	pass->left = ok ? list.len : 0;
	*more = pass->left > 0;
	if (ok && !*more)
		atomic_store(&store->shared->journal_needed, pass->least);
	return ok;
}

/* ---- deliveries that have ended ---- */

struct trim {
	int64_t oldest;	       /* time from which on they are kept */
	struct index_key from; /* where to go on */
	struct id webhook;
	bool end;
};

/* Moves behind all rows of the webhook. */
static void skip_webhook(struct trim *trim)
{
	outbox_key(&trim->from, OUTBOX_ENDED, &trim->webhook);
	trim->end = !index_prefix_end(&trim->from);
}

static int trim_rows(struct store *store, struct trim *trim, const struct engine_batch *batch)
{
	struct outbox outbox;
	struct id webhook;
	size_t removed = 0;
	bool found;
	int rc = outbox_get(store, &trim->webhook, true, &outbox, &found);

	if (rc != 0 || !found) {
		skip_webhook(trim);
		return rc;
	}
	for (size_t i = 0; rc == 0 && i < batch->count; i++) {
		struct str key = engine_batch_key(batch, i);
		uint64_t number = outbox_number(key);
		int64_t ended = (int64_t)outbox_number((struct str){ key.ptr, key.len - 8 });

		if (!outbox_parse(key, &webhook) || id_compare(&webhook, &trim->webhook) != 0 ||
			(outbox.ended <= WEBHOOK_ENDED_MAX && ended >= trim->oldest)) {
			skip_webhook(trim);
			break;
		}
		rc = delivery_remove_ended(store, &outbox, &webhook, ended, number);
		removed++;
	}
	return rc == 0 && removed > 0 ? outbox_put(store, &trim->webhook, &outbox) : rc;
}

static int step_trim(struct store *store, void *data, struct err *err)
{
	struct trim *trim = data;
	struct index_key to = { .len = 1, .bytes = { OUTBOX_ENDED + 1 } };
	struct engine_batch batch;
	int rc = outbox_scan(store, &trim->from, &to, false, BATCH, &batch);

	(void)err;
	trim->end = rc == 0 && batch.count == 0;
	if (rc == 0 && batch.count > 0) {
		if (outbox_parse(engine_batch_key(&batch, 0), &trim->webhook))
			rc = trim_rows(store, trim, &batch);
		else
			rc = store_del(store, TABLE_OUTBOX, engine_batch_key(&batch, 0));
	}
	engine_batch_free(&batch);
	return rc;
}

/* ---- rows of removed webhooks ---- */

static int remove_range(
	struct store *store, enum outbox_kind kind, const struct id *webhook, size_t *removed)
{
	struct engine_batch batch;
	struct index_key from, to;
	int rc;

	outbox_key(&from, kind, webhook);
	to = from;
	index_prefix_end(&to);
	rc = outbox_scan(store, &from, &to, false, BATCH - *removed, &batch);
	for (size_t i = 0; rc == 0 && i < batch.count; i++) {
		rc = store_del(store, TABLE_OUTBOX, engine_batch_key(&batch, i));
		*removed += rc == 0;
	}
	engine_batch_free(&batch);
	return rc;
}

/* The row that names the webhook is the last one. */
static int step_remove(struct store *store, void *data, struct err *err)
{
	static const enum outbox_kind kinds[] = { OUTBOX_STATE, OUTBOX_PENDING, OUTBOX_ENDED,
		OUTBOX_DELIVERY, OUTBOX_REMOVED };
	struct trim *trim = data;
	const struct index_key from = { .len = 1, .bytes = { OUTBOX_REMOVED } };
	const struct index_key to = { .len = 1, .bytes = { OUTBOX_REMOVED + 1 } };
	struct engine_batch batch;
	size_t removed = 0;
	int rc = outbox_scan(store, &from, &to, false, 1, &batch);

	(void)err;
	trim->end = rc == 0 && batch.count == 0;
	if (rc == 0 && batch.count > 0 &&
		!outbox_parse(engine_batch_key(&batch, 0), &trim->webhook))
		rc = store_del(store, TABLE_OUTBOX, engine_batch_key(&batch, 0));
	for (size_t i = 0; rc == 0 && batch.count > 0 && removed < BATCH &&
			   i < sizeof(kinds) / sizeof(kinds[0]);
		i++)
		rc = remove_range(store, kinds[i], &trim->webhook, &removed);
	engine_batch_free(&batch);
	return rc;
}

/* ---- the chore ---- */

static bool run(struct store *store, store_step *step, struct trim *trim, int64_t until, bool *more,
	struct err *err)
{
	bool ok = true;

	trim->end = false;
	store->of_no_tenant = true;
	while (ok && !trim->end && clock_mono_us() < until)
		ok = step_call_write(store, STR(""), step, trim, err);
	store->of_no_tenant = false;
	*more |= ok && !trim->end;
	return ok;
}

bool outbox_trim(struct store *store, bool low_space, bool steady, bool *more, struct err *err)
{
	int64_t until = clock_mono_us() + STORE_SLICE_MS * 1000LL;
	struct trim trim = { .oldest = clock_wall_ms() - WEBHOOK_ENDED_MS,
		.from = { .len = 1, .bytes = { OUTBOX_ENDED } } };

	if (!find_needed(store, until, more, err))
		return false;
	if (low_space || *more)
		return true;
	if (!steady)
		trim.oldest = 0;
	return run(store, step_remove, &trim, until, more, err) &&
	       (*more || run(store, step_trim, &trim, until, more, err));
}
