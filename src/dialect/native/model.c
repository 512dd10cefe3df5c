#include "dialect/native/native.h"

/* The entries have the kind itself. */
static struct str kind_value(struct str kind, char scratch[INDEX_SCRATCH_SIZE])
{
	(void)scratch;
	return kind.len > 0 ? kind : STR_NULL;
}

const struct index_field native_indexed[] = {
	INDEX_COMMON_FIELDS(task_own_kind),
	{ .code = NATIVE_BY_KIND,
		.source = INDEX_KIND,
		.name = "kind",
		.kind = task_own_kind,
		.kind_value = kind_value },
	{ .source = INDEX_END },
};

static const struct dialect_status_row rows[] = {
	{ TASK_PENDING, "pending" },
	{ TASK_RUNNING, "running" },
	{ TASK_SUCCEEDED, "succeeded" },
	{ TASK_FAILED, "failed" },
	{ TASK_CANCELLED, "cancelled" },
	{ TASK_STATE_NONE, NULL },
};

const struct dialect_statuses native_statuses = { rows, .default_state = TASK_STATE_NONE };

const struct native_member native_members[] = {
	{ "id", MEMBER_ID, NATIVE_READ_ONLY },
	{ "dialect", MEMBER_DIALECT, NATIVE_CREATE },
	{ "kind", MEMBER_KIND, NATIVE_BOTH },
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
	{ "ready_after", MEMBER_READY_AFTER, NATIVE_READ_ONLY },
	{ "attempt", MEMBER_ATTEMPT, NATIVE_READ_ONLY },
	{ "max_attempts", MEMBER_MAX_ATTEMPTS, NATIVE_BOTH },
	{ "attempts_before", MEMBER_ATTEMPTS_BEFORE, NATIVE_READ_ONLY },
	{ "policy", MEMBER_POLICY, NATIVE_BOTH },
	{ "lease", MEMBER_LEASE_HOLDER, NATIVE_READ_ONLY },
	{ "failure", MEMBER_FAILURE, NATIVE_READ_ONLY },
	{ "error", MEMBER_ERROR, NATIVE_ALL },
	{ "progress", MEMBER_PROGRESS, NATIVE_ALL },
	{ "result", MEMBER_RESULT, NATIVE_REPORT },
};

const size_t native_member_count = sizeof(native_members) / sizeof(native_members[0]);
