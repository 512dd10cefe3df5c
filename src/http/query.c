#include "http/query.h"

#include "base/encode.h"

/* Returns the byte that an escape ("%2F") at the start of s stands for, or -1. */
static int escaped_byte(struct str s)
{
	uint8_t byte;

	return s.len >= 3 && hex_decode(&byte, 1, (struct str){ s.ptr + 1, 2 }) ? byte : -1;
}

bool query_decode(struct str *out, struct str text, enum query_plus plus, struct arena *arena,
	struct err *err)
{
	char *bytes = arena_alloc(arena, text.len + 1);
	size_t len = 0;

	if (!bytes)
		return err_no_memory(err);
	for (size_t i = 0; i < text.len; i++) {
		int byte = (unsigned char)text.ptr[i];

		if (byte == '%') {
			byte = escaped_byte(str_skip(text, i));
			if (byte < 0)
				return err_set(err, ERR_MALFORMED, NULL,
					"The address holds a %% that two hexadecimal digits do not follow.");
			i += 2;
		} else if (byte == '+' && plus == QUERY_PLUS_IS_SPACE) {
			byte = ' ';
		}
		bytes[len++] = (char)byte;
	}
	bytes[len] = '\0';
	if (!str_is_utf8((struct str){ bytes, len }))
		return err_set(err, ERR_MALFORMED, NULL, "The address is not UTF-8 without NUL.");
	*out = (struct str){ bytes, len };
	return true;
}

static bool decode_pair(struct pair *pair, struct str part, struct arena *arena, struct err *err)
{
	struct str value = part, name = str_split_next(&value, '=');

	return query_decode(&pair->name, name, QUERY_PLUS_IS_SPACE, arena, err) &&
	       query_decode(&pair->value, value, QUERY_PLUS_IS_SPACE, arena, err);
}

bool query_split(struct pair *pairs, size_t max, size_t *count, struct str text,
	struct arena *arena, struct err *err)
{
	size_t found = 0;

	while (text.len > 0) {
		struct str part = str_split_next(&text, '&');

		if (part.len == 0)
			continue;
		if (found == max)
			return err_set(err, ERR_TOO_LARGE, NULL,
				"There are more than %zu parameters.", max);
		if (!decode_pair(&pairs[found], part, arena, err))
			return false;
		found++;
	}
	*count = found;
	return true;
}

void query_encode(struct buf *out, struct str text, enum query_plus plus)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789-._~";

	for (size_t i = 0; i < text.len; i++) {
		unsigned char byte = (unsigned char)text.ptr[i];

		if (memchr(plain, byte, sizeof(plain) - 1)) {
			buf_putc(out, (char)byte);
		} else if (byte == ' ' && plus == QUERY_PLUS_IS_SPACE) {
			buf_putc(out, '+');
		} else {
			buf_printf(out, "%%%02X", byte);
		}
	}
}
