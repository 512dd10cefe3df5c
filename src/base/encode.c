#include "base/encode.h"

#include <sodium.h>

void hex_encode(char *text, const void *bytes, size_t len)
{
	sodium_bin2hex(text, HEX_SIZE(len), bytes, len);
}

bool hex_decode(void *bytes, size_t len, struct str text)
{
	return text.len == 2 * len &&
	       sodium_hex2bin(bytes, len, text.ptr, text.len, NULL, NULL, NULL) == 0;
}

void base64url_encode(char *text, const void *bytes, size_t len)
{
	sodium_bin2base64(
		text, BASE64URL_SIZE(len), bytes, len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

bool base64url_decode(void *bytes, size_t size, size_t *len, struct str text)
{
	return sodium_base642bin(bytes, size, text.ptr, text.len, NULL, len, NULL,
		       sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0;
}

void base64_encode(char *text, const void *bytes, size_t len)
{
	sodium_bin2base64(text, BASE64_SIZE(len), bytes, len, sodium_base64_VARIANT_ORIGINAL);
}

bool base64_decode(void *bytes, size_t size, size_t *len, struct str text)
{
	return sodium_base642bin(bytes, size, text.ptr, text.len, NULL, len, NULL,
		       sodium_base64_VARIANT_ORIGINAL) == 0;
}
