#include "store/hosts/hosts.h"

#include <stdlib.h>

#include "base/clock.h"
#include "store/hosts/counters.h"
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

/*
 * Rows of the keeper before this one, of the same host, may have higher numbers: a number that is
 * a time comes behind them.
 */
static bool begin(struct store *store, struct store_hosts *hosts, struct err *err)
{
	struct buf ignored = BUF_INIT;

	hosts->told = calloc(COUNTERS, sizeof(hosts->told[0]));
	if (!hosts->told)
		return err_no_memory(err);
	counters_tell(store, hosts->told, &ignored);
	buf_free(&ignored);
	hosts->number = (uint64_t)clock_wall_ms();
	return true;
}

bool store_hosts_poll(struct store *store, struct store_hosts *hosts, struct err *err)
{
	int64_t now = clock_mono_ms();

	if (!store_is_shared(store))
		return true;
	if (!hosts->told && !begin(store, hosts, err))
		return false;
	return hosts_tell(store, hosts, now, err) && hosts_hear(store, hosts, now, err);
}

void store_hosts_free(struct store_hosts *hosts)
{
	free(hosts->told);
	hosts->told = NULL;
}
