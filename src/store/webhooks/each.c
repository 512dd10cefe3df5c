#include "store/webhooks/webhooks.h"

/* ---- keys ---- */

struct key_search {
	struct str tenant;
	struct webhook_keys *keys;
};

static bool take_key(struct str key, struct str value, void *data)
{
	const struct key_search *search = data;
	struct webhook_keys *keys = search->keys;
	const uint32_t len = (uint32_t)key.len;
	struct str tenant;
	struct id id;

	(void)value;
	if (!webhook_parse_key(key, &tenant, &id))
		return true;
	keys->all++;
	if (search->tenant.ptr && !str_eq(tenant, search->tenant))
		return true;
	buf_put(&keys->bytes, &len, sizeof(len));
	buf_put_str(&keys->bytes, key);
	keys->count++;
	return buf_ok(&keys->bytes);
}

/* The table is small: at most WEBHOOKS_ALL_MAX keys are read, in some milliseconds. */
int webhook_read_keys(struct store *store, struct str tenant, struct webhook_keys *keys)
{
	struct key_search search = { tenant, keys };
	int rc;

	if (tenant.len > INDEX_TENANT_MAX)
		return ENGINE_NOT_FOUND;
	keys->count = keys->all = 0;
	buf_reset(&keys->bytes);
	rc = (int)store->engine->ops->each(store->engine, TABLE_WEBHOOKS, true, take_key, &search);
	return rc == 0 && !buf_ok(&keys->bytes) ? ENGINE_NO_MEMORY : rc;
}

bool webhook_next_key(struct str *list, struct str *tenant, struct id *id)
{
	uint32_t len;
	struct str key;

	if (list->len < sizeof(len))
		return false;
	memcpy(&len, list->ptr, sizeof(len));
	key = (struct str){ list->ptr + sizeof(len), len };
	*list = str_skip(*list, sizeof(len) + len);
	return webhook_parse_key(key, tenant, id);
}

static int step_read_keys(struct store *store, void *data, struct err *err)
{
	(void)err;
	return webhook_read_keys(store, STR_NULL, data);
}

bool store_webhook_tenants(struct store *store, bool (*take)(struct str tenant, void *data),
	void *data, struct err *err)
{
	struct webhook_keys keys = { 0 };
	bool ok = step_call(store, ENGINE_VIEW, step_read_keys, &keys, err), more = true;
	struct str list = buf_str(&keys.bytes), tenant;
	struct id id;

	while (ok && more && webhook_next_key(&list, &tenant, &id))
		more = take(tenant, data);
	buf_free(&keys.bytes);
	return ok;
}

/* ---- all enabled webhooks, for the notifier ---- */

struct reading {
	struct str tenant;
	struct id id;
	struct arena arena;
	struct webhook webhook;
	struct webhook_state state;
	bool found; /* and enabled */
};

static int step_read(struct store *store, void *data, struct err *err)
{
	struct reading *reading = data;
	struct outbox outbox = { 0 };
	bool found;
	int rc;

	(void)err;
	arena_reset(&reading->arena);
	reading->found = false;
	rc = webhook_get(
		store, reading->tenant, &reading->id, false, &reading->arena, &reading->webhook);
	if (rc == 0 && reading->webhook.enabled) {
		rc = outbox_get(store, &reading->id, false, &outbox, &found);
		reading->found = rc == 0;
		reading->state = outbox.state;
	}
	return rc == ENGINE_NOT_FOUND ? 0 : rc;
}

uint64_t store_webhook_changes(const struct store *store)
{
	return atomic_load(&store->shared->webhook_changes);
}

bool store_webhook_each(struct store *store,
	bool (*take)(const struct webhook *webhook, const struct webhook_state *state, void *data),
	void *data, struct err *err)
{
	struct webhook_keys keys = { 0 };
	struct reading reading = { .found = false };
	bool ok = step_call(store, ENGINE_VIEW, step_read_keys, &keys, err), more = true;
	struct str list = buf_str(&keys.bytes);

	while (ok && more && webhook_next_key(&list, &reading.tenant, &reading.id)) {
		struct err one;

		/* A damaged row is that of one webhook. */
		if (!step_call(store, ENGINE_READ, step_read, &reading, &one)) {
			ok = one.code == ERR_DAMAGED || ((*err = one), false);
			continue;
		}
		if (reading.found)
			more = take(&reading.webhook, &reading.state, data);
	}
	arena_free(&reading.arena);
	buf_free(&keys.bytes);
	return ok;
}
