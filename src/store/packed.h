#pragma once
/*
 * Numbers and texts within records. A number is unsigned LEB128 in its shortest form, so that equal
 * values have equal bytes; a text is its length and its bytes. Pure; private to the store.
 */
#include "base/buf.h"

/* The longest text; a longer one makes the buffer fail. */
#define PACKED_TEXT_MAX ((size_t)UINT32_MAX)

void packed_put_number(struct buf *out, uint64_t value);
void packed_put_text(struct buf *out, struct str text);
/* Take a value from the beginning of `in`. False: the bytes are not one. */
bool packed_read_number(struct str *in, uint64_t *value);
/* The text borrows from `in`. */
bool packed_read_text(struct str *in, struct str *text);
