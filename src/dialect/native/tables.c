#include "dialect/native/native.h"

const struct index_field native_indexed[] = {
	INDEX_COMMON_FIELDS,
	{ .source = INDEX_END },
};

static const struct dialect_status_row statuses[] = {
	{ TASK_PENDING, "pending" },
	{ TASK_RUNNING, "running" },
	{ TASK_SUCCEEDED, "succeeded" },
	{ TASK_FAILED, "failed" },
	{ TASK_CANCELLED, "cancelled" },
	{ TASK_STATE_NONE, NULL },
};

const struct native_member native_members[] = {
	{ "id", MEMBER_ID, NATIVE_READ_ONLY },
	{ "dialect", MEMBER_DIALECT, NATIVE_CREATE },
	{ "number", MEMBER_NUMBER, NATIVE_READ_ONLY },
	{ "state", MEMBER_STATE, NATIVE_BOTH },
	{ "status", MEMBER_STATUS, NATIVE_BOTH },
	{ "archived", MEMBER_ARCHIVED, NATIVE_PATCH },
	{ "revision", MEMBER_REVISION, NATIVE_READ_ONLY },
	{ "created_at", MEMBER_CREATED, NATIVE_READ_ONLY },
	{ "updated_at", MEMBER_UPDATED, NATIVE_READ_ONLY },
	{ "started_at", MEMBER_STARTED, NATIVE_READ_ONLY },
	{ "finished_at", MEMBER_FINISHED, NATIVE_READ_ONLY },
	{ "created_by", MEMBER_CREATED_BY, NATIVE_READ_ONLY },
	{ "updated_by", MEMBER_UPDATED_BY, NATIVE_READ_ONLY },
	{ "priority", MEMBER_PRIORITY, NATIVE_BOTH },
	{ "not_before", MEMBER_NOT_BEFORE, NATIVE_BOTH },
	{ "attempt", MEMBER_ATTEMPT, NATIVE_READ_ONLY },
	{ "max_attempts", MEMBER_MAX_ATTEMPTS, NATIVE_BOTH },
	{ "error", MEMBER_ERROR, NATIVE_BOTH },
	{ "progress", MEMBER_PROGRESS, NATIVE_BOTH },
};

const size_t native_member_count = sizeof(native_members) / sizeof(native_members[0]);

static const struct route routes[] = {
	{ .method = METHOD_GET,
		.pattern = "/tasks",
		.right = RIGHT_READ,
		.decode = native_decode_list,
		.encode = native_encode_list,
		.encode_row = native_encode_row,
		.encode_end = native_encode_end },
	{ .method = METHOD_POST,
		.pattern = "/tasks",
		.right = RIGHT_WRITE,
		.decode = native_decode_create,
		.encode = native_encode_created },
	{ .method = METHOD_GET,
		.pattern = "/tasks/{id}",
		.right = RIGHT_READ,
		.decode = native_decode_read,
		.encode = native_encode_task },
	{ .method = METHOD_PATCH,
		.pattern = "/tasks/{id}",
		.right = RIGHT_WRITE,
		.decode = native_decode_update,
		.encode = native_encode_task },
	{ .method = METHOD_DELETE,
		.pattern = "/tasks/{id}",
		.right = RIGHT_WRITE,
		.decode = native_decode_delete,
		.encode = native_encode_deleted },
	{ .method = METHOD_POST,
		.pattern = "/tasks/{id}/archive",
		.right = RIGHT_WRITE,
		.decode = native_decode_archive,
		.encode = native_encode_task },
	ROUTE_END,
};

static const char *const prefixes[] = { "/v1", NULL };

/* A native task is what the API lets it be. */
static bool validate(const struct task *before, const struct task *task, struct err *err)
{
	(void)before, (void)task, (void)err;
	return true;
}

const struct dialect native_dialect = {
	.name = "native",
	.code = DIALECT_CODE_native,
	.prefixes = prefixes,
	.trailing_slash = SLASH_IGNORE,
	.routes = routes,
	.statuses = statuses,
	.default_state = TASK_STATE_NONE,
	.index_fields = native_indexed,
	.media_type = "application/json",
	.method_error = ERR_METHOD,
	.encode_error = native_encode_error,
	.validate = validate,
};
