#include "worker/text.h"

#include <stdio.h>
#include <stdlib.h>

#include "worker/fatal.h"

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

json_t *text_json_bytes(struct str bytes)
{
	struct buf clean = BUF_INIT;
	json_t *json;

	text_put_utf8(&clean, bytes);
	need_buf(&clean);
	json = need(json_stringn(buf_str(&clean).ptr, clean.len));
	buf_free(&clean);
	return json;
}

json_t *text_json_list(const char *format, va_list arguments)
{
	char *text;
	json_t *json;

	if (vasprintf(&text, format, arguments) < 0)
		fatal_no_memory();
	json = text_json_bytes(str_cstr(text));
	free(text);
	return json;
}

json_t *text_json(const char *format, ...)
{
	va_list arguments;
	json_t *json;

	va_start(arguments, format);
	json = text_json_list(format, arguments);
	va_end(arguments);
	return json;
}
