#pragma once
/*
 * The two digests of a file: md5, which clients name, and SHA-256, which is safe against files that
 * were made to have the same one. Errors: ERR_INTERNAL (OpenSSL, or the file cannot be read),
 * ERR_BUSY after a deadline.
 */
#include <openssl/evp.h>

#include "base/err.h"

#define DIGEST_MD5_LEN	  32
#define DIGEST_SHA256_LEN 64

struct digest {
	EVP_MD_CTX *md5, *sha256;
};

struct digest_text {
	char md5[DIGEST_MD5_LEN + 1]; /* lower-case hexadecimal */
	char sha256[DIGEST_SHA256_LEN + 1];
};

/* Begins, or begins again. Zero-initialise before the first call; free with digest_free. */
bool digest_start(struct digest *digest, struct err *err);
bool digest_add(struct digest *digest, const void *bytes, size_t len, struct err *err);
/* Adds the first size bytes of a file, until deadline_ms (monotonic). */
bool digest_add_file(
	struct digest *digest, int fd, uint64_t size, int64_t deadline_ms, struct err *err);
/* The digests of what was added. Only digest_start and digest_free may follow. */
bool digest_end(struct digest *digest, struct digest_text *text, struct err *err);
void digest_free(struct digest *digest);

/* The SHA-256 of a text, in hexadecimal. */
bool digest_of_text(struct str text, char sha256[DIGEST_SHA256_LEN + 1], struct err *err);
