#pragma once
/*
 * Passwords, kept as Argon2id (RFC 9106) in libsodium's text form. A check costs 19 MiB and two
 * passes, about 15 ms of a worker: what OWASP asks for at least, and no longer than a flush of a
 * slow disk, because nothing else is answered meanwhile. The web server limits how often.
 */
#include "base/err.h"

#define PASSWORD_HASH_SIZE 128
#define PASSWORD_MIN	   8
#define PASSWORD_MAX	   256 /* bytes */

/* A random one of 128 bits, in hex. */
#define PASSWORD_RANDOM_SIZE 33
bool password_random(char text[PASSWORD_RANDOM_SIZE], struct err *err);
/* ERR_INVALID for one that is too short, too long, no UTF-8 or holds control characters. */
bool password_hash(struct str password, char hash[PASSWORD_HASH_SIZE], struct err *err);
/*
 * *matches is whether it is the password of the hash. An empty hash matches nothing, after the same
 * work. ERR_NO_MEMORY.
 */
bool password_check(struct str password, const char *hash, bool *matches, struct err *err);
