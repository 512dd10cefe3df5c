/*
 * Parses a message. The first line of the input is msg as sent, a space, and sig. The rest is
 * compressed and encoded like a client does it, and parsed as a message too, to reach the JSON
 * parser.
 */
#include <openssl/evp.h>
#include <zlib.h>

#include "auth/uplynk_signature.h"
#include "fuzz_input.h"

static bool read_claim(struct str msg)
{
	struct uplynk_claim claim = { .timestamp = -1 };
	struct err err = { 0 };

	if (!uplynk_claim_read(msg, &claim, &err)) {
		check(err.code == ERR_MALFORMED || err.code == ERR_NO_MEMORY);
		check(claim.timestamp == -1);
		return false;
	}
	check(claim.timestamp >= 0 && claim.timestamp <= (int64_t)1 << 40);
	check(strnlen(claim.owner, sizeof(claim.owner)) < sizeof(claim.owner));
	check(claim.owner[0] && str_is_utf8(str_cstr(claim.owner)));
	return true;
}

static void read_packed(struct str json)
{
	static unsigned char packed[16384];
	static char text[24576];
	uLongf len = sizeof(packed);

	check(compress2(packed, &len, (const unsigned char *)json.ptr, json.len, 9) == Z_OK);
	EVP_EncodeBlock((unsigned char *)text, packed, (int)len);
	if (read_claim(str_cstr(text)))
		check(json.len <= UPLYNK_JSON_MAX && strlen(text) <= UPLYNK_MSG_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = { (const char *)data, size };
	struct str sent = fuzz_line(&rest), msg = str_split_next(&sent, ' ');
	char sig[UPLYNK_SIG_LEN + 1];

	read_claim(msg);
	if (rest.len > 0 && rest.len <= 8192)
		read_packed(rest);
	check(uplynk_sign(msg, STR("0123456789abcdefghij"), sig) && strlen(sig) == UPLYNK_SIG_LEN);
	check(uplynk_sig_equal(str_cstr(sig), sig));
	if (sent.ptr && sent.len != UPLYNK_SIG_LEN)
		check(!uplynk_sig_equal(sent, sig));
	return 0;
}
