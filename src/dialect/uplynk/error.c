#include "dialect/uplynk/uplynk.h"

/* Replaces sentences about tasks where the path names an ingest point. */
static const char *point_text(enum err_code code, const char *text)
{
	if (code == ERR_NOT_FOUND)
		return "There is no such ingest point.";
	if (code == ERR_PRECONDITION)
		return "The ingest point has changed since it was read.";
	return text;
}

void uplynk_encode_error(const struct request *request, const struct err *err, const char *text,
	struct response *response)
{
	struct buf *out = &response->body;

	if (request_path_var(request, "point").ptr)
		text = point_text(err->code, text);
	buf_puts(out, "{\"@type\":\"Error\",\"status\":");
	buf_put_number(out, response->status);
	buf_puts(out, ",\"message\":");
	buf_put_json_string(out, str_cstr(text));
	buf_putc(out, '}');
}
