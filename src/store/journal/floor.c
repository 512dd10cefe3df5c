/* The numbers in use of a store that is copied row by row, tenant by tenant. */
#include "store/journal/journal.h"

static void raise(struct journal_floor *floor, uint64_t number)
{
	if (number > floor->number)
		floor->number = number;
}

/* Entries of a tenant lie together, so a tenant is added a few times at most. */
static bool add_tenant(struct journal_floor *floor, struct str tenant)
{
	struct str last = str_skip(buf_str(&floor->tenants), floor->last);

	if (tenant.len == 0 || (last.len == tenant.len + 1 && str_starts(last, tenant)))
		return true;
	floor->last = floor->tenants.len;
	buf_put_str(&floor->tenants, tenant);
	buf_putc(&floor->tenants, '\0');
	return buf_ok(&floor->tenants);
}

static bool note_meta(struct journal_floor *floor, struct str key, struct str value)
{
	bool of_tenant = str_starts(key, JOURNAL_TRIMMED_KEY) &&
			 key.len > JOURNAL_TRIMMED_KEY.len && key.ptr[JOURNAL_TRIMMED_KEY.len] == 0;
	uint64_t number;

	if (!of_tenant && !str_eq(key, JOURNAL_TRIMMED_KEY) && !str_eq(key, JOURNAL_FLOOR_KEY))
		return true;
	if (str_to_u64(value, &number))
		raise(floor, number);
	return !of_tenant || add_tenant(floor, str_skip(key, JOURNAL_TRIMMED_KEY.len + 1));
}

bool journal_floor_note(
	struct journal_floor *floor, enum engine_table table, struct str key, struct str value)
{
	if (table == TABLE_META)
		return note_meta(floor, key, value);
	if (table != TABLE_JOURNAL)
		return true;
	raise(floor, journal_number(key));
	return add_tenant(floor, (struct str){ key.ptr, strnlen(key.ptr, key.len) });
}

int journal_floor_ask(struct store *store, struct journal_floor *floor)
{
	struct str list = buf_str(&floor->tenants);
	int rc = 0;

	while (rc == 0 && store->engine->ops->shared && list.len > 0) {
		struct str tenant = { list.ptr, strnlen(list.ptr, list.len) };
		struct engine_scope scope;

		rc = (int)store->engine->ops->read_scope(store->engine, tenant, &scope);
		if (rc == 0)
			raise(floor, scope.number);
		list = str_skip(list, tenant.len + 1);
	}
	return rc;
}

void journal_floor_free(struct journal_floor *floor)
{
	buf_free(&floor->tenants);
}
