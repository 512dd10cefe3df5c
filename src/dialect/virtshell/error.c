#include "dialect/virtshell/virtshell.h"

const struct error_override virtshell_error_overrides[ERR_CODES] = {
	[ERR_NOT_FOUND] = { .text = "task not found" },
	[ERR_METHOD] = { .status = 501 },
	[ERR_MEDIA_TYPE] = { .status = 400 },
	[ERR_UNPROCESSABLE] = { .status = 400 },
	[ERR_KEY_REUSED] = { .status = 400 },
	[ERR_DISK_FULL] = { .status = 503 },
};

void virtshell_encode_error(const struct request *request, const struct err *err, const char *text,
	struct response *response)
{
	(void)request, (void)err;
	if (response->status == 406)
		return;
	buf_puts(&response->body, "{\"error\":");
	buf_put_json_string(&response->body, str_cstr(text));
	buf_putc(&response->body, '}');
}
