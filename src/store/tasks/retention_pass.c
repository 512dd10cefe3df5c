#include "base/clock.h"
#include "base/log.h"
#include "store/internal.h"

/*
 * A pass of the retention over all tenants, in slices.
 *
 * No index entry has the time of a task's end, so that tasks cost no more than without retention.
 * A pass goes through the entries of each final state in the order of creation and stops at the
 * newest creation that a due task can have, because no task ends before its creation. It reads the
 * records of these tasks. Each pass reads tasks again that ended much later than they were
 * created; passes are rare enough for that. It skips from one tenant, dialect or state to the next
 * and reads no entries of other tasks.
 */

/* In the order of their names, which is that of index keys. */
static const enum task_state states[] = { TASK_CANCELLED, TASK_FAILED, TASK_SUCCEEDED };

#define STATES (sizeof(states) / sizeof(states[0]))
#define RANGES (RETENTION_DIALECTS * 2 * STATES)

struct range {
	struct index_key from, to;
};

/* ---- the place in the index ---- */

static struct str tenant_of(const struct retention_pass *pass)
{
	return (struct str){ pass->tenant, pass->tenant_len };
}

/* Range number `number` of the tenant, in the order of index keys; false if no rule is for it. */
static bool get_range(const struct store *store, size_t number, int64_t now, struct range *range)
{
	const struct retention_pass *pass = &store->retention;
	enum task_state state = states[number % STATES];
	uint8_t dialect = (uint8_t)(number / STATES / 2);
	int64_t keep = pass->rules.keep_ms[dialect][state];
	const struct index_field *field;

	if (keep == 0 || keep > now)
		return false;
	field = index_field_by_code(store->indexes, dialect, INDEX_BY_STATE);
	if (!field)
		return false;
	index_value_prefix(&range->from, tenant_of(pass), dialect, number / STATES % 2, field,
		str_cstr(task_state_name(state)));
	range->to = range->from;
	index_put_time(&range->to, now - keep + 1);
	return true;
}

struct scan {
	struct engine_range bounds;
	size_t limit;
};

static int step_scan(struct store *store, void *data, struct err *err)
{
	const struct scan *scan = data;

	(void)err;
	return store_scan(store, TABLE_INDEX, &scan->bounds, false, scan->limit);
}

/* Goes to the tenant of a key. A name that was cut cannot be used in keys: it is left out. */
static void enter_tenant(struct retention_pass *pass, struct str tenant)
{
	pass->tenant_len = tenant.len < INDEX_TENANT_MAX ? tenant.len : INDEX_TENANT_MAX;
	memcpy(pass->tenant, tenant.ptr, pass->tenant_len);
	pass->range = tenant.len < INDEX_TENANT_MAX ? 0 : RANGES;
	pass->from.len = 0;
}

/* Goes to the first range that ends behind the key, of the tenant of the key. */
static void go_to(struct store *store, struct str key, int64_t now)
{
	struct retention_pass *pass = &store->retention;
	const char *end = memchr(key.ptr, '\0', key.len);
	struct str tenant = { key.ptr, end ? (size_t)(end - key.ptr) : 0 };
	struct range range;

	if (!str_eq(tenant, tenant_of(pass)))
		enter_tenant(pass, tenant);
	pass->from.len = 0;
	while (pass->range < RANGES && (!get_range(store, pass->range, now, &range) ||
					       str_compare(key_str(&range.to), key) <= 0))
		pass->range++;
}

/* Skips to the next range that can have entries, from the key `from` on. */
static bool skip(struct store *store, struct str from, int64_t now, bool *end, struct err *err)
{
	struct scan scan = { .bounds.from = from, .limit = 1 };

	if (!step_call(store, ENGINE_READ, step_scan, &scan, err))
		return false;
	*end = store->batch.count == 0;
	if (!*end)
		go_to(store, engine_batch_key(&store->batch, 0), now);
	return true;
}

static bool skip_tenant(struct store *store, int64_t now, bool *end, struct err *err)
{
	const struct retention_pass *pass = &store->retention;
	char behind[INDEX_TENANT_MAX + 1];

	/* Not at the entries of INDEX_DUE: they begin with NUL and are of no tenant. */
	if (pass->tenant_len == 0)
		return skip(store, STR("\001"), now, end, err);
	memcpy(behind, pass->tenant, pass->tenant_len);
	behind[pass->tenant_len] = 1;
	return skip(store, (struct str){ behind, pass->tenant_len + 1 }, now, end, err);
}

/* ---- batches ---- */

/* Takes the ids of the scanned keys; *next is the key behind the last one. */
static void take_ids(
	const struct store *store, struct retention_batch *batch, struct index_key *next)
{
	struct str key = STR_NULL;

	batch->count = 0;
	for (size_t i = 0; i < store->batch.count; i++) {
		key = engine_batch_key(&store->batch, i);
		memcpy(batch->ids[batch->count++].bytes, key.ptr + key.len - sizeof(struct id),
			sizeof(struct id));
	}
	memcpy(next->bytes, key.ptr, key.len);
	next->len = key.len;
	next->bytes[next->len++] = 0;
}

/* Removes what is due of the next few tasks, or skips. *end: the pass has ended. */
static bool go_on(struct store *store, struct retention_batch *batch, bool *end, struct err *err)
{
	struct retention_pass *pass = &store->retention;
	struct range range;
	struct index_key next;
	struct scan scan = { .limit = RETENTION_BATCH };

	if (pass->range >= RANGES)
		return skip_tenant(store, batch->now, end, err);
	if (!get_range(store, pass->range, batch->now, &range)) {
		pass->range++;
		pass->from.len = 0;
		return true;
	}
	scan.bounds.from = key_str(pass->from.len > 0 ? &pass->from : &range.from);
	scan.bounds.to = key_str(&range.to);
	if (!step_call(store, ENGINE_READ, step_scan, &scan, err))
		return false;
	if (store->batch.count == 0) {
		pass->range++;
		return skip(store, key_str(&range.to), batch->now, end, err);
	}
	take_ids(store, batch, &next);
	batch->tenant = tenant_of(pass);
	if (!retention_remove(store, batch, err))
		return false;
	pass->from = next;
	return true;
}

static void end_pass(struct store *store)
{
	struct retention_pass *pass = &store->retention;

	if (pass->removed > 0)
		log_info("retention",
			"removed tasks: %llu; kept because others refer to them: %llu",
			(unsigned long long)pass->removed, (unsigned long long)pass->kept);
	atomic_store(&store->shared->health.retention_pass, (uint64_t)clock_wall_ms());
	pass->removed = pass->kept = 0;
	pass->tenant_len = 0;
	pass->range = RANGES;
}

void retention_init(struct retention_pass *pass, const struct retention *rules)
{
	pass->rules = *rules;
	pass->range = RANGES;
}

bool store_remove_finished(struct store *store, int64_t now, bool *more, struct err *err)
{
	struct retention_batch batch = { .now = now };
	int64_t until = clock_mono_ms() + STORE_SLICE_MS;
	uint64_t removed = store->retention.removed;
	bool ok, end = false;

	do
		ok = go_on(store, &batch, &end, err);
	while (ok && !end && clock_mono_ms() < until);
	/* Or each reader would have to flush before its next response. */
	if (store->retention.removed != removed)
		ok = store_flush(store, ok ? err : &(struct err){ 0 }) && ok;
	if (ok && end)
		end_pass(store);
	*more = ok && !end;
	return ok;
}
