#include "serve/refusal.h"

/* Errors that are not listed are logged like any request. */
static void set_event(struct exchange *exchange, enum err_code code)
{
	static const enum exchange_event events[ERR_CODES] = {
		[ERR_FORBIDDEN] = EVENT_FORBIDDEN,
		[ERR_TOO_MANY_REQUESTS] = EVENT_LIMITED,
		[ERR_QUOTA] = EVENT_LIMITED,
		[ERR_STORAGE_QUOTA] = EVENT_LIMITED,
	};

	exchange->event = events[code];
	if (exchange->event == EVENT_LIMITED)
		exchange->auth_log.reason = err_name(code);
}

void refusal_write(struct exchange *exchange, const struct err *err)
{
	struct response *response = &exchange->response;
	struct buf kept = response->headers;

	exchange->error = err->code;
	set_event(exchange, err->code);
	response->headers = BUF_INIT;
	response_reset(response);
	buf_free(&response->headers);
	response->headers = kept;
	/* A path of no dialect is answered like nginx does it, in the format of the first. */
	dialect_encode_error(exchange->dialect ? exchange->dialect : dialects[0],
		&exchange->request, err, response);
	response_add_retry_after(response, err->retry_after);
}
