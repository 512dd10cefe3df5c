#pragma once
/*
 * Uplynk's signed message (contract §2.5), byte by byte: msg is base64 of zlib of a JSON object
 * with _owner and _timestamp, sig is hex of HMAC-SHA256 over the base64 text as it was sent. Pure;
 * compression is zlib's, the cryptography OpenSSL's.
 */
#include "base/err.h"

#define UPLYNK_MSG_MAX	 2048 /* bytes of base64: several times what any client sends */
#define UPLYNK_JSON_MAX	 4096 /* bytes of JSON; more is refused while it is inflated */
#define UPLYNK_SIG_LEN	 64
#define UPLYNK_OWNER_MAX 64

/* What a message says of itself: nothing of it may be believed before its signature is checked. */
struct uplynk_claim {
	char owner[UPLYNK_OWNER_MAX];
	int64_t timestamp; /* seconds since 1970 */
};

/*
 * Reads msg, strictly but for line breaks anywhere in it, which clients leave there and sign, too;
 * unknown members are ignored. ERR_MALFORMED for whatever is not such a
 * message, ERR_NO_MEMORY.
 */
bool uplynk_claim_read(struct str msg, struct uplynk_claim *claim, struct err *err);
/* The signature in lower-case hex and a NUL; false without memory. */
bool uplynk_sign(struct str msg, struct str secret, char sig[UPLYNK_SIG_LEN + 1]);
/* Either case of hex; in constant time whatever the given one holds. */
bool uplynk_sig_equal(struct str given, const char sig[UPLYNK_SIG_LEN + 1]);
