#include "base/str.h"

struct str str_trim(struct str s)
{
	while (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t'))
		s = str_skip(s, 1);
	while (s.len > 0 && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t'))
		s.len--;
	return s;
}

struct str str_split_next(struct str *rest, char separator)
{
	const char *end = rest->len ? memchr(rest->ptr, separator, rest->len) : NULL;
	struct str part = *rest;

	if (end) {
		part.len = (size_t)(end - rest->ptr);
		*rest = str_skip(*rest, part.len + 1);
	} else {
		*rest = STR_NULL;
	}
	return part;
}

struct str str_split_quoted(struct str *rest, char separator)
{
	struct str part = *rest;
	bool quoted = false;

	for (size_t i = 0; i < rest->len; i++) {
		char c = rest->ptr[i];

		if (quoted && c == '\\') {
			i++;
		} else if (c == '"') {
			quoted = !quoted;
		} else if (c == separator && !quoted) {
			part.len = i;
			break;
		}
	}
	*rest = str_skip(*rest, part.len + 1);
	return str_trim(part);
}

size_t str_utf8_length(struct str s)
{
	size_t count = 0;

	for (size_t i = 0; i < s.len; i++)
		count += ((unsigned char)s.ptr[i] & 0xC0) != 0x80;
	return count;
}

int64_t str_leading_number(struct str s, int64_t limit)
{
	int64_t number = 0;
	bool negative;

	s = str_trim(s);
	negative = s.len > 0 && s.ptr[0] == '-';
	if (negative || (s.len > 0 && s.ptr[0] == '+'))
		s = str_skip(s, 1);
	for (size_t i = 0; i < s.len && s.ptr[i] >= '0' && s.ptr[i] <= '9'; i++) {
		int digit = s.ptr[i] - '0';

		number = number > (limit - digit) / 10 ? limit : number * 10 + digit;
	}
	return negative ? -number : number;
}

bool str_to_u64(struct str s, uint64_t *value)
{
	uint64_t sum = 0;

	if (s.len == 0)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		unsigned digit = (unsigned char)s.ptr[i] - '0';

		if (digit > 9 || sum > (UINT64_MAX - digit) / 10)
			return false;
		sum = sum * 10 + digit;
	}
	*value = sum;
	return true;
}

size_t str_utf8_sequence(struct str s)
{
	const unsigned char *at = (const unsigned char *)s.ptr;
	size_t size;
	uint32_t code, least;

	if (s.len == 0)
		return 0;
	if (at[0] < 0x80)
		return at[0] != 0;
	if (at[0] >= 0xC2 && at[0] <= 0xDF) {
		size = 2, code = at[0] & 0x1F, least = 0x80;
	} else if ((at[0] & 0xF0) == 0xE0) {
		size = 3, code = at[0] & 0x0F, least = 0x800;
	} else if (at[0] >= 0xF0 && at[0] <= 0xF4) {
		size = 4, code = at[0] & 0x07, least = 0x10000;
	} else {
		return 0;
	}
	if (size > s.len)
		return 0;
	for (size_t i = 1; i < size; i++) {
		if ((at[i] & 0xC0) != 0x80)
			return 0;
		code = code << 6 | (at[i] & 0x3F);
	}
	if (code < least || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
		return 0;
	return size;
}

bool str_is_utf8(struct str s)
{
	size_t i = 0;

	while (i < s.len) {
		size_t size = str_utf8_sequence(str_skip(s, i));

		if (size == 0)
			return false;
		i += size;
	}
	return true;
}
