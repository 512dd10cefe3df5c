#include "base/clock.h"
#include "store/hosts/parts.h"

#define KEY_SIZE (2 * sizeof(uint64_t))

static void put_number(struct index_key *key, uint64_t number)
{
	for (int i = 7; i >= 0; i--)
		key->bytes[key->len++] = (uint8_t)(number >> 8 * i);
}

static uint64_t read_number(const char *bytes)
{
	uint64_t number = 0;

	for (int i = 0; i < 8; i++)
		number = number << 8 | (uint8_t)bytes[i];
	return number;
}

void hosts_key(struct index_key *key, uint64_t host, uint64_t number)
{
	key->len = 0;
	put_number(key, host);
	put_number(key, number);
}

struct str hosts_scope(struct index_key *key, uint64_t host)
{
	struct str prefix = STR("\0hosts");

	memcpy(key->bytes, prefix.ptr, prefix.len);
	key->len = prefix.len;
	put_number(key, host);
	return key_str(key);
}

bool hosts_parse_key(struct str key, uint64_t *host, uint64_t *number)
{
	if (key.len != KEY_SIZE)
		return false;
	*host = read_number(key.ptr);
	*number = read_number(key.ptr + sizeof(*host));
	return true;
}

uint64_t hosts_self(struct store *store)
{
	uint64_t none = 0, drawn;

	do {
		drawn = store_random(store) ^ (uint64_t)clock_wall_ms();
	} while (drawn == 0 || drawn == UINT64_MAX);
	atomic_compare_exchange_strong(&store->shared->host, &none, drawn);
	return atomic_load(&store->shared->host);
}
