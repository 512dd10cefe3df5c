#include "dialect/kind.h"
#include "dialect/toybox/toybox.h"

struct str toybox_kind(const struct task *task, char scratch[TASK_KIND_MAX])
{
	return kind_of_field(task, "toy", scratch);
}

const struct index_field toybox_indexed[] = {
	INDEX_COMMON_FIELDS(toybox_kind),
	{ .code = TOYBOX_BY_TOY, .source = INDEX_FIELD, .name = "toy", .kind_value = kind_quote },
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
