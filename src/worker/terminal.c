#include "worker/terminal.h"

/* The code point of a valid sequence. */
static unsigned code_point(const char *bytes, size_t len)
{
	unsigned first = (unsigned char)bytes[0], code = len == 1 ? first : first & (0x7fU >> len);

	for (size_t i = 1; i < len; i++)
		code = code << 6 | ((unsigned char)bytes[i] & 0x3f);
	return code;
}

static bool controls_terminal(unsigned code)
{
	return code < ' ' || (code >= 0x7f && code <= 0x9f) || code == 0x061c ||
	       (code >= 0x200e && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
	       (code >= 0x2066 && code <= 0x2069);
}

void terminal_put(struct buf *out, struct str text)
{
	size_t len;

	while (text.len > 0) {
		len = str_utf8_sequence(text);
		if (len > 0 && !controls_terminal(code_point(text.ptr, len)))
			buf_put(out, text.ptr, len);
		else
			buf_putc(out, '?');
		text = str_skip(text, len > 0 ? len : 1);
	}
}
