#pragma once
/*
 * Bytes as text: hexadecimal, base64url (RFC 4648 §5) without padding, and base64 (§4) with it. All
 * come from libsodium, in time that does not depend on the bytes. Decoders accept the whole text or
 * nothing.
 */
#include "base/str.h"

#define HEX_SIZE(len)	    (2 * (len) + 1)
#define BASE64URL_SIZE(len) (((len)*4 + 2) / 3 + 1)

/* Writes HEX_SIZE(len) bytes: lower-case digits and a NUL. */
void hex_encode(char *text, const void *bytes, size_t len);
/* Reads exactly 2 * len digits of either case. False leaves the bytes undefined. */
bool hex_decode(void *bytes, size_t len, struct str text);

/* Writes BASE64URL_SIZE(len) bytes: digits and a NUL. */
void base64url_encode(char *text, const void *bytes, size_t len);
/*
 * Reads at most size bytes and sets *len to their number. False for padding, for any other byte
 * outside the alphabet and for unused bits that are not zero.
 */
bool base64url_decode(void *bytes, size_t size, size_t *len, struct str text);

#define BASE64_SIZE(len) (((len) + 2) / 3 * 4 + 1)

/* The same for base64, with its padding. */
void base64_encode(char *text, const void *bytes, size_t len);
bool base64_decode(void *bytes, size_t size, size_t *len, struct str text);
