#include "base/buf.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void buf_free(struct buf *buf)
{
	free(buf->data);
	*buf = BUF_INIT;
}

void buf_reset(struct buf *buf)
{
	buf->len = 0;
	buf->failed = false;
}

bool buf_grow(struct buf *buf, size_t len)
{
	size_t size = buf->capacity ? buf->capacity : 256;
	char *data;

	if (buf->failed)
		return false;
	if (len > SIZE_MAX / 4 - buf->len) {
		buf->failed = true;
		return false;
	}
	while (size - buf->len < len)
		size *= 2;
	data = realloc(buf->data, size);
	if (!data) {
		buf->failed = true;
		return false;
	}
	buf->data = data;
	buf->capacity = size;
	return true;
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	va_list args;
	int need;

	if (!buf_reserve(buf, 128))
		return;
	va_start(args, format);
	need = vsnprintf(buf->data + buf->len, buf->capacity - buf->len, format, args);
	va_end(args);
	if (need >= 0 && (size_t)need >= buf->capacity - buf->len) {
		if (!buf_reserve(buf, (size_t)need + 1))
			return;
		va_start(args, format);
		need = vsnprintf(buf->data + buf->len, (size_t)need + 1, format, args);
		va_end(args);
	}
	if (need < 0)
		buf->failed = true;
	else
		buf->len += (size_t)need;
}

void buf_put_number(struct buf *buf, int64_t number)
{
	char digits[24];
	size_t at = sizeof(digits);
	uint64_t left = number < 0 ? -(uint64_t)number : (uint64_t)number;

	do {
		digits[--at] = (char)('0' + left % 10);
		left /= 10;
	} while (left > 0);
	if (number < 0)
		digits[--at] = '-';
	buf_put(buf, digits + at, sizeof(digits) - at);
}

static bool is_plain_ascii(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];

		if (c < 0x20 || c >= 0x7F || c == '"' || c == '\\')
			return false;
	}
	return true;
}

static int append_json(const char *bytes, size_t len, void *data)
{
	buf_put(data, bytes, len);
	return buf_ok(data) ? 0 : -1;
}

/* Replaces every byte that is not ASCII by U+FFFD. */
static json_t *json_from_invalid_utf8(struct str s)
{
	struct buf text = BUF_INIT;
	json_t *json = NULL;

	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] > 0)
			buf_putc(&text, s.ptr[i]);
		else
			buf_puts(&text, "\xEF\xBF\xBD");
	}
	if (buf_ok(&text))
		json = json_stringn_nocheck(buf_str(&text).ptr, text.len);
	buf_free(&text);
	return json;
}

void buf_put_json_string(struct buf *buf, struct str s)
{
	json_t *json;

	if (is_plain_ascii(s)) {
		buf_putc(buf, '"');
		buf_put_str(buf, s);
		buf_putc(buf, '"');
		return;
	}
	json = str_is_utf8(s) ? json_stringn_nocheck(s.ptr, s.len) : json_from_invalid_utf8(s);
	if (!json || json_dump_callback(json, append_json, buf, JSON_ENCODE_ANY) != 0)
		buf->failed = true;
	json_decref(json);
}

void buf_consume(struct buf *buf, size_t len)
{
	if (len >= buf->len) {
		buf->len = 0;
		return;
	}
	memmove(buf->data, buf->data + len, buf->len - len);
	buf->len -= len;
}
