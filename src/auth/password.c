#include "auth/password.h"

#include <errno.h>
#include <sodium.h>

#include "auth/principal.h"
#include "auth/secret.h"

#define PASSES	     2
#define MEMORY_BYTES ((size_t)19 * 1024 * 1024)

_Static_assert(PASSWORD_HASH_SIZE >= crypto_pwhash_STRBYTES, "a hash does not fit");

/* Checked if there is no hash, at the same cost: of random bytes, with the parameters above. */
static const char dummy_hash[] = "$argon2id$v=19$m=19456,t=2,p=1$iNEbS3xb2sY+4CLJDHRGJw"
				 "$GljFPaDd2LWwiN7yeJqxGn9fQApluFhqf2Fr3Kyk87U";

bool password_random(char text[PASSWORD_RANDOM_SIZE], struct err *err)
{
	return secret_random_hex(text, (PASSWORD_RANDOM_SIZE - 1) / 2, err);
}

bool password_hash(struct str password, char hash[PASSWORD_HASH_SIZE], struct err *err)
{
	if (password.len < PASSWORD_MIN || !auth_is_text(password, PASSWORD_MAX))
		return err_set(err, ERR_INVALID, "password",
			"a password is %d to %d bytes without control characters", PASSWORD_MIN,
			PASSWORD_MAX);
	if (sodium_init() < 0)
		return err_set(err, ERR_INTERNAL, NULL, NULL);
	if (crypto_pwhash_str(hash, password.ptr, password.len, PASSES, MEMORY_BYTES) != 0)
		return err_no_memory(err);
	return true;
}

bool password_is_hash(const char *hash)
{
	return strlen(hash) < PASSWORD_HASH_SIZE && sodium_init() >= 0 &&
	       crypto_pwhash_str_needs_rehash(hash, PASSES, MEMORY_BYTES) == 0;
}

bool password_check(struct str password, const char *hash, bool *matches, struct err *err)
{
	int result;

	if (password.len > PASSWORD_MAX)
		password.len = 0;
	if (sodium_init() < 0)
		return err_set(err, ERR_INTERNAL, NULL, NULL);
	/* EINVAL after the call means a mismatch; any other value, that nothing was compared. */
	errno = EINVAL;
	result = crypto_pwhash_str_verify(
		*hash ? hash : dummy_hash, password.len ? password.ptr : "", password.len);
	if (result != 0 && errno != EINVAL)
		return err_no_memory(err);
	*matches = result == 0 && *hash && password.len > 0;
	return true;
}
