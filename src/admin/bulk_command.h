#pragma once
/* Internal to src/admin: bulk. */
#include "admin/admin.h"

/* ERR_INVALID unless the operand is an action. */
bool admin_check_bulk(const struct admin_call *call, struct err *err);
/*
 * Sends POST /v1/bulk for ctl/bulk.h, and prints three lines: the tenant, the id of the bulk or,
 * with --dry-run, an empty one, and the response.
 */
bool admin_bulk(struct admin *admin, const struct admin_call *call, struct err *err);
/* The request to which the options lead, for a test. */
bool admin_bulk_put_body(const struct admin_call *call, struct buf *body, struct err *err);
