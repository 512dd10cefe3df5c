#pragma once
/* Reports on tasks by the service itself, instead of a worker. */
#include "task/op.h"

#define SERVICE_ACTOR STR("polytask")

/*
 * Fills in the operation, whose memory is zero but for arena, tenant, now and id. REPORT_DUE: the
 * time of the task has come (task_due()). REPORT_UNDO: the claim with that token did not reach its
 * worker. The dialect of the task sees it in its own words.
 */
void service_report(struct op *op, enum report_kind kind, uint64_t token);
