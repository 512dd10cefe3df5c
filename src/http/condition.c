#include "http/condition.h"

#include <stdio.h>
#include <time.h>

/* etagc: %x21 / %x23-7E / obs-text */
static bool is_tag_byte(char c)
{
	unsigned char byte = (unsigned char)c;

	return byte == 0x21 || (byte >= 0x23 && byte <= 0x7E) || byte >= 0x80;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void skip_blanks(struct str *list, bool commas)
{
	while (list->len > 0 && (is_blank(*list->ptr) || (commas && *list->ptr == ',')))
		*list = str_skip(*list, 1);
}

bool entity_tag_next(struct str *list, struct entity_tag *tag)
{
	struct str rest = *list;
	struct entity_tag found = { 0 };
	size_t len = 1;

	skip_blanks(&rest, true);
	if (rest.len == 0) {
		*list = rest;
		return false;
	}
	found.weak = str_starts(rest, STR("W/"));
	rest = str_skip(rest, found.weak ? 2 : 0);
	while (len < rest.len && is_tag_byte(rest.ptr[len]))
		len++;
	if (len >= rest.len || rest.ptr[0] != '"' || rest.ptr[len] != '"')
		return false;
	found.opaque = (struct str){ rest.ptr + 1, len - 1 };
	rest = str_skip(rest, len + 1);
	skip_blanks(&rest, false);
	if (rest.len > 0 && rest.ptr[0] != ',')
		return false;
	*list = rest;
	*tag = found;
	return true;
}

#define DATE_MAX 40

bool http_date_parse(int64_t *ms, struct str text)
{
	static const char *const formats[] = { "%a, %d %b %Y %H:%M:%S GMT",
		"%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y" };
	char copy[DATE_MAX];

	text = str_trim(text);
	if (text.len == 0 || text.len >= sizeof(copy) || memchr(text.ptr, '\0', text.len))
		return false;
	snprintf(copy, sizeof(copy), "%.*s", STR_ARGS(text));
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		struct tm tm = { 0 };
		const char *end = strptime(copy, formats[i], &tm);

		if (end && *end == '\0') {
			*ms = (int64_t)timegm(&tm) * 1000;
			return true;
		}
	}
	return false;
}
