#include "dialect/service_report.h"

#include "dialect/native/native.h"

void service_report(struct op *op, enum report_kind kind, uint64_t token)
{
	op->kind = OP_UPDATE;
	op->actor = SERVICE_ACTOR;
	op->before_write = native_before_write;
	op->follow = native_follow;
	op->report = (struct op_report){ .kind = kind, .token = token };
}
