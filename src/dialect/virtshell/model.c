#include "dialect/virtshell/virtshell.h"

/* The specification misspells its good end; clients ask for either. */
static struct str fold_status(struct str word)
{
	return str_eq(word, STR("success")) ? STR("sucess") : word;
}

const struct index_field virtshell_indexed[] = {
	INDEX_COMMON_FIELDS,
	{ .code = VIRTSHELL_BY_STATUS,
		.source = INDEX_STATUS,
		.name = "status",
		.normalize = fold_status },
	{ .source = INDEX_END },
};

/* The first word of a state is the one we write ourselves. */
static const struct dialect_status_row rows[] = {
	{ TASK_PENDING, "pending" },
	{ TASK_RUNNING, "in progress" },
	{ TASK_RUNNING, "dispatching" },
	{ TASK_RUNNING, "dispatched" },
	{ TASK_RUNNING, "received" },
	{ TASK_RUNNING, "setting up" },
	{ TASK_RUNNING, "creating" },
	{ TASK_RUNNING, "created" },
	{ TASK_RUNNING, "provisioning" },
	{ TASK_RUNNING, "installing" },
	{ TASK_SUCCEEDED, "sucess" },
	{ TASK_SUCCEEDED, "success" },
	{ TASK_SUCCEEDED, "provisioned" },
	{ TASK_FAILED, "failed" },
	{ TASK_FAILED, "error" },
	{ TASK_CANCELLED, "cancelled" },
	{ TASK_STATE_NONE, NULL },
};

const struct dialect_statuses virtshell_statuses = { rows, .default_state = TASK_RUNNING };
