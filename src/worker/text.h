#pragma once
/* What commands print, as text for the service. */
#include "base/buf.h"

/* Appends the text; each byte that is not part of UTF-8, and each NUL, becomes U+FFFD. */
void text_put_utf8(struct buf *out, struct str text);
