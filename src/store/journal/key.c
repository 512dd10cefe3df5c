#include "store/journal/journal.h"

/* As long as in the index: a tenant's name is cut in the same way. */
void journal_key(struct index_key *key, struct str tenant, uint64_t number)
{
	struct id none = { { 0 } };

	index_primary_key(key, tenant, &none);
	key->len -= sizeof(none.bytes);
	for (int shift = 56; shift >= 0; shift -= 8)
		key->bytes[key->len++] = (uint8_t)(number >> shift);
}

uint64_t journal_number(struct str key)
{
	uint64_t number = 0;

	for (size_t i = key.len < 8 ? 0 : key.len - 8; i < key.len; i++)
		number = number << 8 | (uint8_t)key.ptr[i];
	return number;
}
