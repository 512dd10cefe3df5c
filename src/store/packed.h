#pragma once
/*
 * Numbers and texts within records. A number is unsigned LEB128 in its shortest form, so that equal
 * values have equal bytes; a text is its length and its bytes. Pure; private to the store.
 */
#include "base/buf.h"

/* The longest text; a longer one makes the buffer fail. */
#define PACKED_TEXT_MAX ((size_t)UINT32_MAX)

void packed_put_text(struct buf *out, struct str text);
/* Takes a text from the beginning of `in`, from which it borrows. False: the bytes are not one. */
bool packed_read_text(struct str *in, struct str *text);

/* ---- numbers: inline, because most of them have one byte ---- */

void packed_put_long_number(struct buf *out, uint64_t value);
bool packed_read_long_number(struct str *in, uint64_t *value);

static inline void packed_put_number(struct buf *out, uint64_t value)
{
	if (value <= 0x7F)
		buf_putc(out, (char)value);
	else
		packed_put_long_number(out, value);
}

/* Takes a number from the beginning of `in`. False: the bytes are not one. */
static inline bool packed_read_number(struct str *in, uint64_t *value)
{
	if (in->len == 0 || (uint8_t)in->ptr[0] > 0x7F)
		return packed_read_long_number(in, value);
	*value = (uint8_t)in->ptr[0];
	*in = str_skip(*in, 1);
	return true;
}
