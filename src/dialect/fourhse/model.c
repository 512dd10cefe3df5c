#include "dialect/fourhse/fourhse.h"
#include "dialect/kind.h"

#define OWN_ROW(code) (&fourhse_indexed[INDEX_COMMON_ROWS + (code)-INDEX_FIRST_OWN])

/* Filters that are often combined, such as the pending tasks of a handler. */
#define PAIR_WITH_STATUS(pair_code, other)                                           \
	{                                                                            \
		.code = (pair_code), .source = INDEX_PAIR, .name = "pair", .pair = { \
			OWN_ROW(other),                                              \
			OWN_ROW(FOURHSE_BY_STATUS)                                   \
		}                                                                    \
	}

/* A UUID refers to a task in either case, as it does in a path: JSON text in lower case. */
static struct str normalize_id(struct str json, char scratch[INDEX_SCRATCH_SIZE])
{
	struct id id;

	_Static_assert(INDEX_SCRATCH_SIZE >= ID_TEXT_LEN + 3, "a quoted UUID fits");
	if (json.len != ID_TEXT_LEN + 2 || json.ptr[0] != '"' ||
		!id_parse(&id, (struct str){ json.ptr + 1, ID_TEXT_LEN }))
		return json;
	scratch[0] = '"';
	id_format(&id, scratch + 1);
	scratch[ID_TEXT_LEN + 1] = '"';
	return (struct str){ scratch, ID_TEXT_LEN + 2 };
}

struct str fourhse_kind(const struct task *task, char scratch[TASK_KIND_MAX])
{
	return kind_of_field(task, "handler", scratch);
}

const struct index_field fourhse_indexed[] = {
	INDEX_COMMON_FIELDS(fourhse_kind),
	{ .code = FOURHSE_BY_STATUS, .source = INDEX_STATUS, .name = "status" },
	{ .code = FOURHSE_BY_HANDLER,
		.source = INDEX_FIELD,
		.name = "handler",
		.kind_value = kind_quote },
	{ .code = FOURHSE_BY_USER_ID, .source = INDEX_FIELD, .name = "user_id" },
	{ .code = FOURHSE_BY_ENTITY_ID,
		.source = INDEX_FIELD,
		.name = "entity_id",
		.normalize = normalize_id,
		.refers_to = "task_id" },
	{ .code = FOURHSE_BY_TASK_ID,
		.source = INDEX_FIELD,
		.name = "task_id",
		.normalize = normalize_id },
	{ .code = FOURHSE_BY_REQUEST, .source = INDEX_FIELD, .name = "request" },
	{ .code = FOURHSE_BY_RESPONSE, .source = INDEX_FIELD, .name = "response" },
	PAIR_WITH_STATUS(FOURHSE_BY_HANDLER_AND_STATUS, FOURHSE_BY_HANDLER),
	PAIR_WITH_STATUS(FOURHSE_BY_USER_ID_AND_STATUS, FOURHSE_BY_USER_ID),
	PAIR_WITH_STATUS(FOURHSE_BY_ENTITY_ID_AND_STATUS, FOURHSE_BY_ENTITY_ID),
	{ .source = INDEX_END },
};

const struct fourhse_member fourhse_members[FOURHSE_MEMBER_COUNT] = {
	{ "task_id", "Task ID", FOURHSE_BY_TASK_ID, FOURHSE_FIELD, FOURHSE_ID_MAX, false, false },
	{ "handler", "Handler", FOURHSE_BY_HANDLER, FOURHSE_FIELD, 255, false, false },
	{ "user_id", "User ID", FOURHSE_BY_USER_ID, FOURHSE_FIELD, 255, false, false },
	{ "entity_id", "Entity ID", FOURHSE_BY_ENTITY_ID, FOURHSE_FIELD, 255, true, false },
	{ "status", "Status", FOURHSE_BY_STATUS, FOURHSE_STATUS, 255, false, false },
	{ "request", "Request", FOURHSE_BY_REQUEST, FOURHSE_FIELD, 0, true, true },
	{ "response", "Response", FOURHSE_BY_RESPONSE, FOURHSE_FIELD, 0, true, true },
	{ "created_at", "Created At", INDEX_BY_CREATED, FOURHSE_CREATED, 0, false, false },
	{ "updated_at", "Updated At", INDEX_BY_UPDATED, FOURHSE_UPDATED, 0, false, false },
};

const struct fourhse_member *fourhse_member_by_name(struct str name)
{
	for (size_t i = 0; i < FOURHSE_MEMBER_COUNT; i++) {
		if (str_eq(name, str_cstr(fourhse_members[i].name)))
			return &fourhse_members[i];
	}
	return NULL;
}

/* The set is open: unknown statuses mean running. */
static const struct dialect_status_row rows[] = {
	{ TASK_PENDING, "pending" },
	{ TASK_RUNNING, "running" },
	{ TASK_RUNNING, "processing" },
	{ TASK_RUNNING, "in progress" },
	{ TASK_RUNNING, "started" },
	{ TASK_SUCCEEDED, "completed" },
	{ TASK_SUCCEEDED, "done" },
	{ TASK_SUCCEEDED, "success" },
	{ TASK_FAILED, "failed" },
	{ TASK_FAILED, "error" },
	{ TASK_CANCELLED, "cancelled" },
	{ TASK_CANCELLED, "canceled" },
	{ TASK_STATE_NONE, NULL },
};

const struct dialect_statuses fourhse_statuses = { rows, .default_state = TASK_RUNNING };
