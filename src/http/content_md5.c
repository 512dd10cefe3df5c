#include "http/content_md5.h"

#include <openssl/evp.h>

bool content_md5(struct str body, char text[CONTENT_MD5_SIZE])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int len = 0;

	if (EVP_Digest(body.len ? body.ptr : "", body.len, digest, &len, EVP_md5(), NULL) != 1)
		return false;
	return EVP_EncodeBlock((unsigned char *)text, digest, (int)len) > 0;
}
