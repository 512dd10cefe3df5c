#include "dialect/vionlabs/vionlabs.h"

static const char *const item_sort_fields[] = { "product", "version", NULL };

const struct index_field vionlabs_indexed[] = {
	INDEX_COMMON_FIELDS,
	{ .code = VIONLABS_BY_ITEM,
		.source = INDEX_FIELD,
		.name = "inventory_id",
		.order_by = item_sort_fields },
	{ .source = INDEX_END },
};

static const struct dialect_status_row rows[] = {
	{ TASK_PENDING, "pending" },
	{ TASK_RUNNING, "processing" },
	{ TASK_SUCCEEDED, "done" },
	{ TASK_FAILED, "failed" },
	{ TASK_CANCELLED, "deactivated" },
	{ TASK_STATE_NONE, NULL },
};

const struct dialect_statuses vionlabs_statuses = { rows, .default_state = TASK_STATE_NONE };
