#include "auth/uplynk_signature.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>
#include <zlib.h>

#include "base/encode.h"
#include "http/json.h"

#define COMPRESSED_MAX (UPLYNK_MSG_MAX / 4 * 3)
/* Seconds; far in the future, and does not overflow in ms. */
#define TIMESTAMP_MAX ((json_int_t)1 << 40)

static bool malformed(struct err *err)
{
	return err_set(err, ERR_MALFORMED, "msg", "The message cannot be read.");
}

/*
 * Python 2's encode('base64') breaks lines after 76 characters and ends with a line break. Ignores
 * line breaks and rejects all other characters outside the alphabet, NUL included: libsodium takes
 * the end of the string of ignored characters for one of them.
 */
static bool decode_base64(struct str msg, unsigned char packed[COMPRESSED_MAX], size_t *len)
{
	return msg.len > 0 && msg.len <= UPLYNK_MSG_MAX && !memchr(msg.ptr, '\0', msg.len) &&
	       sodium_base642bin(packed, COMPRESSED_MAX, msg.ptr, msg.len, "\r\n", len, NULL,
		       sodium_base64_VARIANT_ORIGINAL) == 0 &&
	       *len > 0;
}

/* Fails if the output exceeds UPLYNK_JSON_MAX bytes: protects against decompression bombs. */
static bool inflate_json(const unsigned char *packed, size_t len, unsigned char *json,
	size_t *json_len, struct err *err)
{
	uLongf room = UPLYNK_JSON_MAX;
	uLong used = len;
	int result = uncompress2(json, &room, packed, &used);

	if (result == Z_MEM_ERROR)
		return err_no_memory(err);
	if (result != Z_OK || used != len)
		return malformed(err);
	*json_len = room;
	return true;
}

/*
 * Real numbers of whole seconds are accepted. Any other value, or none, becomes a time far from the
 * present: then a request with a correct signature is refused for its clock (AUTH_SKEWED).
 */
static int64_t whole_seconds(const json_t *timestamp)
{
	double value = json_number_value(timestamp); /* 0 if it is not a number */

	if (!(value >= 0 && value <= (double)TIMESTAMP_MAX))
		return value > 0 ? TIMESTAMP_MAX : 0;
	return value == (double)(int64_t)value ? (int64_t)value : 0;
}

static bool read_claim(const json_t *json, struct uplynk_claim *claim)
{
	const json_t *owner = json_object_get(json, "_owner");
	const json_t *timestamp = json_object_get(json, "_timestamp");
	size_t len = json_string_length(owner);

	if (!json_is_string(owner) || len == 0 || len >= sizeof(claim->owner))
		return false;
	*claim = (struct uplynk_claim){ .timestamp = whole_seconds(timestamp) };
	memcpy(claim->owner, json_string_value(owner), len);
	return true;
}

bool uplynk_claim_read(struct str msg, struct uplynk_claim *claim, struct err *err)
{
	unsigned char packed[COMPRESSED_MAX], text[UPLYNK_JSON_MAX];
	size_t packed_len, len = 0;
	json_t *json;
	bool ok;

	if (!decode_base64(msg, packed, &packed_len))
		return malformed(err);
	if (!inflate_json(packed, packed_len, text, &len, err))
		return false;
	if (!json_parse_object(&json, (struct str){ (const char *)text, len }, err))
		return err->code == ERR_NO_MEMORY ? false : malformed(err);
	ok = read_claim(json, claim) || malformed(err);
	json_decref(json);
	return ok;
}

bool uplynk_sign(struct str msg, struct str secret, char sig[UPLYNK_SIG_LEN + 1])
{
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned int len = 0;

	if (secret.len > INT32_MAX ||
		!HMAC(EVP_sha256(), secret.len ? secret.ptr : "", (int)secret.len,
			(const unsigned char *)(msg.len ? msg.ptr : ""), msg.len, mac, &len) ||
		len != UPLYNK_SIG_LEN / 2)
		return false;
	hex_encode(sig, mac, len);
	return true;
}

bool uplynk_sig_equal(struct str given, const char sig[UPLYNK_SIG_LEN + 1])
{
	char lower[UPLYNK_SIG_LEN] = { 0 };
	size_t most = given.len < UPLYNK_SIG_LEN ? given.len : UPLYNK_SIG_LEN;

	for (size_t i = 0; i < most; i++) {
		char c = given.ptr[i];

		lower[i] = c >= 'A' && c <= 'F' ? (char)(c - 'A' + 'a') : c;
	}
	return (CRYPTO_memcmp(lower, sig, UPLYNK_SIG_LEN) == 0) & (given.len == UPLYNK_SIG_LEN);
}
