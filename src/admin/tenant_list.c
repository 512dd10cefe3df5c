#include "admin/tenant_list.h"

#include <stdlib.h>

#include "auth/principal.h"
#include "auth/user.h"
#include "store/webhooks/outbox.h"

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool add(struct tenant_list *list, struct str tenant)
{
	char *name;

	if (list->count == list->capacity) {
		size_t capacity = list->capacity ? 2 * list->capacity : 16;
		char **names = realloc(list->names, capacity * sizeof(*names));

		if (!names)
			return false;
		list->names = names;
		list->capacity = capacity;
	}
	name = strndup(tenant.ptr, tenant.len);
	if (name)
		list->names[list->count++] = name;
	return name;
}

struct reading {
	struct tenant_list *list;
	bool failed;
};

static bool take_tenant(struct str tenant, void *data)
{
	struct reading *reading = data;

	reading->failed = !add(reading->list, tenant);
	return !reading->failed;
}

static bool take_user(const struct user *user, void *data)
{
	struct reading *reading = data;

	reading->list->restricts = true;
	return take_tenant(str_cstr(user->tenant), data);
}

static bool take_usage(const struct store_usage *usage, void *data)
{
	return take_tenant(usage->tenant, data);
}

bool tenant_list_read(struct tenant_list *list, struct store *store, struct err *err)
{
	struct reading reading = { .list = list };

	if (!user_each(store, take_user, &reading, err))
		return false;
	if (!reading.failed && !store_each_usage(store, take_usage, &reading, err))
		return false;
	if (!reading.failed && !store_webhook_tenants(store, take_tenant, &reading, err))
		return false;
	if (reading.failed)
		return err_no_memory(err);
	if (list->count > 0)
		qsort(list->names, list->count, sizeof(*list->names), compare);
	return true;
}

bool tenant_list_has(const struct tenant_list *list, struct str tenant)
{
	size_t from = 0, to = list->count;

	while (from < to) {
		size_t middle = from + (to - from) / 2;
		int order = str_compare(str_cstr(list->names[middle]), tenant);

		if (order == 0)
			return true;
		if (order < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return !list->restricts;
}

bool tenant_list_check(const struct tenant_list *list, struct str tenant, struct err *err)
{
	return tenant_list_has(list, tenant) ||
	       err_set(err, ERR_UNPROCESSABLE, "tenant",
		       "the tenant %.*s has no user, task, quota or webhook (import --new-tenants takes it "
		       "all the same)",
		       STR_ARGS(tenant));
}

void tenant_list_note(const struct tenant_list *list, struct str tenant, struct admin *admin)
{
	char text[120];

	if (tenant_list_has(list, tenant))
		return;
	snprintf(text, sizeof(text), "note: the tenant %.*s has no user yet", STR_ARGS(tenant));
	admin_print_error(admin, text);
}

void tenant_list_free(struct tenant_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->names[i]);
	free(list->names);
}

bool tenant_is_known(struct store *store, struct str tenant, struct err *err)
{
	struct tenant_list tenants = { 0 };
	bool ok = auth_is_tenant(tenant) ||
		  err_set(err, ERR_INVALID, "tenant", "'%.*s' is not a valid tenant name",
			  STR_ARGS(tenant));

	ok = ok && tenant_list_read(&tenants, store, err);
	if (ok && !tenant_list_has(&tenants, tenant))
		ok = err_set(err, ERR_INVALID, "tenant",
			"the tenant %.*s has no user, task, quota or webhook", STR_ARGS(tenant));
	tenant_list_free(&tenants);
	return ok;
}
