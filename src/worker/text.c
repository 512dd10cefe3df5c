#include "worker/text.h"

#define REPLACEMENT "\xef\xbf\xbd"

void text_put_utf8(struct buf *out, struct str text)
{
	size_t len;

	while (text.len > 0) {
		len = str_utf8_sequence(text);
		if (len > 0)
			buf_put(out, text.ptr, len);
		else
			buf_puts(out, REPLACEMENT);
		text = str_skip(text, len > 0 ? len : 1);
	}
}
