#include "serve/refusal.h"

static void encode_plain_error(const struct err *err, struct response *response)
{
	response->status = err_status(err->code);
	response->media_type = "application/json";
	buf_puts(&response->body, "{\"error\":");
	buf_put_json_string(&response->body, str_cstr(err_text(err)));
	buf_putc(&response->body, '}');
}

/* Errors that are not listed are logged like any request. */
static void set_event(struct exchange *exchange, enum err_code code)
{
	static const enum exchange_event events[ERR_CODES] = {
		[ERR_FORBIDDEN] = EVENT_FORBIDDEN,
		[ERR_TOO_MANY_REQUESTS] = EVENT_LIMITED,
		[ERR_QUOTA] = EVENT_LIMITED,
	};

	exchange->event = events[code];
	if (exchange->event == EVENT_LIMITED)
		exchange->auth_log.reason = err_name(code);
}

void refusal_write(struct exchange *exchange, const struct err *err)
{
	struct response *response = &exchange->response;
	struct buf kept = response->headers;

	set_event(exchange, err->code);
	response->headers = BUF_INIT;
	response_reset(response);
	buf_free(&response->headers);
	response->headers = kept;
	if (exchange->dialect)
		dialect_encode_error(exchange->dialect, &exchange->request, err, response);
	else
		encode_plain_error(err, response);
	response_add_retry_after(response, err->retry_after);
}
