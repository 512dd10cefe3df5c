#include "dialect/kind.h"
#include "dialect/uplynk/uplynk.h"

struct str uplynk_kind(const struct task *task, char scratch[TASK_KIND_MAX])
{
	return kind_of_field(task, "operation", scratch);
}

const struct index_field uplynk_indexed[] = {
	INDEX_COMMON_FIELDS(uplynk_kind),
	{ .code = UPLYNK_BY_POINT, .source = INDEX_FIELD, .name = "ingest_point" },
	{ .source = INDEX_END },
};

const struct index_field uplynk_point_indexed[] = {
	{ .code = INDEX_BY_CREATED, .source = INDEX_ALL, .name = "created" },
	{ .source = INDEX_END },
};

static const struct dialect_status_row rows[] = {
	{ TASK_RUNNING, "IN_PROGRESS" },
	{ TASK_SUCCEEDED, "COMPLETED" },
	{ TASK_FAILED, "FAILED" },
	{ TASK_PENDING, "PENDING" },
	{ TASK_CANCELLED, "CANCELLED" },
	{ TASK_STATE_NONE, NULL },
};

const struct dialect_statuses uplynk_statuses = { rows, .default_state = TASK_STATE_NONE };
