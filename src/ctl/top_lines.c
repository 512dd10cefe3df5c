#include "ctl/top_lines.h"

#include <stdio.h>
#include <string.h>

/* Only ASCII is counted exactly; other characters cut early. */
static size_t cut(const char *line, size_t len, size_t columns)
{
	if (columns == 0 || len <= columns)
		return len;
	len = columns;
	while (len > 0 && ((unsigned char)line[len] & 0xC0) == 0x80)
		len--;
	return len;
}

void top_put_line(
	const struct top_view *view, enum top_style style, const char *line, struct buf *out)
{
	static const char *const begin[] = { "", "\033[1m", "\033[7m" };
	size_t len = cut(line, strlen(line), view->columns);

	if (view->styled)
		buf_puts(out, begin[style]);
	buf_put(out, line, len);
	for (; view->styled && style == TOP_HEADER && len < view->columns; len++)
		buf_putc(out, ' ');
	if (view->styled && style != TOP_PLAIN)
		buf_puts(out, "\033[0m");
	buf_putc(out, '\n');
}

void top_put_wrapped(
	const struct top_view *view, enum top_style style, const char *text, struct buf *out)
{
	while (*text) {
		size_t len = cut(text, strlen(text), view->columns), end = len;
		char line[TOP_LINE_BYTES];

		while (text[len] && end > 0 && text[end] != ' ')
			end--;
		if (end > 0)
			len = end;
		snprintf(line, sizeof(line), "%.*s", (int)len, text);
		top_put_line(view, style, line, out);
		text += len;
		text += strspn(text, " ");
	}
}
