#pragma once
/*
 * Request header fields that mean the same for every dialect: If-Match, If-None-Match,
 * If-Modified-Since and If-Unmodified-Since (RFC 9110 §13), Idempotency-Key
 * (draft-ietf-httpapi-idempotency-key-header) and Content-MD5 (RFC 1864); and the ETag of a
 * response. The entity tag of a task is its revision in quotes; the time of its last change, in
 * whole seconds, is what the dates are compared with. Range is not supported, so If-Range is
 * ignored.
 */
#include "http/request.h"
#include "http/response.h"
#include "task/op.h"

/* Adds the request's preconditions to the decoded operation. */
bool precondition_parse(const struct request *request, struct op *op, struct err *err);
/* Fails with ERR_INVALID if the request has a Content-MD5 that does not match its body. */
bool precondition_check_digest(const struct request *request, struct err *err);
/*
 * Whether the request has a valid If-None-Match; *has: with a tag of the task, as it is. Dates are
 * not looked at.
 */
bool precondition_has_tag(const struct request *request, const struct task *task, bool *has);
/*
 * Adds the ETag of a single task. Turns a read into 304 without a body if If-None-Match or
 * If-Modified-Since shows that the client has the task as it is.
 */
void precondition_set_etag(
	const struct request *request, const struct result *result, struct response *response);
/*
 * Whether If-None-Match has the tag of a list, here without W/ and quotes. Lists have no time of
 * change: If-Modified-Since is ignored.
 */
bool precondition_has_list_tag(const struct request *request, struct str opaque);
