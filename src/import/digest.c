#include "import/digest.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/encode.h"

#define PIECE ((size_t)256 << 10)

static bool fail(struct err *err)
{
	return err_set(err, ERR_INTERNAL, NULL, "The digests cannot be computed.");
}

bool digest_start(struct digest *digest, struct err *err)
{
	digest_free(digest);
	digest->md5 = EVP_MD_CTX_new();
	digest->sha256 = EVP_MD_CTX_new();
	return (digest->md5 && digest->sha256 &&
		       EVP_DigestInit_ex(digest->md5, EVP_md5(), NULL) == 1 &&
		       EVP_DigestInit_ex(digest->sha256, EVP_sha256(), NULL) == 1) ||
	       fail(err);
}

bool digest_add(struct digest *digest, const void *bytes, size_t len, struct err *err)
{
	return (EVP_DigestUpdate(digest->md5, bytes, len) == 1 &&
		       EVP_DigestUpdate(digest->sha256, bytes, len) == 1) ||
	       fail(err);
}

static bool add_pieces(struct digest *digest, int fd, uint64_t size, int64_t deadline_ms,
	char *bytes, struct err *err)
{
	uint64_t done = 0;

	while (done < size) {
		size_t want = size - done < PIECE ? (size_t)(size - done) : PIECE;
		ssize_t got;

		if (clock_mono_ms() >= deadline_ms)
			return err_set(err, ERR_BUSY, NULL, "The file could not be read in time.");
		got = pread(fd, bytes, want, (off_t)done);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return err_set(err, ERR_INTERNAL, NULL, "The file cannot be read: %s.",
				got < 0 ? strerror(errno) : "it is shorter than before");
		if (!digest_add(digest, bytes, (size_t)got, err))
			return false;
		done += (uint64_t)got;
	}
	return true;
}

bool digest_add_file(
	struct digest *digest, int fd, uint64_t size, int64_t deadline_ms, struct err *err)
{
	char *bytes = malloc(PIECE);
	bool ok;

	if (!bytes)
		return err_no_memory(err);
	ok = add_pieces(digest, fd, size, deadline_ms, bytes, err);
	free(bytes);
	return ok;
}

bool digest_end(struct digest *digest, struct digest_text *text, struct err *err)
{
	unsigned char md5[EVP_MAX_MD_SIZE], sha256[EVP_MAX_MD_SIZE];
	unsigned md5_len = 0, sha256_len = 0;

	if (EVP_DigestFinal_ex(digest->md5, md5, &md5_len) != 1 ||
		EVP_DigestFinal_ex(digest->sha256, sha256, &sha256_len) != 1 ||
		md5_len * 2 != DIGEST_MD5_LEN || sha256_len * 2 != DIGEST_SHA256_LEN)
		return fail(err);
	hex_encode(text->md5, md5, md5_len);
	hex_encode(text->sha256, sha256, sha256_len);
	return true;
}

void digest_free(struct digest *digest)
{
	EVP_MD_CTX_free(digest->md5);
	EVP_MD_CTX_free(digest->sha256);
	*digest = (struct digest){ 0 };
}

bool digest_of_text(struct str text, char sha256[DIGEST_SHA256_LEN + 1], struct err *err)
{
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (EVP_Digest(text.len ? text.ptr : "", text.len, bytes, &len, EVP_sha256(), NULL) != 1 ||
		len * 2 != DIGEST_SHA256_LEN)
		return fail(err);
	hex_encode(sha256, bytes, len);
	return true;
}
