#include "auth/signature.h"

#include <openssl/crypto.h>
#include <openssl/hmac.h>

void signature_string_to_sign(const struct signed_request *request, struct buf *out)
{
	const struct str parts[] = { request->method, request->host, request->content_md5,
		request->content_type, request->date, request->resource };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (i > 0)
			buf_putc(out, '\n');
		buf_put_str(out, parts[i]);
	}
}

bool signature_make(
	const struct signed_request *request, struct str secret, char text[SIGNATURE_TEXT_MAX])
{
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned int len = 0;
	struct buf string = BUF_INIT;
	bool ok = false;

	signature_string_to_sign(request, &string);
	if (!buf_ok(&string) || secret.len > INT32_MAX)
		goto out;
	if (!HMAC(EVP_sha1(), secret.len ? secret.ptr : "", (int)secret.len,
		    (const unsigned char *)buf_str(&string).ptr, string.len, mac, &len))
		goto out;
	ok = EVP_EncodeBlock((unsigned char *)text, mac, (int)len) > 0;
out:
	buf_free(&string);
	return ok;
}

bool signature_equal(struct str given, const char *made)
{
	char left[SIGNATURE_TEXT_MAX] = { 0 }, right[SIGNATURE_TEXT_MAX] = { 0 };
	size_t len = strnlen(made, SIGNATURE_TEXT_MAX);
	size_t most = given.len < SIGNATURE_TEXT_MAX ? given.len : SIGNATURE_TEXT_MAX;

	if (most > 0)
		memcpy(left, given.ptr, most);
	memcpy(right, made, len);
	return (CRYPTO_memcmp(left, right, SIGNATURE_TEXT_MAX) == 0) & (given.len == len);
}

bool signature_split(struct str header, struct str *user, struct str *signature)
{
	const char *colon = header.len ? memrchr(header.ptr, ':', header.len) : NULL;
	size_t at;

	if (!colon)
		return false;
	at = (size_t)(colon - header.ptr);
	if (at == 0 || at + 1 == header.len)
		return false;
	*user = (struct str){ header.ptr, at };
	*signature = str_skip(header, at + 1);
	return true;
}
