#include "auth/secret.h"

#include <sys/random.h>

bool secret_random(uint8_t *bytes, size_t len, struct err *err)
{
	return getrandom(bytes, len, 0) == (ssize_t)len ||
	       err_set(err, ERR_INTERNAL, NULL, "the system provides no random bytes");
}

bool secret_random_hex(char *text, size_t len, struct err *err)
{
	uint8_t bytes[SECRET_RANDOM_LEN];

	if (!secret_random(bytes, len, err))
		return false;
	hex_encode(text, bytes, len);
	explicit_bzero(bytes, sizeof(bytes));
	return true;
}
