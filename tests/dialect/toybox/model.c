#include "dialect/toybox/toybox.h"

const struct index_field toybox_indexed[] = {
	INDEX_COMMON_FIELDS(task_own_kind),
	{ .code = TOYBOX_BY_TOY, .source = INDEX_FIELD, .name = "toy" },
	{ .source = INDEX_END },
};

static const struct dialect_status_row rows[] = {
	{ TASK_PENDING, "boxed" },
	{ TASK_RUNNING, "glued" },
	{ TASK_SUCCEEDED, "mended" },
	{ TASK_FAILED, "broken" },
	{ TASK_CANCELLED, "lost" },
	{ TASK_STATE_NONE, NULL },
};

const struct dialect_statuses toybox_statuses = { rows, .default_state = TASK_STATE_NONE };
