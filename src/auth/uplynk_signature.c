#include "auth/uplynk_signature.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <zlib.h>

#include "http/json.h"

#define COMPRESSED_MAX (UPLYNK_MSG_MAX / 4 * 3)
/* Far beyond any clock, and times 1000 still a number. */
#define TIMESTAMP_MAX ((json_int_t)1 << 40)

static bool malformed(struct err *err)
{
	return err_set(err, ERR_MALFORMED, "msg", "The message cannot be read.");
}

static bool is_base64_digit(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '+' || c == '/';
}

static size_t count_padding(struct str text)
{
	size_t count = 0;

	while (count < 2 && count < text.len && text.ptr[text.len - 1 - count] == '=')
		count++;
	return count;
}

/* Python 2's encode('base64') breaks lines after 76 digits and ends with a break. */
static struct str strip_line_breaks(struct str text, char digits[UPLYNK_MSG_MAX])
{
	size_t len = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] != '\r' && text.ptr[i] != '\n')
			digits[len++] = text.ptr[i];
	}
	return (struct str){ digits, len };
}

/* OpenSSL's decoder skips blanks and takes '=' anywhere: what it gets is looked at before. */
static bool decode_base64(struct str msg, unsigned char packed[COMPRESSED_MAX], size_t *len)
{
	char digits[UPLYNK_MSG_MAX];
	struct str text;
	size_t padding;

	if (msg.len > UPLYNK_MSG_MAX)
		return false;
	text = strip_line_breaks(msg, digits);
	if (text.len == 0 || text.len % 4 != 0)
		return false;
	padding = count_padding(text);
	for (size_t i = 0; i < text.len - padding; i++) {
		if (!is_base64_digit(text.ptr[i]))
			return false;
	}
	if (EVP_DecodeBlock(packed, (const unsigned char *)text.ptr, (int)text.len) < 0)
		return false;
	*len = text.len / 4 * 3 - padding;
	return true;
}

/* All of it into the room there is, or nothing: a bomb costs no more than UPLYNK_JSON_MAX bytes. */
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

static bool read_claim(const json_t *json, struct uplynk_claim *claim)
{
	const json_t *owner = json_object_get(json, "_owner");
	const json_t *timestamp = json_object_get(json, "_timestamp");
	size_t len = json_string_length(owner);

	if (!json_is_string(owner) || len == 0 || len >= sizeof(claim->owner))
		return false;
	if (!json_is_integer(timestamp) || json_integer_value(timestamp) < 0 ||
		json_integer_value(timestamp) > TIMESTAMP_MAX)
		return false;
	*claim = (struct uplynk_claim){ .timestamp = json_integer_value(timestamp) };
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
	static const char digits[] = "0123456789abcdef";
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned int len = 0;

	if (secret.len > INT32_MAX ||
		!HMAC(EVP_sha256(), secret.len ? secret.ptr : "", (int)secret.len,
			(const unsigned char *)(msg.len ? msg.ptr : ""), msg.len, mac, &len) ||
		len != UPLYNK_SIG_LEN / 2)
		return false;
	for (size_t i = 0; i < len; i++) {
		sig[2 * i] = digits[mac[i] >> 4];
		sig[2 * i + 1] = digits[mac[i] & 15];
	}
	sig[UPLYNK_SIG_LEN] = '\0';
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
