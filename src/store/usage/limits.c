#include <endian.h>

#include "store/usage/usage.h"

/*
 * The limits of a tenant are in its row of the table usage, and a copy of them in the meta table,
 * from which the row can be made again: "quota" NUL tenant -> tasks, bytes (8 each, big-endian).
 */
#define LIMITS_PREFIX STR("quota\0")

static void limits_key(struct index_key *key, struct str tenant)
{
	size_t len = tenant.len < INDEX_TENANT_MAX ? tenant.len : INDEX_TENANT_MAX;
	struct str prefix = LIMITS_PREFIX;

	memcpy(key->bytes, prefix.ptr, prefix.len);
	memcpy(key->bytes + prefix.len, tenant.ptr, len);
	key->len = prefix.len + len;
}

int usage_put_limits(struct store *store, struct str tenant, const struct usage_value *value)
{
	uint64_t limits[2] = { htobe64(value->max_tasks), htobe64(value->max_bytes) };
	struct index_key key;
	int rc;

	limits_key(&key, tenant);
	if (usage_has_limits(value))
		return store_put(store, TABLE_META, key_str(&key),
			(struct str){ (const char *)limits, sizeof(limits) }, ENGINE_REPLACE);
	rc = store_del(store, TABLE_META, key_str(&key));
	return rc == ENGINE_NOT_FOUND ? 0 : rc;
}

int usage_get_limits(struct store *store, struct str tenant, struct usage_value *value)
{
	struct buf bytes = BUF_INIT;
	struct index_key key;
	int rc;

	limits_key(&key, tenant);
	rc = store_get(store, TABLE_META, key_str(&key), false, &bytes);
	if (rc != 0 || !usage_set_limits(value, buf_str(&bytes)))
		value->max_tasks = value->max_bytes = STORE_QUOTA_DEFAULT;
	buf_free(&bytes);
	return rc == ENGINE_NOT_FOUND ? 0 : rc;
}

struct reading {
	struct usage_list *list;
	bool failed;
};

static bool add_tenant(struct str key, struct str value, void *data)
{
	struct reading *reading = data;

	(void)value;
	if (str_starts(key, LIMITS_PREFIX))
		reading->failed |= usage_add(reading->list, str_skip(key, LIMITS_PREFIX.len), 0,
					   0) != 0;
	return !reading->failed;
}

int usage_step_list_limits(struct store *store, void *data, struct err *err)
{
	struct reading reading = { .list = data };
	int rc;

	(void)err;
	usage_free(reading.list);
	rc = (int)store->engine->ops->each(store->engine, TABLE_META, true, add_tenant, &reading);
	return rc == 0 && reading.failed ? ENGINE_NO_MEMORY : rc;
}
