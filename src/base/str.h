#pragma once
/*
 * Borrowed bytes: a pointer and a length, never ended by NUL unless said. The owner is whoever
 * made the bytes; a struct str is passed and copied by value and never freed.
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

static inline struct str str_cstr(const char *text)
{
	return (struct str){ text, text ? strlen(text) : 0 };
}

static inline bool str_eq(struct str a, struct str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* ASCII letters of either case are equal; for header values and other protocol words. */
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

/* The part from offset on; empty when offset lies at or past the end. */
static inline struct str str_skip(struct str s, size_t offset)
{
	return offset >= s.len ? (struct str){ s.ptr ? s.ptr + s.len : NULL, 0 }
			       : (struct str){ s.ptr + offset, s.len - offset };
}

/* Without spaces and tabs at either end. */
struct str str_trim(struct str s);

/*
 * Returns the part of *rest before the first separator and moves *rest behind it. Without a separator
 * it returns all of *rest and sets *rest to STR_NULL, so rest.ptr tells whether a separator was there.
 */
struct str str_split_next(struct str *rest, char separator);

/* Characters of well-formed UTF-8. */
size_t str_utf8_length(struct str s);

/*
 * The decimal number that a text begins with, behind spaces and a sign, as PHP and Ruby read one: 0
 * when it begins with none. What lies beyond the limit, on either side, is the limit.
 */
int64_t str_leading_number(struct str s, int64_t limit);

/*
 * Reads a whole decimal number, digits only, at most UINT64_MAX. False when empty, when anything
 * else is in it, or when it does not fit; *value is then untouched.
 */
bool str_to_u64(struct str s, uint64_t *value);

/* Whether the bytes are well-formed UTF-8 (RFC 3629: no surrogates, nothing overlong) without NUL.
 */
bool str_is_utf8(struct str s);
