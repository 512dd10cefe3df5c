#include "store/workers/contacts.h"

#include <sched.h>

/* A process has the table for microseconds, unless it was stopped or is not being run. */
#define TRIES 1000

static bool lock(struct contacts *contacts)
{
	for (int i = 0; i < TRIES; i++) {
		if (!atomic_exchange(&contacts->locked, 1))
			return true;
		sched_yield();
	}
	return false;
}

void contacts_unlock(struct contacts *contacts)
{
	atomic_store(&contacts->locked, 0);
}

static uint64_t add_hash(uint64_t hash, struct str text)
{
	/* FNV-1a */
	for (size_t i = 0; i < text.len; i++)
		hash = (hash ^ (uint8_t)text.ptr[i]) * UINT64_C(1099511628211);
	return (hash ^ text.len) * UINT64_C(1099511628211);
}

static struct contact *set_of(struct contacts *contacts, struct str tenant, struct str worker)
{
	uint64_t hash = add_hash(add_hash(UINT64_C(14695981039346656037), tenant), worker);

	return contacts->places[(hash ^ hash >> 32) % CONTACT_SETS];
}

/* A process that was killed may have left a place half written: its lengths are checked. */
static struct str tenant_of(const struct contact *place)
{
	return (struct str){ place->tenant,
		place->tenant_len <= CONTACT_TENANT_MAX ? place->tenant_len : 0 };
}

static struct str name_of(const struct contact *place)
{
	return (struct str){ place->name,
		place->name_len <= TASK_WORKER_MAX ? place->name_len : 0 };
}

static unsigned count_of(const struct contact *set, struct str tenant)
{
	unsigned count = 0;

	for (size_t i = 0; i < CONTACT_WAYS; i++)
		count += set[i].last > 0 && str_eq(tenant_of(&set[i]), tenant);
	return count;
}

/* A free place, or the oldest one of the tenant with the most; of equal ones, the oldest. */
static struct contact *place_for(struct contact *set, struct str tenant)
{
	struct contact *best = NULL;
	unsigned most = 0;

	for (size_t i = 0; i < CONTACT_WAYS; i++) {
		unsigned count;

		if (set[i].last == 0)
			return &set[i];
		/* The new name counts as well: so a tenant with as many as another one gives way. */
		count = count_of(set, tenant_of(&set[i])) + str_eq(tenant_of(&set[i]), tenant);
		if (!best || count > most || (count == most && set[i].last < best->last)) {
			best = &set[i];
			most = count;
		}
	}
	return best;
}

static void note(struct contact *set, struct str tenant, struct str worker, int64_t now)
{
	struct contact *place;

	for (size_t i = 0; i < CONTACT_WAYS; i++) {
		place = &set[i];
		if (place->last > 0 && str_eq(name_of(place), worker) &&
			str_eq(tenant_of(place), tenant)) {
			place->last = now;
			return;
		}
	}
	place = place_for(set, tenant);
	place->last = 0;
	memcpy(place->tenant, tenant.ptr, tenant.len);
	place->tenant_len = (uint8_t)tenant.len;
	memcpy(place->name, worker.ptr, worker.len);
	place->name_len = (uint8_t)worker.len;
	place->first = place->last = now;
}

void contacts_note(struct contacts *contacts, struct str tenant, struct str worker, int64_t now)
{
	if (worker.len == 0 || worker.len > TASK_WORKER_MAX || tenant.len == 0 ||
		tenant.len > CONTACT_TENANT_MAX || now <= 0 || !lock(contacts))
		return;
	note(set_of(contacts, tenant, worker), tenant, worker, now);
	contacts_unlock(contacts);
}

bool contacts_each(struct contacts *contacts, struct str tenant, int64_t since,
	bool (*take)(const struct contact *contact, void *data), void *data)
{
	bool more = true;

	if (!lock(contacts))
		return false;
	for (size_t set = 0; more && set < CONTACT_SETS; set++) {
		for (size_t i = 0; more && i < CONTACT_WAYS; i++) {
			const struct contact *place = &contacts->places[set][i];

			if (place->last > 0 && place->last >= since && name_of(place).len > 0 &&
				str_eq(tenant_of(place), tenant))
				more = take(place, data);
		}
	}
	contacts_unlock(contacts);
	return true;
}
