#include "notify/sign.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

#define MAC_TEXT_SIZE \
	sodium_base64_ENCODED_LEN(crypto_auth_hmacsha256_BYTES, sodium_base64_VARIANT_ORIGINAL)

static void add(crypto_auth_hmacsha256_state *state, struct str text)
{
	crypto_auth_hmacsha256_update(state, (const unsigned char *)text.ptr, text.len);
}

static void put_one(
	struct str secret, struct str id, int64_t seconds, struct str body, struct buf *out)
{
	unsigned char mac[crypto_auth_hmacsha256_BYTES];
	crypto_auth_hmacsha256_state state;
	char text[MAC_TEXT_SIZE], middle[32];

	snprintf(middle, sizeof(middle), ".%" PRId64 ".", seconds);
	crypto_auth_hmacsha256_init(&state, (const unsigned char *)secret.ptr, secret.len);
	add(&state, id);
	add(&state, str_cstr(middle));
	add(&state, body);
	crypto_auth_hmacsha256_final(&state, mac);
	sodium_memzero(&state, sizeof(state));
	sodium_bin2base64(text, sizeof(text), mac, sizeof(mac), sodium_base64_VARIANT_ORIGINAL);
	buf_puts(out, "v1,");
	buf_puts(out, text);
}

void sign_put(const struct webhook *webhook, struct str id, int64_t seconds, struct str body,
	struct buf *out)
{
	struct optional_time ends = webhook->old_secret_ends;

	put_one(webhook->secret, id, seconds, body, out);
	if (webhook->old_secret.len == 0 ||
		(optional_time_is_set(ends) && seconds * 1000 >= optional_time_ms(ends)))
		return;
	buf_putc(out, ' ');
	put_one(webhook->old_secret, id, seconds, body, out);
}
