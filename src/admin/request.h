#pragma once
/*
 * A call as text: the request line on the control socket (process/control.h), and the members of
 * its log line.
 */
#include <jansson.h>

#include "admin/admin.h"
#include "base/buf.h"

/*
 * Appends {"verb":["user","add","demo"],"args":{"tenant":"t"}} and LF, with the member
 * "progress":true if the call wants that. False: no memory.
 */
bool admin_request_write(const struct admin_call *call, struct buf *line);
/* Reads the request; the call borrows its texts. */
bool admin_request_read(struct admin_call *call, const json_t *request, struct err *err);

/* Appends the call as members of a log line, without secrets. */
void admin_log_call(const struct admin_call *call, struct buf *line);
