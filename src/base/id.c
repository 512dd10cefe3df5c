#include "base/id.h"

#include <openssl/evp.h>
#include <sys/random.h>
#include <uuid/uuid.h>

/*
 * The 12 bits of rand_a are a counter within the millisecond (RFC 9562 §6.2, method 1) that starts
 * at a random value in the lower half of its range, so that ids of one process are in order.
 */
static struct {
	int64_t ms;
	unsigned count;
} last;

bool id_new(struct id *id, int64_t wall_ms)
{
	uint8_t random[10];

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return false;
	if (wall_ms > last.ms) {
		last.ms = wall_ms;
		last.count = (random[8] << 8 | random[9]) & 0x7FF;
	} else if (++last.count > 0xFFF) {
		last.ms++;
		last.count = 0;
	}
	for (int i = 0; i < 6; i++)
		id->bytes[i] = (uint8_t)((uint64_t)last.ms >> (40 - 8 * i));
	id->bytes[6] = (uint8_t)(0x70 | last.count >> 8);
	id->bytes[7] = (uint8_t)last.count;
	memcpy(id->bytes + 8, random, 8);
	id->bytes[8] = (uint8_t)(0x80 | (id->bytes[8] & 0x3F));
	return true;
}

bool id_from_name(struct id *id, struct str kind, struct str name)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	uint8_t sum[EVP_MAX_MD_SIZE];
	bool ok;

	if (!context)
		return false;
	ok = EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 &&
	     EVP_DigestUpdate(context, kind.ptr, kind.len) == 1 &&
	     EVP_DigestUpdate(context, "", 1) == 1 &&
	     EVP_DigestUpdate(context, name.ptr, name.len) == 1 &&
	     EVP_DigestFinal_ex(context, sum, NULL) == 1;
	EVP_MD_CTX_free(context);
	if (!ok)
		return false;
	memcpy(id->bytes, sum, sizeof(id->bytes));
	id->bytes[8] = (uint8_t)(0x80 | (id->bytes[8] & 0x3F));
	id_set_version(id, 8);
	return true;
}

void id_set_version(struct id *id, unsigned version)
{
	id->bytes[6] = (uint8_t)((version & 0xF) << 4 | (id->bytes[6] & 0xF));
}

bool id_parse(struct id *id, struct str text)
{
	uuid_t uuid;

	if (text.len != ID_TEXT_LEN || memchr(text.ptr, '\0', text.len))
		return false;
	if (uuid_parse_range(text.ptr, text.ptr + text.len, uuid) != 0)
		return false;
	memcpy(id->bytes, uuid, sizeof(id->bytes));
	return true;
}

void id_format(const struct id *id, char text[ID_TEXT_LEN + 1])
{
	uuid_unparse_lower(id->bytes, text);
}

void id_put(const struct id *id, struct buf *out)
{
	char text[ID_TEXT_LEN + 1];

	id_format(id, text);
	buf_put(out, text, ID_TEXT_LEN);
}

int id_compare(const struct id *a, const struct id *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

uint64_t id_hash(const struct id *id, uint64_t seed)
{
	uint64_t half[2];

	memcpy(half, id->bytes, sizeof(half));
	half[0] = (half[0] ^ seed) * 0x9E3779B97F4A7C15U;
	half[1] = (half[1] ^ (half[0] >> 32)) * 0xC2B2AE3D27D4EB4FU;
	return (half[0] ^ half[1]) >> 20;
}

bool id_is_zero(const struct id *id)
{
	static const struct id zero;

	return id_compare(id, &zero) == 0;
}
