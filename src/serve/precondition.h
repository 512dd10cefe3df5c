#pragma once
/*
 * What a request's header lines say about any task of any dialect: If-Match, If-None-Match (RFC
 * 9110 §13) and Idempotency-Key (draft-ietf-httpapi-idempotency-key-header), and the ETag of an
 * answer. A task's tag is its revision in quotes.
 */
#include "http/request.h"
#include "http/response.h"
#include "task/op.h"

/* Adds the request's conditions to the decoded operation. */
bool precondition_parse(const struct request *request, struct op *op, struct err *err);
/* One task's answer carries its revision; a reader who has it already is told so (304). */
void precondition_set_etag(
	const struct request *request, const struct result *result, struct response *response);
