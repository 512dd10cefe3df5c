/*
 * Preloaded into programs under valgrind, where one password hash of libsodium takes 0.7 s. It makes
 * hashes of the same form, which protect nothing.
 */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define PREFIX "$argon2id$v=19$m=19456,t=2,p=1$"

/* The last letter of base64 without padding has bits that must be 0. */
static void write_hash(
	char out[crypto_pwhash_STRBYTES], uint64_t salt, const char *password, size_t len)
{
	uint64_t hash = UINT64_C(14695981039346656037) ^ salt;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)password[i]) * UINT64_C(1099511628211);
	memset(out, 0, crypto_pwhash_STRBYTES);
	snprintf(out, crypto_pwhash_STRBYTES,
		PREFIX "%016" PRIx64 "AAAAAA$%016" PRIx64 "%016" PRIx64 "AAAAAAAAAAA", salt, hash,
		hash);
}

int crypto_pwhash_str(char out[crypto_pwhash_STRBYTES], const char *const passwd,
	unsigned long long passwdlen, unsigned long long opslimit, size_t memlimit)
{
	static uint64_t salt;

	if (opslimit != 2 || memlimit != (size_t)19456 * 1024)
		return -1;
	write_hash(out, ++salt, passwd, passwdlen);
	return 0;
}

int crypto_pwhash_str_verify(const char str[crypto_pwhash_STRBYTES], const char *const passwd,
	unsigned long long passwdlen)
{
	char wanted[crypto_pwhash_STRBYTES];
	uint64_t salt;

	if (sscanf(str, PREFIX "%16" SCNx64, &salt) != 1)
		return -1;
	write_hash(wanted, salt, passwd, passwdlen);
	return strcmp(str, wanted) == 0 ? 0 : -1;
}
