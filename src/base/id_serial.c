#include "base/id_serial.h"

#include <sodium.h>
#include <sys/random.h>

#define TAG_AT	  10
#define SERIAL_AT 12
#define ROUNDS	  4

_Static_assert(sizeof(struct id_secret) == crypto_shorthash_KEYBYTES, "the secret is a key");

bool id_secret_new(struct id_secret *secret)
{
	return getrandom(secret->bytes, sizeof(secret->bytes), 0) == (ssize_t)sizeof(secret->bytes);
}

static uint16_t hash(const struct id_secret *secret, const uint8_t *bytes, size_t len)
{
	uint8_t sum[crypto_shorthash_BYTES];

	crypto_shorthash(sum, bytes, len, secret->bytes);
	return (uint16_t)(sum[0] << 8 | sum[1]);
}

/* ---- the bijection: a Feistel network over two halves of 16 bits ---- */

static uint16_t mix(const struct id_secret *secret, uint8_t round, uint16_t half)
{
	const uint8_t in[] = { round, (uint8_t)(half >> 8), (uint8_t)half };

	return hash(secret, in, sizeof(in));
}

uint32_t id_scramble(const struct id_secret *secret, uint32_t serial)
{
	uint16_t left = (uint16_t)(serial >> 16), right = (uint16_t)serial;

	for (uint8_t round = 0; round < ROUNDS; round++) {
		uint16_t mixed = left ^ mix(secret, round, right);

		left = right;
		right = mixed;
	}
	return (uint32_t)left << 16 | right;
}

uint32_t id_unscramble(const struct id_secret *secret, uint32_t scrambled)
{
	uint16_t left = (uint16_t)(scrambled >> 16), right = (uint16_t)scrambled;

	for (uint8_t round = ROUNDS; round-- > 0;) {
		uint16_t mixed = right ^ mix(secret, round, left);

		right = left;
		left = mixed;
	}
	return (uint32_t)left << 16 | right;
}

/* ---- ids ---- */

static uint16_t make_tag(const struct id *id, const struct id_secret *secret)
{
	struct id bare = *id;

	id_set_version(&bare, 0);
	bare.bytes[TAG_AT] = bare.bytes[TAG_AT + 1] = 0;
	return hash(secret, bare.bytes, sizeof(bare.bytes));
}

bool id_new_serial(struct id *id, int64_t wall_ms, const struct id_secret *secret, uint32_t serial)
{
	uint32_t scrambled = id_scramble(secret, serial);
	uint16_t tag;

	if (!id_new(id, wall_ms))
		return false;
	for (int i = 0; i < 4; i++)
		id->bytes[SERIAL_AT + i] = (uint8_t)(scrambled >> (24 - 8 * i));
	tag = make_tag(id, secret);
	id->bytes[TAG_AT] = (uint8_t)(tag >> 8);
	id->bytes[TAG_AT + 1] = (uint8_t)tag;
	return true;
}

bool id_has_serial(const struct id *id, const struct id_secret *secret)
{
	return make_tag(id, secret) == (id->bytes[TAG_AT] << 8 | id->bytes[TAG_AT + 1]);
}

bool id_get_serial(const struct id *id, const struct id_secret *secret, uint32_t *serial)
{
	const uint8_t *at = id->bytes + SERIAL_AT;

	if (!id_has_serial(id, secret))
		return false;
	*serial = id_unscramble(secret,
		(uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3]);
	return true;
}
