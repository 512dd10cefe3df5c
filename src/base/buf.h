#pragma once
/*
 * A growing byte buffer with a sticky failure: after one allocation failed every call does nothing,
 * and the writer looks once, at the end (buf_ok). Zero-initialise, use, buf_free. The bytes belong
 * to the buffer and move when it grows.
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
/* Forgets the bytes and the failure, keeps the memory. */
void buf_reset(struct buf *buf);
/* Makes room for len more bytes at buf->data + buf->len; false when there is no memory. */
bool buf_reserve(struct buf *buf, size_t len);
void buf_put(struct buf *buf, const void *bytes, size_t len);
void buf_puts(struct buf *buf, const char *text);
void buf_put_str(struct buf *buf, struct str s);
void buf_putc(struct buf *buf, char c);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* In decimal; what a log line is full of, at a tenth of buf_printf's price. */
void buf_put_number(struct buf *buf, int64_t number);
/*
 * The bytes as a JSON string, quotes included (RFC 8259). Plain ASCII is copied; the rest is left
 * to jansson. Bytes that are no UTF-8 are written as one U+FFFD each, so that a log line is always
 * JSON.
 */
void buf_put_json_string(struct buf *buf, struct str s);
/* Drops the first len bytes. */
void buf_consume(struct buf *buf, size_t len);

static inline bool buf_ok(const struct buf *buf)
{
	return !buf->failed;
}

static inline struct str buf_str(const struct buf *buf)
{
	return (struct str){ buf->data ? buf->data : "", buf->len };
}
