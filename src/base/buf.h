#pragma once
/*
 * Growing byte buffer with a sticky failure: after an allocation has failed, every call does
 * nothing, so a writer checks once, at the end (buf_ok). Zero-initialise; free with buf_free. The
 * bytes belong to the buffer and move when it grows.
 */
#include "base/str.h"

struct buf {
	char *data;
	size_t len;
	size_t capacity;
	bool failed;
};

#define BUF_INIT ((struct buf){ 0 })

void buf_free(struct buf *buf);
/* Empties the buffer and clears the failure; keeps the memory. */
void buf_reset(struct buf *buf);
/* For buf_reserve: when the room is too small. */
bool buf_grow(struct buf *buf, size_t len);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* In decimal; ten times as fast as buf_printf, for log lines. */
void buf_put_number(struct buf *buf, int64_t number);
/*
 * Writes a JSON string with its quotes (RFC 8259). Plain ASCII is copied, the rest is escaped by
 * jansson. In a text that is not UTF-8, each byte that is not ASCII becomes U+FFFD, so that a log
 * line is always JSON.
 */
void buf_put_json_string(struct buf *buf, struct str s);
/* Drops the first len bytes. */
void buf_consume(struct buf *buf, size_t len);

/* ---- inline, because the answer to a list is made of some thousand such calls ---- */

/* Provides room for len more bytes at buf->data + buf->len; false if memory is exhausted. */
static inline bool buf_reserve(struct buf *buf, size_t len)
{
	return (!buf->failed && buf->capacity - buf->len >= len) || buf_grow(buf, len);
}

static inline void buf_put(struct buf *buf, const void *bytes, size_t len)
{
	if (len == 0 || !buf_reserve(buf, len))
		return;
	memcpy(buf->data + buf->len, bytes, len);
	buf->len += len;
}

static inline void buf_puts(struct buf *buf, const char *text)
{
	buf_put(buf, text, strlen(text));
}

static inline void buf_put_str(struct buf *buf, struct str s)
{
	buf_put(buf, s.ptr, s.len);
}

static inline void buf_putc(struct buf *buf, char c)
{
	buf_put(buf, &c, 1);
}

static inline bool buf_ok(const struct buf *buf)
{
	return !buf->failed;
}

static inline struct str buf_str(const struct buf *buf)
{
	return (struct str){ buf->data ? buf->data : "", buf->len };
}
