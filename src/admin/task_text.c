#include "admin/task_text.h"

/* Seconds of "2026-11-23T18:12:54.123Z". */
#define TIME_LEN 19

/* The code of a character of one to three bytes, 0 of a longer one. */
static unsigned code_of(const char *at, size_t len)
{
	const unsigned char *bytes = (const unsigned char *)at;

	switch (len) {
	case 1:
		return bytes[0];
	case 2:
		return (bytes[0] & 0x1FU) << 6 | (bytes[1] & 0x3FU);
	case 3:
		return (bytes[0] & 0x0FU) << 12 | (bytes[1] & 0x3FU) << 6 | (bytes[2] & 0x3FU);
	default:
		return 0;
	}
}

static bool is_dangerous(unsigned code)
{
	static const struct {
		unsigned first, last;
	} ranges[] = {
		{ 0x00, 0x1F },
		{ 0x7F, 0x9F },
		{ 0x061C, 0x061C },
		{ 0x200E, 0x200F },
		{ 0x2028, 0x202E },
		{ 0x2066, 0x2069 },
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		if (code >= ranges[i].first && code <= ranges[i].last)
			return true;
	}
	return false;
}

void task_text_put(struct buf *out, struct str text, size_t max)
{
	size_t used = 0;

	while (text.len > 0) {
		size_t len = str_utf8_sequence(text);
		size_t bytes = len ? len : 1; /* NUL, or no UTF-8 */

		used += bytes;
		if (max > 0 && used > max) {
			buf_puts(out, "...");
			return;
		}
		if (bytes < 4 && (len == 0 || is_dangerous(code_of(text.ptr, bytes))))
			buf_printf(out, "\\u%04x", code_of(text.ptr, bytes));
		else
			buf_put(out, text.ptr, bytes);
		text = str_skip(text, bytes);
	}
}

void task_text_put_json(struct buf *out, const json_t *value, size_t max)
{
	struct buf text = BUF_INIT;

	if (!value || json_is_null(value))
		buf_putc(out, '-');
	else if (json_is_string(value))
		task_text_put(out, json_str(value), max);
	else {
		json_put(&text, value);
		task_text_put(out, buf_str(&text), max);
		out->failed |= !buf_ok(&text);
	}
	buf_free(&text);
}

void task_text_put_time(struct buf *out, const json_t *value)
{
	struct str text = json_str(value);

	if (!json_is_string(value)) {
		buf_putc(out, '-');
		return;
	}
	if (text.len > TIME_LEN)
		text.len = TIME_LEN;
	task_text_put(out, text, 0);
	buf_putc(out, 'Z');
}
