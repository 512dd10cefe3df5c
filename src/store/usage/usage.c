#include "store/usage/usage.h"

#include <endian.h>
#include <stdlib.h>

/* ---- lists ---- */

/* A tenant as a key: cut like the tenant of an index key, without the hash. */
static struct str key_of(struct str tenant)
{
	tenant.len = tenant.len < INDEX_TENANT_MAX ? tenant.len : INDEX_TENANT_MAX;
	return tenant;
}

void usage_expect(struct store *store, struct str tenant)
{
	store_expect(store, TABLE_USAGE, key_of(tenant));
}

/* The place of the tenant's row, or of the first row behind it. */
static size_t find_place(const struct usage_list *list, struct str tenant, bool *found)
{
	size_t low = 0, high = list->count;

	*found = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = str_compare(usage_tenant(&list->rows[middle]), tenant);

		if (order == 0) {
			*found = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool grow(struct usage_list *list)
{
	size_t capacity = list->capacity ? 2 * list->capacity : 4;
	struct usage_row *rows;

	if (list->count < list->capacity)
		return true;
	rows = reallocarray(list->rows, capacity, sizeof(*rows));
	if (!rows)
		return false;
	list->rows = rows;
	list->capacity = capacity;
	return true;
}

struct usage_row *usage_find(const struct usage_list *list, struct str tenant)
{
	bool found;
	size_t place = find_place(list, key_of(tenant), &found);

	return found ? &list->rows[place] : NULL;
}

int usage_add(struct usage_list *list, struct str tenant, int64_t tasks, int64_t bytes)
{
	struct str key = key_of(tenant);
	struct usage_row *row;
	bool found;
	size_t place = find_place(list, key, &found);

	if (!found && !grow(list))
		return ENGINE_NO_MEMORY;
	row = &list->rows[place];
	if (!found) {
		memmove(row + 1, row, (list->count++ - place) * sizeof(*row));
		*row = (struct usage_row){ .tenant_len = key.len };
		memcpy(row->tenant, key.ptr, key.len);
	}
	row->tasks += tasks;
	row->bytes += bytes;
	return 0;
}

void usage_free(struct usage_list *list)
{
	free(list->rows);
	*list = (struct usage_list){ 0 };
}

/* ---- rows of the table ---- */

#define NUMBERS (sizeof(struct usage_value) / sizeof(uint64_t))

_Static_assert(NUMBERS * sizeof(uint64_t) == sizeof(struct usage_value), "numbers only");

bool usage_decode(struct usage_value *value, struct str bytes)
{
	uint64_t numbers[NUMBERS];

	if (bytes.len != sizeof(numbers))
		return false;
	memcpy(numbers, bytes.ptr, sizeof(numbers));
	for (size_t i = 0; i < NUMBERS; i++)
		numbers[i] = be64toh(numbers[i]);
	memcpy(value, numbers, sizeof(*value));
	return true;
}

bool usage_set_limits(struct usage_value *value, struct str limits)
{
	uint64_t max[2];

	if (limits.len != sizeof(max))
		return false;
	memcpy(max, limits.ptr, sizeof(max));
	value->max_tasks = be64toh(max[0]);
	value->max_bytes = be64toh(max[1]);
	return true;
}

int usage_get(struct store *store, struct str tenant, struct usage_value *value, bool *exists)
{
	struct buf *bytes = &store->usage_value;
	int rc;

	buf_reset(bytes);
	rc = store_get(store, TABLE_USAGE, key_of(tenant), true, bytes);
	*exists = rc == 0;
	if (rc != 0 || !usage_decode(value, buf_str(bytes)))
		*value = (struct usage_value){
			.max_tasks = STORE_QUOTA_DEFAULT,
			.max_bytes = STORE_QUOTA_DEFAULT,
		};
	return rc == ENGINE_NOT_FOUND ? 0 : rc;
}

int usage_put(struct store *store, struct str tenant, const struct usage_value *value, bool exists)
{
	uint64_t numbers[NUMBERS];
	struct str bytes = { (const char *)numbers, sizeof(numbers) };

	memcpy(numbers, value, sizeof(numbers));
	for (size_t i = 0; i < NUMBERS; i++)
		numbers[i] = htobe64(numbers[i]);
	return retry_if_exists(store_put(store, TABLE_USAGE, key_of(tenant), bytes,
		exists ? ENGINE_REPLACE : ENGINE_INSERT));
}

/* ---- the changes of a transaction ---- */

void usage_reset(struct store *store)
{
	store->usage.count = 0;
	store->enforce_quota = false;
}

/* Counts below 0 would be wrong already; verify reports them. */
static uint64_t add(uint64_t count, int64_t change)
{
	uint64_t down = change < 0 ? (uint64_t)-change : 0;

	if (change >= 0)
		return count + (uint64_t)change;
	return count > down ? count - down : 0;
}

static bool is_exceeded(int64_t growth, uint64_t used, uint64_t max)
{
	return growth > 0 && max > 0 && used > max;
}

static uint64_t quota(uint64_t own, uint64_t general)
{
	return own == STORE_QUOTA_DEFAULT ? general : own;
}

/* Changes of existing tasks have room beyond the quota: a report of their end must be possible. */
static bool is_refused(
	const struct store *store, const struct usage_row *row, const struct usage_value *value)
{
	uint64_t tasks = quota(value->max_tasks, store->tenant_tasks);
	uint64_t bytes = quota(value->max_bytes, store->tenant_bytes);

	if (row->tasks <= 0)
		bytes += bytes / STORE_QUOTA_REPORTS;
	return is_exceeded(row->tasks, value->tasks, tasks) ||
	       is_exceeded(row->bytes, value->bytes, bytes);
}

static int settle_row(struct store *store, const struct usage_row *row, struct err *err)
{
	struct usage_value value;
	bool exists;
	int rc = usage_get(store, usage_tenant(row), &value, &exists);

	if (rc != 0)
		return rc;
	value.tasks = add(value.tasks, row->tasks);
	value.bytes = add(value.bytes, row->bytes);
	value.changes++;
	if (store->enforce_quota && is_refused(store, row, &value)) {
		err_set(err, ERR_STORAGE_QUOTA, NULL, NULL);
		return STEP_FAILED;
	}
	return usage_put(store, usage_tenant(row), &value, exists);
}

/* The row is locked also if its counts stay: see snapshot_settle. */
static int lock_row(struct store *store, const struct usage_row *row)
{
	struct usage_value value;
	bool exists;

	return usage_get(store, usage_tenant(row), &value, &exists);
}

int usage_settle(struct store *store, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < store->usage.count; i++) {
		const struct usage_row *row = &store->usage.rows[i];

		rc = row->tasks != 0 || row->bytes != 0 ? settle_row(store, row, err)
							: lock_row(store, row);
	}
	return rc == 0 && store->usage.count > 0 ? snapshot_settle(store) : rc;
}
