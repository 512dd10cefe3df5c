#pragma once
/*
 * Passwords, hashed with Argon2id (RFC 9106) in libsodium's text form. A check costs 19 MiB and two
 * passes, about 15 ms of a worker's time: OWASP's recommended minimum, and no longer than a flush
 * on a slow disk, because the worker serves nothing else meanwhile. The web server limits the rate.
 */
#include "base/err.h"

#define PASSWORD_HASH_SIZE 128
#define PASSWORD_MIN	   8   /* bytes */
#define PASSWORD_MAX	   256 /* bytes */

/* Generates a password of 128 random bits in hex. */
#define PASSWORD_RANDOM_SIZE 33
bool password_random(char text[PASSWORD_RANDOM_SIZE], struct err *err);
/* ERR_INVALID if it is too short, too long, not UTF-8 or contains control characters. */
bool password_hash(struct str password, char hash[PASSWORD_HASH_SIZE], struct err *err);
/* Whether it is a hash with the cost of this service: another would cost a worker more time. */
bool password_is_hash(const char *hash);
/*
 * Compares a password with a hash. An empty hash matches nothing and costs the same time.
 * ERR_NO_MEMORY.
 */
bool password_check(struct str password, const char *hash, bool *matches, struct err *err);
