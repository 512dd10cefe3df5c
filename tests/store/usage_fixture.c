#include "usage_fixture.h"

struct wanted {
	const char *tenant;
	struct store_usage found;
};

static bool find_tenant(const struct store_usage *usage, void *data)
{
	struct wanted *wanted = data;

	if (!str_eq(usage->tenant, str_cstr(wanted->tenant)))
		return true;
	wanted->found = *usage;
	return false;
}

struct store_usage usage_of(struct store *store, const char *tenant)
{
	struct wanted wanted = { .tenant = tenant };
	struct err err = { 0 };

	must(store_each_usage(store, find_tenant, &wanted, &err), &err);
	return wanted.found;
}

void usage_set_quota(struct store *store, uint64_t tasks, uint64_t bytes)
{
	struct err err = { 0 };

	must(store_set_quota(store, STR("acme"), &tasks, &bytes, &err), &err);
}
