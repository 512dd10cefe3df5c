/* Searches texts in linear time, without copies: a row may have a text of a megabyte. */
#include "dialect/fourhse/condition.h"

static char lower(char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

/* The number of bytes that match after one more: Knuth, Morris, Pratt. */
static size_t advance(const struct fourhse_pattern *pattern, size_t matched, char c)
{
	const char *text = pattern->text;

	while (matched > 0 && text[matched] != c)
		matched = pattern->border[matched - 1];
	return text[matched] == c ? matched + 1 : 0;
}

void fourhse_pattern_init(struct fourhse_pattern *pattern, struct str text)
{
	size_t border = 0;

	pattern->len = text.len < FOURHSE_LIKE_MAX ? text.len : FOURHSE_LIKE_MAX;
	for (size_t i = 0; i < pattern->len; i++)
		pattern->text[i] = lower(text.ptr[i]);
	for (size_t i = 0; i < pattern->len; i++) {
		border = i > 0 ? advance(pattern, border, pattern->text[i]) : 0;
		pattern->border[i] = (uint8_t)border;
	}
}

bool fourhse_pattern_in_text(const struct fourhse_pattern *pattern, struct str text)
{
	size_t matched = 0;

	for (size_t i = 0; i < text.len && matched < pattern->len; i++)
		matched = advance(pattern, matched, lower(text.ptr[i]));
	return matched == pattern->len;
}

static unsigned hex_unit(struct str text, size_t at)
{
	unsigned unit = 0;

	for (size_t i = at; i < at + 4 && i < text.len; i++) {
		char c = lower(text.ptr[i]);

		unit = unit << 4 | (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	return unit;
}

static size_t put_utf8(uint32_t code, char bytes[4])
{
	static const unsigned char heads[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	size_t len = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

	for (size_t i = len; i-- > 1; code >>= 6)
		bytes[i] = (char)(0x80 | (code & 0x3f));
	bytes[0] = (char)(heads[len] | code);
	return len;
}

/* Decodes the escape behind a backslash at *at, in valid JSON text, and moves *at past it. */
static size_t decode_escape(struct str json, size_t *at, char bytes[4])
{
	static const char names[] = "bfnrt", controls[] = "\b\f\n\r\t";
	char c = json.ptr[(*at)++];
	const char *name = strchr(names, c);
	uint32_t code;

	if (c != 'u') {
		bytes[0] = name ? controls[name - names] : c;
		return 1;
	}
	code = hex_unit(json, *at);
	*at += 4;
	if (code >= 0xd800 && code < 0xdc00 && *at + 6 <= json.len) {
		code = 0x10000 + ((code - 0xd800) << 10) + (hex_unit(json, *at + 2) - 0xdc00);
		*at += 6;
	}
	return put_utf8(code, bytes);
}

/* The value is a string in all tasks that the dialect accepts; another one matches by its text. */
bool fourhse_pattern_in_json(const struct fourhse_pattern *pattern, struct str json)
{
	bool is_string = json.len >= 2 && json.ptr[0] == '"';
	size_t matched = 0, at = is_string ? 1 : 0, end = json.len - at;

	while (at < end && matched < pattern->len) {
		char bytes[4] = { json.ptr[at++] };
		size_t len = 1;

		if (is_string && bytes[0] == '\\' && at < end)
			len = decode_escape(json, &at, bytes);
		for (size_t i = 0; i < len && matched < pattern->len; i++)
			matched = advance(pattern, matched, lower(bytes[i]));
	}
	return matched == pattern->len;
}
