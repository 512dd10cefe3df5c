#include "admin/idol_operation.h"

#include "base/clock.h"
#include "dialect/dialect.h"

struct op idol_operation(unsigned last_byte, const char *key)
{
	static const char *const members[] = { "precision", "support-number", "url", "md5" };
	struct op op = {
		.kind = OP_CREATE,
		.dialect = dialect_code_by_name(STR("idol")),
		.tenant = STR("demo"),
		.actor = STR("ann"),
		.now = clock_wall_ms(),
		.new_id = { { 1 } },
		.assign_number = true,
		.idempotency_key = str_cstr(key),
	};

	op.new_id.bytes[15] = (uint8_t)last_byte;
	op.change.state = TASK_PENDING;
	op.change.status = STR("uploaded");
	change_set_field(&op.change, STR("master-type"), STR("\"cd\""));
	change_set_field(&op.change, STR("attachable"), STR("{\"type\":\"tracks\",\"id\":\"7\"}"));
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		change_set_field(&op.change, str_cstr(members[i]), STR("null"));
	return op;
}

uint64_t create_idol(unsigned last_byte, const char *key)
{
	struct op op = idol_operation(last_byte, key);
	struct result result = { 0 };
	struct err err = { 0 };
	uint64_t number;

	must(store_apply(store, &op, &result, &err), &err);
	number = result.task.number;
	store_result_free(&result);
	return number;
}
