#include "dialect/kind.h"
#include "dialect/virtshell/virtshell.h"

/* The specification misspells success as sucess; clients filter by either. */
static struct str normalize_status(struct str status, char scratch[INDEX_SCRATCH_SIZE])
{
	(void)scratch;
	return str_eq(status, STR("success")) ? STR("sucess") : status;
}

struct str virtshell_kind(const struct task *task, char scratch[TASK_KIND_MAX])
{
	return kind_of_field(task, "type", scratch);
}

const struct index_field virtshell_indexed[] = {
	INDEX_COMMON_FIELDS(virtshell_kind),
	{ .code = VIRTSHELL_BY_STATUS,
		.source = INDEX_STATUS,
		.name = "status",
		.normalize = normalize_status },
	{ .source = INDEX_END },
};

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
