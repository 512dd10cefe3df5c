#pragma once
/*
 * String view: a pointer to borrowed bytes and their number, not terminated by NUL unless stated.
 * It is passed and copied by value and never freed.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

struct str {
	const char *ptr;
	size_t len;
};

#define STR(literal) ((struct str){ ("" literal), sizeof(literal) - 1 })
#define STR_NULL     ((struct str){ NULL, 0 })
/* For printf: "%.*s", STR_ARGS(s). */
#define STR_ARGS(s) (int)(s).len, (s).ptr

/* The ending of a regular noun behind its number: "%u task%s". */
static inline const char *str_plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

static inline struct str str_cstr(const char *text)
{
	return (struct str){ text, text ? strlen(text) : 0 };
}

static inline bool str_eq(struct str a, struct str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* Ignores the case of ASCII letters; for header fields and other protocol elements. */
static inline bool str_eq_nocase(struct str a, struct str b)
{
	return a.len == b.len && (a.len == 0 || strncasecmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool str_starts(struct str s, struct str prefix)
{
	return s.len >= prefix.len &&
	       (prefix.len == 0 || memcmp(s.ptr, prefix.ptr, prefix.len) == 0);
}

/*
 * Orders by unsigned bytes, a text before any longer one that begins with it: negative, zero or
 * positive like memcmp.
 */
static inline int str_compare(struct str a, struct str b)
{
	size_t shorter = a.len < b.len ? a.len : b.len;
	int order = shorter > 0 ? memcmp(a.ptr, b.ptr, shorter) : 0;

	return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

/* The part from offset on; empty if offset is at or past the end. */
static inline struct str str_skip(struct str s, size_t offset)
{
	return offset >= s.len ? (struct str){ s.ptr ? s.ptr + s.len : NULL, 0 }
			       : (struct str){ s.ptr + offset, s.len - offset };
}

/* Removes spaces and tabs at both ends. */
struct str str_trim(struct str s);

/*
 * Returns the part of *rest before the first separator and moves *rest behind it. Without a
 * separator it returns all of *rest and sets *rest to STR_NULL, so rest.ptr tells whether a
 * separator was there.
 */
struct str str_split_next(struct str *rest, char separator);
/*
 * The same for values of header fields: a separator in a quoted string (RFC 9110 §5.6.4) does not
 * count, the part is trimmed, and *rest is empty if there is no separator.
 */
struct str str_split_quoted(struct str *rest, char separator);

/*
 * Bytes of the character at the start of s: 1 to 4; 0 if s is empty, or starts with a NUL or with
 * bytes that are not UTF-8.
 */
size_t str_utf8_sequence(struct str s);
/* Number of characters in well-formed UTF-8. */
size_t str_utf8_length(struct str s);

/*
 * The decimal number at the start of a text, after spaces and a sign, as PHP and Ruby parse one: 0
 * if there is none. Clamped to ±limit.
 */
int64_t str_leading_number(struct str s, int64_t limit);

/*
 * Parses a decimal number of digits only. Returns false and leaves *value unchanged if the text is
 * empty, contains another byte or exceeds UINT64_MAX.
 */
bool str_to_u64(struct str s, uint64_t *value);

/*
 * Whether the text is well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms) without NUL.
 */
bool str_is_utf8(struct str s);
