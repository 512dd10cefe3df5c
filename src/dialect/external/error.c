#include "dialect/external/external.h"

/* The original answers 400, not 409 or 422. 412 stays: only requests with If-Match get it. */
const struct error_override external_error_overrides[ERR_CODES] = {
	[ERR_CONFLICT] = { .status = 400 },
	[ERR_LEASE_LOST] = { .status = 400 },
	[ERR_UNPROCESSABLE] = { .status = 400 },
	[ERR_TOO_BROAD] = { .status = 400 },
	[ERR_KEY_REUSED] = { .status = 400 },
	[ERR_DISK_FULL] = { .status = 503 },
};

/*
 * The class of the original's exception, by which clients choose their own, and whether it is one
 * of the engine: then the code is 0, else null.
 */
static const struct {
	const char *type;
	bool of_engine;
} types[ERR_CODES] = {
	[ERR_MALFORMED] = { "InvalidRequestException", false },
	[ERR_PLAIN_HTTP] = { "InvalidRequestException", false },
	[ERR_INVALID] = { "InvalidRequestException", false },
	[ERR_MISSING] = { "InvalidRequestException", false },
	[ERR_UNPROCESSABLE] = { "InvalidRequestException", false },
	[ERR_TOO_BROAD] = { "InvalidRequestException", false },
	[ERR_UNAUTHENTICATED] = { "AuthenticationException", false },
	[ERR_FORBIDDEN] = { "AuthorizationException", true },
	[ERR_NO_ROUTE] = { "NotFoundException", false },
	[ERR_METHOD] = { "NotAllowedException", false },
	[ERR_CONFLICT] = { "RestException", true },
	[ERR_LEASE_LOST] = { "RestException", true },
	[ERR_STORAGE_QUOTA] = { "ProcessEngineException", true },
	[ERR_INTERNAL] = { "ProcessEngineException", true },
	[ERR_NO_MEMORY] = { "ProcessEngineException", true },
	[ERR_DAMAGED] = { "ProcessEngineException", true },
	[ERR_BUSY] = { "ProcessEngineException", true },
	[ERR_REBUILDING] = { "ProcessEngineException", true },
	[ERR_UNKNOWN_OUTCOME] = { "ProcessEngineException", true },
	[ERR_DISK_FULL] = { "ProcessEngineException", true },
	[ERR_PANIC] = { "ProcessEngineException", true },
};

/* "External task X cannot be completed by worker 'A'. It is locked by worker 'B'." */
static void put_lost(const struct request *request, const char *reason, struct buf *out)
{
	const struct external_action *action = request->encoder_state;

	buf_printf(out, "External task %.*s cannot be %s by worker '%.*s'. %s",
		STR_ARGS(request_path_var(request, "id")), action->done, STR_ARGS(action->worker),
		reason);
}

/* Sentences with the id of the task, for actions on one. */
static void put_message(
	const struct request *request, const struct err *err, const char *text, struct buf *out)
{
	const struct external_action *action = request->encoder_state;
	struct str id = request_path_var(request, "id");
	bool lost = err->code == ERR_LEASE_LOST || err->code == ERR_CONFLICT;

	if (err->code == ERR_NOT_FOUND && id.len > 0)
		buf_printf(out, "External task with id %.*s does not exist", STR_ARGS(id));
	else if (lost && id.len > 0 && action && action->worker.len > 0)
		put_lost(request, text, out);
	else
		buf_puts(out, text);
}

void external_encode_error(const struct request *request, const struct err *err, const char *text,
	struct response *response)
{
	const char *type = types[err->code].type;
	struct buf message = BUF_INIT;

	put_message(request, err, text, &message);
	buf_puts(&response->body, "{\"type\":\"");
	buf_puts(&response->body, type ? type : "RestException");
	buf_puts(&response->body, "\",\"message\":");
	buf_put_json_string(&response->body, buf_str(&message));
	buf_puts(&response->body, ",\"code\":");
	buf_puts(&response->body, types[err->code].of_engine ? "0}" : "null}");
	response->body.failed |= !buf_ok(&message);
	buf_free(&message);
}
