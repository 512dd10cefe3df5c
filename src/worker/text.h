#pragma once
/* Output of commands as text for the service. */
#include <jansson.h>
#include <stdarg.h>

#include "base/buf.h"

/* Appends the text; each byte that is not part of UTF-8, and each NUL, becomes U+FFFD. */
void text_put_utf8(struct buf *out, struct str text);
/* A JSON string of the formatted text, made UTF-8. Ends the program if memory is exhausted. */
json_t *text_json(const char *format, ...) __attribute__((format(printf, 1, 2)));
json_t *text_json_list(const char *format, va_list arguments) __attribute__((format(printf, 1, 0)));
/* The same of bytes. */
json_t *text_json_bytes(struct str bytes);
