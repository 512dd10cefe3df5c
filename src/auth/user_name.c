#include "auth/user_name.h"

#include <ctype.h>

/* RFC 5322 section 3.2.3, without '.' and '@'. */
#define SPECIALS "()<>[]:;,\\\""

/* Code points beyond ASCII that a name must not contain; ascending. */
static const struct {
	uint32_t first, last;
} excluded[] = {
	{ 0x80, 0xA0 },	      /* control characters, no-break space */
	{ 0xAD, 0xAD },	      /* soft hyphen */
	{ 0x0300, 0x036F },   /* combining marks */
	{ 0x061C, 0x061C },   /* direction of text */
	{ 0x115F, 0x1160 },   /* Hangul fillers */
	{ 0x1680, 0x1680 },   /* blank */
	{ 0x17B4, 0x17B5 },   /* invisible vowels */
	{ 0x180B, 0x180F },   /* Mongolian variation selectors */
	{ 0x1AB0, 0x1AFF },   /* combining marks */
	{ 0x1DC0, 0x1DFF },   /* combining marks */
	{ 0x2000, 0x200F },   /* blanks, zero-width characters, direction of text */
	{ 0x2028, 0x202F },   /* line separators, direction of text */
	{ 0x205F, 0x206F },   /* blank, invisible operators, direction of text */
	{ 0x20D0, 0x20FF },   /* combining marks */
	{ 0x2800, 0x2800 },   /* blank */
	{ 0x3000, 0x3000 },   /* blank */
	{ 0x3099, 0x309A },   /* combining marks */
	{ 0x3164, 0x3164 },   /* Hangul filler */
	{ 0xE000, 0xF8FF },   /* private use */
	{ 0xFDD0, 0xFDEF },   /* no characters */
	{ 0xFE00, 0xFE0F },   /* variation selectors */
	{ 0xFE20, 0xFE2F },   /* combining marks */
	{ 0xFEFF, 0xFEFF },   /* byte order mark */
	{ 0xFFA0, 0xFFA0 },   /* Hangul filler */
	{ 0xFFF0, 0xFFFF },   /* no characters, annotations */
	{ 0xE0000, 0x10FFFF } /* tags, variation selectors, private use */
};

/* The code point of a well-formed sequence of 2 to 4 bytes. */
static uint32_t code_point(const char *text, size_t len)
{
	uint32_t value = (unsigned char)text[0] & (0x7FU >> len);

	for (size_t i = 1; i < len; i++)
		value = value << 6 | ((unsigned char)text[i] & 0x3FU);
	return value;
}

static bool is_excluded(uint32_t value)
{
	for (size_t i = 0; i < sizeof(excluded) / sizeof(excluded[0]); i++) {
		if (value >= excluded[i].first && value <= excluded[i].last)
			return true;
	}
	return false;
}

/* The length in bytes of the first character, or 0 if the text is empty or it is not allowed. */
static size_t take_character(struct str text)
{
	size_t len = str_utf8_sequence(text);

	if (len == 1)
		return text.ptr[0] > 0x20 && text.ptr[0] < 0x7F && !strchr(SPECIALS, text.ptr[0]);
	return len > 1 && is_excluded(code_point(text.ptr, len)) ? 0 : len;
}

bool user_name_is_valid(struct str name)
{
	struct str rest = name;

	while (rest.len > 0) {
		size_t len = take_character(rest);

		if (len == 0)
			return false;
		rest = str_skip(rest, len);
	}
	return name.len > 0 && name.len < USER_NAME_MAX;
}

bool user_name_fold(struct str name, char folded[USER_NAME_MAX])
{
	if (!user_name_is_valid(name))
		return false;
	for (size_t i = 0; i < name.len; i++)
		folded[i] = isascii((unsigned char)name.ptr[i])
				    ? (char)tolower((unsigned char)name.ptr[i])
				    : name.ptr[i];
	folded[name.len] = '\0';
	return true;
}
