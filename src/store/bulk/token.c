#include <inttypes.h>
#include <sodium.h>

#include "base/encode.h"
#include "store/bulk/bulk.h"

/*
 * A token is the base64url text of: version (1 byte), time of the dry run (8), count (8), and the
 * first 16 bytes of HMAC-SHA-256, under a key of the store, over these and the tenant, actor and
 * request, each after its length (8).
 */
#define VERSION	  1
#define HEAD_SIZE (1 + 8 + 8)
#define MAC_SIZE  16

_Static_assert(BASE64URL_SIZE(HEAD_SIZE + MAC_SIZE) <= BULK_TOKEN_SIZE, "a token fits");

static void put_number(uint8_t *out, uint64_t number)
{
	for (int i = 7; i >= 0; i--, number >>= 8)
		out[i] = (uint8_t)number;
}

static uint64_t read_number(const uint8_t *in)
{
	uint64_t number = 0;

	for (int i = 0; i < 8; i++)
		number = number << 8 | in[i];
	return number;
}

static void add_text(crypto_auth_hmacsha256_state *state, struct str text)
{
	uint8_t length[8];

	put_number(length, text.len);
	crypto_auth_hmacsha256_update(state, length, sizeof(length));
	crypto_auth_hmacsha256_update(
		state, (const unsigned char *)(text.len > 0 ? text.ptr : ""), text.len);
}

/* The purpose is a part, because ids are scrambled under the same secret. */
static void authenticate(const struct store *store, const struct op *op, uint8_t *bytes)
{
	const struct id_secret *secret = &store->engine->secret;
	uint8_t mac[crypto_auth_hmacsha256_BYTES];
	crypto_auth_hmacsha256_state state;

	crypto_auth_hmacsha256_init(&state, secret->bytes, sizeof(secret->bytes));
	add_text(&state, STR("bulk"));
	add_text(&state, (struct str){ (const char *)bytes, HEAD_SIZE });
	add_text(&state, op->tenant);
	add_text(&state, op->actor);
	add_text(&state, op->bulk->request);
	crypto_auth_hmacsha256_final(&state, mac);
	memcpy(bytes + HEAD_SIZE, mac, MAC_SIZE);
}

void bulk_token_make(
	const struct store *store, const struct op *op, uint64_t count, char token[BULK_TOKEN_SIZE])
{
	uint8_t bytes[HEAD_SIZE + MAC_SIZE] = { VERSION };

	put_number(bytes + 1, (uint64_t)op->now);
	put_number(bytes + 9, count);
	authenticate(store, op, bytes);
	base64url_encode(token, bytes, sizeof(bytes));
}

bool bulk_token_check(
	const struct store *store, const struct op *op, uint64_t count, struct err *err)
{
	uint8_t given[HEAD_SIZE + MAC_SIZE], made[HEAD_SIZE + MAC_SIZE];
	uint64_t time;
	size_t len;

	if (!base64url_decode(given, sizeof(given), &len, op->bulk->token) || len != sizeof(given))
		len = 0;
	if (len > 0) {
		memcpy(made, given, HEAD_SIZE);
		authenticate(store, op, made);
	}
	if (len == 0 || given[0] != VERSION || sodium_memcmp(given, made, sizeof(given)) != 0)
		return err_set(err, ERR_UNPROCESSABLE, "token",
			"The token is not one of a dry run of this request by this user.");
	time = read_number(given + 1);
	if ((uint64_t)op->now > time + BULK_TOKEN_MS)
		return err_set(
			err, ERR_CONFLICT, "token", "The token has expired: make another dry run.");
	if (read_number(given + 9) != count)
		return err_set(err, ERR_CONFLICT, "token",
			"The dry run counted %" PRIu64 " tasks, now there are %" PRIu64 ".",
			read_number(given + 9), count);
	return true;
}
