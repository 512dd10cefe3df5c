#include "admin/quota_commands.h"

#include <inttypes.h>

#include "admin/list.h"
#include "admin/tenant_list.h"
#include "auth/principal.h"
#include "store/store.h"

/* ---- set ---- */

struct limit {
	uint64_t value;
	const uint64_t *given; /* &value, NULL: the option was not given */
};

static bool parse_limit(const struct admin_call *call, enum admin_option option,
	struct limit *limit, struct err *err)
{
	const char *text = call->options[option], *name = admin_options[option].name;

	if (!text)
		return true;
	limit->given = &limit->value;
	limit->value = 0;
	if (strcmp(text, "default") == 0)
		limit->value = STORE_QUOTA_DEFAULT;
	else if (strcmp(text, "none") != 0 &&
		 (!str_to_u64(str_cstr(text), &limit->value) || limit->value > INT64_MAX))
		return err_set(err, ERR_INVALID, name,
			"--%s must be a number, 'none' or 'default', not '%s'", name, text);
	return true;
}

/* A quota makes its tenant known, so the list is read before. */
static bool set_quota(struct admin *admin, struct str tenant, const uint64_t *tasks,
	const uint64_t *bytes, struct err *err)
{
	struct tenant_list tenants = { 0 };
	bool ok = tenant_list_read(&tenants, admin->store, err) &&
		  store_set_quota(admin->store, tenant, tasks, bytes, err);

	if (ok)
		tenant_list_note(&tenants, tenant, admin);
	tenant_list_free(&tenants);
	return ok;
}

bool admin_check_quota_set(const struct admin_call *call, struct err *err)
{
	return call->options[ADMIN_TASKS] || call->options[ADMIN_BYTES] ||
	       err_set(err, ERR_INVALID, "tasks", "'quota set' requires --tasks, --bytes or both");
}

bool admin_quota_set(struct admin *admin, const struct admin_call *call, struct err *err)
{
	struct limit tasks = { 0 }, bytes = { 0 };
	struct str tenant = str_cstr(call->operand);

	if (!parse_limit(call, ADMIN_TASKS, &tasks, err) ||
		!parse_limit(call, ADMIN_BYTES, &bytes, err))
		return false;
	if (!auth_is_tenant(tenant))
		return err_set(err, ERR_INVALID, "TENANT", "'%s' is not a valid tenant name",
			call->operand);
	return set_quota(admin, tenant, tasks.given, bytes.given, err);
}

/* ---- list ---- */

#define NUMBER_SIZE 24
#define TENANT_SIZE 80

static const char *number(uint64_t value, char text[NUMBER_SIZE])
{
	snprintf(text, NUMBER_SIZE, "%" PRIu64, value);
	return text;
}

/* NULL for 0: no limit. */
static const char *limit_text(uint64_t value, char text[NUMBER_SIZE])
{
	return value > 0 ? number(value, text) : NULL;
}

static bool print_usage(const struct store_usage *usage, void *data)
{
	static const char *const own[] = { NULL, "tasks", "bytes", "tasks,bytes" };
	char tasks[NUMBER_SIZE], bytes[NUMBER_SIZE], max_tasks[NUMBER_SIZE], max_bytes[NUMBER_SIZE];
	char tenant[TENANT_SIZE];
	const struct admin_cell row[] = {
		{ tenant, NULL },
		{ number(usage->tasks, tasks), NULL },
		{ limit_text(usage->max_tasks, max_tasks), "none" },
		{ number(usage->bytes, bytes), NULL },
		{ limit_text(usage->max_bytes, max_bytes), "none" },
		{ own[usage->own_tasks + 2 * usage->own_bytes], "-" },
	};

	snprintf(tenant, sizeof(tenant), "%.*s", STR_ARGS(usage->tenant));
	return admin_list_row(data, row, sizeof(row) / sizeof(row[0]));
}

bool admin_quota_list(struct admin *admin, const struct admin_call *call, struct err *err)
{
	struct admin_list list;

	admin_list_begin(&list, admin, call, err);
	return admin_list_end(&list, store_each_usage(admin->store, print_usage, &list, err));
}

/* ---- recount ---- */

bool admin_quota_recount(struct admin *admin, const struct admin_call *call, struct err *err)
{
	const struct store_progress progress = { admin_progress_of_tasks, admin };
	uint64_t wrong, changed;

	(void)call;
	if (!store_recount(admin->store, &progress, &wrong, &changed, err))
		return false;
	admin_print(admin, "%" PRIu64 " tenant%s corrected", wrong, str_plural(wrong));
	if (changed > 0)
		return err_set(err, ERR_CONFLICT, NULL,
			"the tasks of %" PRIu64
			" tenant%s changed meanwhile: their counts were not checked",
			changed, str_plural(changed));
	return true;
}
