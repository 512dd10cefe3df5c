#pragma once
/* Texts of the service and of commands for a terminal, which they must not control. */
#include "base/buf.h"

/*
 * Appends the text. Each control character, also U+0080 to U+009F, each mark that changes the
 * direction of writing, and each byte that is not part of UTF-8 becomes '?'.
 */
void terminal_put(struct buf *out, struct str text);
