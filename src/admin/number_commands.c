#include "admin/number_commands.h"

#include <inttypes.h>

#include "admin/dialect_names.h"
#include "admin/list.h"
#include "admin/tenant_list.h"
#include "auth/principal.h"
#include "dialect/check.h"
#include "store/store.h"

/* ---- set ---- */

static bool find_dialect(const struct admin_call *call, uint8_t *code, struct err *err)
{
	const char *name = call->options[ADMIN_DIALECT];
	const struct dialect *dialect = dialect_by_name(str_cstr(name));

	if (!dialect)
		return dialect_name_fail("dialect", str_cstr(name), dialect_has_numbers, err);
	if (!dialect_has_numbers(dialect))
		return err_set(err, ERR_INVALID, "dialect",
			"tasks of the dialect %s have no number", name);
	*code = dialect->code;
	return true;
}

bool admin_number_set(struct admin *admin, const struct admin_call *call, struct err *err)
{
	const char *given = call->options[ADMIN_TENANT];
	struct str tenant = given ? str_cstr(given) : STR("default");
	uint64_t next;
	uint8_t dialect = 0;

	if (!str_to_u64(str_cstr(call->operand), &next))
		return err_set(err, ERR_INVALID, "N", "N must be a number from 1 to %llu, not '%s'",
			(unsigned long long)TASK_NUMBER_SET_MAX, call->operand);
	return find_dialect(call, &dialect, err) && tenant_is_known(admin->store, tenant, err) &&
	       store_set_next_number(admin->store, tenant, dialect, next, err);
}

/* ---- list ---- */

#define TENANT_SIZE 80
#define NUMBER_SIZE 24

static bool print_number(const struct store_next_number *number, void *data)
{
	const char *dialect = dialect_code_name(number->dialect);
	char tenant[TENANT_SIZE], next[NUMBER_SIZE];
	const struct admin_cell row[] = {
		{ tenant, NULL },
		{ dialect, "-" },
		{ next, NULL },
	};

	snprintf(tenant, sizeof(tenant), "%.*s", STR_ARGS(number->tenant));
	snprintf(next, sizeof(next), "%" PRIu64, number->next);
	return admin_list_row(data, row, sizeof(row) / sizeof(row[0]));
}

bool admin_number_list(struct admin *admin, const struct admin_call *call, struct err *err)
{
	struct admin_list list;

	admin_list_begin(&list, admin, call, err);
	return admin_list_end(
		&list, store_each_next_number(admin->store, print_number, &list, err));
}
