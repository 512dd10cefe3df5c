#pragma once
/*
 * Uplynk's signed message (src/dialect/uplynk/README.md): msg is base64 of zlib of a JSON object
 * with _owner and _timestamp; sig is hex of HMAC-SHA256 over the base64 text as sent. Pure.
 */
#include "base/err.h"

#define UPLYNK_MSG_MAX	 2048 /* bytes of base64; several times what clients send */
#define UPLYNK_JSON_MAX	 4096 /* bytes of JSON; inflating stops at the limit */
#define UPLYNK_SIG_LEN	 64
#define UPLYNK_OWNER_MAX 64

/* Content of a message. Do not trust it before its signature is checked. */
struct uplynk_claim {
	char owner[UPLYNK_OWNER_MAX];
	int64_t timestamp; /* seconds since 1970; 0 or 2^40 if _timestamp is no time */
};

/*
 * Decodes msg. Line breaks are allowed anywhere in the base64 text, because clients leave and sign
 * them; unknown members are ignored. ERR_MALFORMED, ERR_NO_MEMORY.
 */
bool uplynk_claim_read(struct str msg, struct uplynk_claim *claim, struct err *err);
/* Writes sig in lower-case hex. False: no memory. */
bool uplynk_sign(struct str msg, struct str secret, char sig[UPLYNK_SIG_LEN + 1]);
/* Ignores the case of hex digits; in constant time for any `given`. */
bool uplynk_sig_equal(struct str given, const char sig[UPLYNK_SIG_LEN + 1]);
