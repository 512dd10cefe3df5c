#include <openssl/sha.h>

#include "base/encode.h"
#include "dialect/native/native.h"

#define CURSOR_HEADER_LEN (1 + NATIVE_CURSOR_CHECKSUM_LEN)

/* ---- checksum of the query ---- */

/* These parameters change neither the rows of the list nor their order. */
static bool is_significant(struct str name)
{
	return !str_eq(name, STR("cursor")) && !str_eq(name, STR("limit")) &&
	       !str_eq(name, STR("total"));
}

static bool pair_precedes(const struct pair *a, const struct pair *b)
{
	int order = str_compare(a->name, b->name);

	return order < 0 || (order == 0 && str_compare(a->value, b->value) < 0);
}

/* Sorts the parameters, so that their order in the request does not matter. Returns their count. */
static size_t sort_query(const struct request *request, const struct pair **sorted)
{
	size_t count = 0;

	for (size_t i = 0; i < request->query_count; i++) {
		const struct pair *pair = &request->query[i];
		size_t at = count;

		if (!is_significant(pair->name))
			continue;
		for (; at > 0 && pair_precedes(pair, sorted[at - 1]); at--)
			sorted[at] = sorted[at - 1];
		sorted[at] = pair;
		count++;
	}
	return count;
}

/* NUL separates the texts: none contains one. Returns false if memory is exhausted. */
static bool make_checksum(
	const struct request *request, struct str position, uint8_t checksum[SHA256_DIGEST_LENGTH])
{
	const struct pair *sorted[REQUEST_QUERY_MAX];
	size_t count = sort_query(request, sorted);
	struct buf text = BUF_INIT;
	bool ok;

	buf_put_str(&text, request->principal.tenant);
	for (size_t i = 0; i < request->segment_count; i++) {
		buf_putc(&text, '/');
		buf_put_str(&text, request->segments[i]);
	}
	for (size_t i = 0; i < count; i++) {
		buf_putc(&text, '\0');
		buf_put_str(&text, sorted[i]->name);
		buf_putc(&text, '\0');
		buf_put_str(&text, sorted[i]->value);
	}
	buf_put(&text, "\0\0", 2);
	buf_put_str(&text, position);
	ok = buf_ok(&text) && SHA256((const unsigned char *)text.data, text.len, checksum);
	buf_free(&text);
	return ok;
}

struct str native_cursor_encode(const struct request *request, struct str position)
{
	uint8_t checksum[SHA256_DIGEST_LENGTH];
	size_t len = CURSOR_HEADER_LEN + position.len;
	char *bytes = arena_alloc(request->arena, len);
	char *text = arena_alloc(request->arena, BASE64URL_SIZE(len));

	if (!bytes || !text || !make_checksum(request, position, checksum))
		return STR_NULL;
	bytes[0] = NATIVE_CURSOR_VERSION;
	memcpy(bytes + 1, checksum, NATIVE_CURSOR_CHECKSUM_LEN);
	memcpy(bytes + CURSOR_HEADER_LEN, position.ptr, position.len);
	base64url_encode(text, bytes, len);
	return str_cstr(text);
}

bool native_next_cursor(const struct request *request, const struct buf *position,
	struct str *cursor, struct err *err)
{
	struct str made = STR("");

	if (position->len > 0)
		made = native_cursor_encode(request, buf_str(position));
	if (!made.ptr)
		return err_no_memory(err);
	*cursor = made;
	return true;
}

bool native_cursor_decode(
	const struct request *request, struct str cursor, struct str *position, struct err *err)
{
	uint8_t checksum[SHA256_DIGEST_LENGTH];
	char *bytes = arena_alloc(request->arena, cursor.len);
	struct str found;
	size_t len;

	if (!bytes)
		return err_no_memory(err);
	if (!base64url_decode(bytes, cursor.len, &len, cursor) || len <= CURSOR_HEADER_LEN ||
		bytes[0] != NATIVE_CURSOR_VERSION)
		goto damaged;
	found = (struct str){ bytes + CURSOR_HEADER_LEN, len - CURSOR_HEADER_LEN };
	if (!make_checksum(request, found, checksum))
		return err_no_memory(err);
	if (memcmp(bytes + 1, checksum, NATIVE_CURSOR_CHECKSUM_LEN) != 0)
		goto damaged;
	*position = found;
	return true;
damaged:
	return native_set_error(err, request->arena, ERR_INVALID, NATIVE_AT_PARAM(STR("cursor")),
		"The cursor is damaged or belongs to another query.");
}
