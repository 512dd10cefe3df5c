#pragma once
/*
 * Random bytes for tokens, keys and passwords. ERR_INTERNAL if the system provides none.
 */
#include "base/encode.h"
#include "base/err.h"

#define SECRET_RANDOM_LEN 32 /* bytes; the entropy of a generated token or key */

bool secret_random(uint8_t *bytes, size_t len, struct err *err);
/* Writes HEX_SIZE(len) bytes: 2 * len random digits and a NUL. len: at most SECRET_RANDOM_LEN. */
bool secret_random_hex(char *text, size_t len, struct err *err);
