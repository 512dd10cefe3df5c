#include "http/response.h"

#include <stdio.h>

static const char *const reasons[] = {
	[100] = "Continue",
	[101] = "Switching Protocols",
	[200] = "OK",
	[201] = "Created",
	[202] = "Accepted",
	[203] = "Non-Authoritative Information",
	[204] = "No Content",
	[207] = "Multi-Status",
	[205] = "Reset Content",
	[206] = "Partial Content",
	[300] = "Multiple Choices",
	[301] = "Moved Permanently",
	[302] = "Found",
	[303] = "See Other",
	[304] = "Not Modified",
	[307] = "Temporary Redirect",
	[308] = "Permanent Redirect",
	[400] = "Bad Request",
	[401] = "Unauthorized",
	[402] = "Payment Required",
	[403] = "Forbidden",
	[404] = "Not Found",
	[405] = "Method Not Allowed",
	[406] = "Not Acceptable",
	[407] = "Proxy Authentication Required",
	[408] = "Request Timeout",
	[409] = "Conflict",
	[410] = "Gone",
	[411] = "Length Required",
	[412] = "Precondition Failed",
	[413] = "Content Too Large",
	[414] = "URI Too Long",
	[415] = "Unsupported Media Type",
	[416] = "Range Not Satisfiable",
	[417] = "Expectation Failed",
	[421] = "Misdirected Request",
	[422] = "Unprocessable Content",
	[426] = "Upgrade Required",
	[428] = "Precondition Required",
	[429] = "Too Many Requests",
	[431] = "Request Header Fields Too Large",
	[500] = "Internal Server Error",
	[501] = "Not Implemented",
	[502] = "Bad Gateway",
	[503] = "Service Unavailable",
	[504] = "Gateway Timeout",
	[505] = "HTTP Version Not Supported",
	[507] = "Insufficient Storage",
};

#define REASONS (sizeof(reasons) / sizeof(reasons[0]))

void response_free(struct response *response)
{
	buf_free(&response->headers);
	buf_free(&response->body);
	*response = (struct response){ 0 };
}

void response_reset(struct response *response)
{
	buf_reset(&response->headers);
	buf_reset(&response->body);
	response->status = 0;
	response->reason = NULL;
	response->media_type = NULL;
	response->after_flush = false;
}

static bool has_control(struct str value)
{
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.ptr[i];

		if (c < 0x20 || c == 0x7F)
			return true;
	}
	return false;
}

void response_add_header(struct response *response, const char *name, struct str value)
{
	if (has_control(value))
		return;
	buf_puts(&response->headers, name);
	buf_puts(&response->headers, ": ");
	buf_put_str(&response->headers, value);
	buf_puts(&response->headers, "\r\n");
}

void response_add_number(struct response *response, const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	response_add_header(response, name, str_cstr(text));
}

void response_add_retry_after(struct response *response, unsigned seconds)
{
	if (seconds == 0)
		seconds = 1;
	if (response->status == 429 || response->status == 503)
		response_add_number(response, "Retry-After",
			seconds < RETRY_AFTER_MAX ? seconds : RETRY_AFTER_MAX);
}

void response_add_location(struct response *response, struct buf *take_url)
{
	response_add_header(response, "Location", buf_str(take_url));
	response->headers.failed |= take_url->failed;
	buf_free(take_url);
}

bool response_finish(struct response *response, int status, const char *media_type, struct err *err)
{
	response->status = status;
	response->media_type = media_type;
	return (buf_ok(&response->body) && buf_ok(&response->headers)) || err_no_memory(err);
}

void response_write_head(const struct response *response, struct buf *out)
{
	buf_puts(out, "Status: ");
	buf_put_number(out, response->status);
	buf_putc(out, ' ');
	buf_puts(out, response->reason ? response->reason : response_reason(response->status));
	if (response->media_type) {
		buf_puts(out, "\r\nContent-Type: ");
		buf_puts(out, response->media_type);
	}
	buf_puts(out, "\r\n");
	buf_put_str(out, buf_str(&response->headers));
	buf_puts(out, "\r\n");
	/* A header that lacks a field must not be sent. */
	out->failed |= response->headers.failed;
}

const char *response_reason(int status)
{
	const char *reason = status >= 0 && (size_t)status < REASONS ? reasons[status] : NULL;

	return reason ? reason : "Unknown";
}
