#include "lib/fcgi_client.h"

static void put_header(struct buf *out, int type, size_t len)
{
	const unsigned char header[8] = { 1, (unsigned char)type, 0, 1, (unsigned char)(len >> 8),
		(unsigned char)len, 0, 0 };

	buf_put(out, header, sizeof(header));
}

void fcgi_client_put_record(struct buf *out, int type, struct str content)
{
	put_header(out, type, content.len);
	buf_put_str(out, content);
}

void fcgi_client_put_begin(struct buf *out, bool keep)
{
	const char body[8] = { 0, 1, keep ? 1 : 0, 0, 0, 0, 0, 0 };

	fcgi_client_put_record(out, FCGI_CLIENT_BEGIN, (struct str){ body, sizeof(body) });
}

static void put_length(struct buf *out, size_t len)
{
	if (len < 128) {
		buf_putc(out, (char)len);
		return;
	}
	buf_putc(out, (char)(len >> 24 | 0x80));
	buf_putc(out, (char)(len >> 16));
	buf_putc(out, (char)(len >> 8));
	buf_putc(out, (char)len);
}

void fcgi_client_put_params(struct buf *out, const char *const pairs[])
{
	struct buf params = BUF_INIT;

	for (; *pairs; pairs += 2) {
		put_length(&params, strlen(pairs[0]));
		put_length(&params, strlen(pairs[1]));
		buf_puts(&params, pairs[0]);
		buf_puts(&params, pairs[1]);
	}
	if (params.len > 0)
		fcgi_client_put_record(out, FCGI_CLIENT_PARAMS, buf_str(&params));
	fcgi_client_put_record(out, FCGI_CLIENT_PARAMS, STR(""));
	buf_free(&params);
}

void fcgi_client_put_stdin(struct buf *out, struct str body)
{
	while (body.len > 0) {
		size_t len = body.len < 16000 ? body.len : 16000;

		fcgi_client_put_record(out, FCGI_CLIENT_STDIN, (struct str){ body.ptr, len });
		body = str_skip(body, len);
	}
	fcgi_client_put_record(out, FCGI_CLIENT_STDIN, STR(""));
}

void fcgi_client_put_request(struct buf *out, const char *const pairs[], struct str body)
{
	fcgi_client_put_begin(out, true);
	fcgi_client_put_params(out, pairs);
	fcgi_client_put_stdin(out, body);
}

bool fcgi_client_take_response(struct buf *in, struct buf *out)
{
	size_t at = 0;
	struct buf text = BUF_INIT;
	bool ended = false;

	while (!ended && in->len - at >= 8) {
		const unsigned char *header = (const unsigned char *)in->data + at;
		size_t len = (size_t)header[4] << 8 | header[5];

		if (in->len - at < 8 + len + header[6])
			break;
		if (header[1] == FCGI_CLIENT_STDOUT)
			buf_put(&text, header + 8, len);
		ended = header[1] == FCGI_CLIENT_END;
		at += 8 + len + header[6];
	}
	if (ended) {
		buf_put_str(out, buf_str(&text));
		buf_consume(in, at);
	}
	buf_free(&text);
	return ended;
}
