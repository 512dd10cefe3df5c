#include <stdlib.h>

#include "store/wake.h"
#include "store/workers/workers.h"

/*
 * The meta table has a row for each tenant with drained workers: "drain" NUL tenant -> the names,
 * each with NUL behind it, in the order of their bytes. WORKERS_ALL is one of them.
 */
#define KEY_PREFIX STR("drain\0")

static void row_key(struct index_key *key, struct str tenant)
{
	size_t len = tenant.len < INDEX_TENANT_MAX ? tenant.len : INDEX_TENANT_MAX;
	struct str prefix = KEY_PREFIX;

	memcpy(key->bytes, prefix.ptr, prefix.len);
	memcpy(key->bytes + prefix.len, tenant.ptr, len);
	key->len = prefix.len + len;
}

static int read_row(struct store *store, struct str tenant, bool for_update, struct buf *names)
{
	struct index_key key;
	int rc;

	row_key(&key, tenant);
	buf_reset(names);
	rc = store_get(store, TABLE_META, key_str(&key), for_update, names);
	if (rc == 0 && names->len > 0 && names->data[names->len - 1] != '\0')
		return ENGINE_DAMAGED;
	return rc == ENGINE_NOT_FOUND ? 0 : rc;
}

/* ---- names ---- */

/* Takes the first name. */
static struct str next_name(struct str *names)
{
	struct str name = { names->ptr, strnlen(names->ptr, names->len) };

	*names = str_skip(*names, name.len + 1);
	return name;
}

/* Where the name is, or would be; *found: it is there. */
static size_t place_of(struct str names, struct str name, bool *found)
{
	struct str rest = names;

	*found = false;
	while (rest.len > 0) {
		size_t at = names.len - rest.len;
		int order = str_compare(next_name(&rest), name);

		*found = order == 0;
		if (order >= 0)
			return at;
	}
	return names.len;
}

static bool has_name(struct str names, struct str name)
{
	bool found;

	place_of(names, name, &found);
	return found;
}

static size_t count_names(struct str names)
{
	size_t count = 0;

	for (; names.len > 0; count++)
		next_name(&names);
	return count;
}

/* ---- what this process knows ---- */

static struct drained *known_of(const struct store *store, struct str tenant)
{
	uint32_t hash = 2166136261U;

	/* FNV-1a */
	for (size_t i = 0; i < tenant.len; i++)
		hash = (hash ^ (uint8_t)tenant.ptr[i]) * 16777619U;
	return &store->drained->tenants[(hash ^ hash >> 16) % DRAINED_TENANTS];
}

static bool is_of(const struct drained *known, struct str tenant)
{
	return known->is_read && str_eq((struct str){ known->tenant, known->tenant_len }, tenant);
}

struct load {
	struct str tenant;
	struct buf *names;
};

static int step_load(struct store *store, void *data, struct err *err)
{
	const struct load *load = data;

	(void)err;
	return read_row(store, load->tenant, false, load->names);
}

uint64_t store_drain_changes(const struct store *store, struct str tenant)
{
	return atomic_load(&store->shared->drains[store_tenant_stripe(tenant)]);
}

bool drain_load(struct store *store, struct str tenant, struct err *err)
{
	uint64_t changes = store_drain_changes(store, tenant);
	struct drained *known;
	struct load load = { .tenant = tenant };

	if (!store->drained)
		store->drained = calloc(1, sizeof(*store->drained));
	if (!store->drained)
		return err_no_memory(err);
	known = known_of(store, tenant);
	if (known->changes == changes && is_of(known, tenant))
		return true;
	known->is_read = false;
	load.names = &known->names;
	if (tenant.len > sizeof(known->tenant))
		return true;
	if (!step_run(store, ENGINE_READ, step_load, &load, err))
		return false;
	memcpy(known->tenant, tenant.ptr, tenant.len);
	known->tenant_len = tenant.len;
	known->changes = changes;
	known->is_read = true;
	return true;
}

struct str drain_names(const struct store *store, struct str tenant)
{
	const struct drained *known = store->drained ? known_of(store, tenant) : NULL;

	return known && is_of(known, tenant) ? buf_str(&known->names) : STR("");
}

bool drain_has(const struct store *store, struct str tenant, struct str worker)
{
	struct str names = drain_names(store, tenant);

	return names.len > 0 && (has_name(names, worker) || has_name(names, WORKERS_ALL));
}

bool store_is_drained(
	struct store *store, struct str tenant, struct str worker, bool *drained, struct err *err)
{
	bool ok;

	store_enter(store);
	ok = drain_load(store, tenant, err);
	if (ok)
		*drained = drain_has(store, tenant, worker);
	store_leave(store);
	return ok;
}

void drain_free(struct store *store)
{
	for (size_t i = 0; store->drained && i < DRAINED_TENANTS; i++)
		buf_free(&store->drained->tenants[i].names);
	free(store->drained);
	store->drained = NULL;
}

/* ---- the operation ---- */

struct change_of_row {
	const struct op *op;
	bool changed;
	struct buf names; /* as they are then */
};

static int write_row(struct store *store, const struct change_of_row *change)
{
	struct index_key key;

	row_key(&key, change->op->tenant);
	if (!buf_ok(&change->names))
		return ENGINE_NO_MEMORY;
	if (change->names.len == 0)
		return store_del(store, TABLE_META, key_str(&key));
	return store_put(store, TABLE_META, key_str(&key), buf_str(&change->names), ENGINE_REPLACE);
}

static void replace_names(struct change_of_row *change, struct str before, size_t at)
{
	const struct op_drain *drain = change->op->drain;
	struct buf *names = &change->names;

	buf_put(names, before.ptr, at);
	if (drain->drain) {
		buf_put_str(names, drain->worker);
		buf_putc(names, '\0');
	} else {
		at += drain->worker.len + 1;
	}
	buf_put_str(names, str_skip(before, at));
}

static int step_change(struct store *store, void *data, struct err *err)
{
	struct change_of_row *change = data;
	const struct op_drain *drain = change->op->drain;
	struct buf before = BUF_INIT;
	bool found;
	size_t at;
	int rc = read_row(store, change->op->tenant, true, &before);

	buf_reset(&change->names);
	if (rc != 0)
		goto out;
	at = place_of(buf_str(&before), drain->worker, &found);
	change->changed = found != drain->drain;
	if (!change->changed)
		goto out;
	if (drain->drain && !str_eq(drain->worker, WORKERS_ALL) &&
		count_names(buf_str(&before)) - has_name(buf_str(&before), WORKERS_ALL) >=
			WORKERS_DRAINED_MAX) {
		err_set(err, ERR_CONFLICT, NULL,
			"The tenant has %d drained workers: end the drain of some, or drain *.",
			WORKERS_DRAINED_MAX);
		rc = STEP_FAILED;
		goto out;
	}
	replace_names(change, buf_str(&before), at);
	rc = write_row(store, change);
out:
	buf_free(&before);
	return rc;
}

/* The counters are raised after the commit: who sees them reads the new row. */
bool drain_apply(struct store *store, const struct op *op, struct result *result, struct err *err)
{
	struct change_of_row change = { .op = op };
	bool ok = store_may_write(store, err) &&
		  step_run_write(store, op->tenant, step_change, &change, err);

	buf_free(&change.names);
	if (ok && change.changed)
		wake_raise_drains(store, op->tenant);
	if (!ok || !drain_load(store, op->tenant, err))
		return false;
	result->written = change.changed && !store->sync_commits;
	result->drain = drain_has(store, op->tenant, op->drain->worker);
	return true;
}
