#include "http/content_coding.h"

#include <zlib.h>

#define CHUNK	    ((size_t)64 * 1024)
#define GZIP_WINDOW (15 + 16) /* the largest window, and a gzip header */

bool content_coding_is_identity(struct str codings)
{
	codings = str_trim(codings);
	return codings.len == 0 || str_eq_nocase(codings, STR("identity"));
}

static bool is_gzip(struct str codings)
{
	codings = str_trim(codings);
	return str_eq_nocase(codings, STR("gzip")) || str_eq_nocase(codings, STR("x-gzip"));
}

/* Room for the next output: 1 byte more than the limit shows that it is exceeded. */
static bool make_room(z_stream *stream, struct buf *out, size_t limit)
{
	size_t room = limit + 1 - out->len < CHUNK ? limit + 1 - out->len : CHUNK;

	if (!buf_reserve(out, room))
		return false;
	stream->next_out = (Bytef *)out->data + out->len;
	stream->avail_out = (uInt)room;
	return true;
}

static bool is_within_limits(size_t len, size_t coded, size_t limit)
{
	return len <= limit && (len <= CONTENT_RATIO_FREE || len / CONTENT_RATIO_MAX <= coded);
}

static bool fail_malformed(struct err *err)
{
	return err_set(err, ERR_MALFORMED, "Content-Encoding", "The body is not valid gzip.");
}

static bool inflate_all(
	z_stream *stream, struct buf *out, size_t coded, size_t limit, struct err *err)
{
	size_t start = out->len;

	for (;;) {
		uInt room;
		int rc;

		if (!make_room(stream, out, start + limit))
			return err_no_memory(err);
		room = stream->avail_out;
		rc = inflate(stream, Z_NO_FLUSH);
		out->len += room - stream->avail_out;
		if (rc == Z_MEM_ERROR)
			return err_no_memory(err);
		if (rc != Z_OK && rc != Z_STREAM_END)
			return fail_malformed(err);
		if (!is_within_limits(out->len - start, coded, limit))
			return err_set(err, ERR_TOO_LARGE, NULL, NULL);
		if (rc == Z_STREAM_END && stream->avail_in == 0)
			return true;
		if (rc == Z_STREAM_END && inflateReset(stream) != Z_OK)
			return fail_malformed(err);
	}
}

bool content_decode(
	struct buf *out, struct str codings, struct str body, size_t limit, struct err *err)
{
	z_stream stream = { .next_in = (Bytef *)(uintptr_t)body.ptr, .avail_in = (uInt)body.len };
	bool ok;

	if (!is_gzip(codings))
		return err_set(err, ERR_CODING, "Content-Encoding", NULL);
	if (inflateInit2(&stream, GZIP_WINDOW) != Z_OK)
		return err_no_memory(err);
	ok = inflate_all(&stream, out, body.len, limit, err);
	inflateEnd(&stream);
	return ok;
}
