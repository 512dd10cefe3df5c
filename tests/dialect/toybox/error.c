#include "dialect/toybox/toybox.h"

const struct error_override toybox_error_overrides[ERR_CODES] = {
	[ERR_NOT_FOUND] = { .text = "This toy is not in the box." },
	[ERR_DISK_FULL] = { .status = 503 },
};

void toybox_encode_error(const struct request *request, const struct err *err, const char *text,
	struct response *response)
{
	(void)request, (void)err;
	buf_puts(&response->body, "{\"oops\":");
	buf_put_json_string(&response->body, str_cstr(text));
	buf_putc(&response->body, '}');
}
