#pragma once
/* Rows and periods of Idempotency-Keys; idempotency.c has the format of a row. */
#include "store/internal.h"

#define IDEMPOTENCY_PERIOD_MS (STORE_IDEMPOTENCY_HOURS * 3600000LL)

/* Bytes of a value before its records. */
#define IDEMPOTENCY_HEAD_SIZE (8 + OP_FINGERPRINT_SIZE + 4)

/* Reads a big-endian number of 1 to 8 bytes. */
static inline uint64_t idempotency_number(const char *from, int bytes)
{
	uint64_t number = 0;

	for (int i = 0; i < bytes; i++)
		number = number << 8 | (uint8_t)from[i];
	return number;
}

/* Between the key of a batch and the number of one of its items. No client can send this byte. */
#define IDEMPOTENCY_ITEM_MARK '\1'

/* The parts of a row, which borrow from its key and value. */
struct idempotency_row {
	uint64_t period;
	struct str tenant;
	bool is_tally; /* the count and bytes of the tenant's keys; what follows is not set */
	struct str user, key; /* key: without the number of an item */
	bool is_item;	      /* of a batch: the key has one */
	int64_t time;	      /* of the request */
	/* Of tasks. companion may be empty, and record too, in the row of a whole batch. */
	struct str record, companion;
};
/* Returns false and leaves *row unchanged if the bytes are not those of a row. */
bool idempotency_parse_row(struct idempotency_row *row, struct str key, struct str value);

/* The key of an item of a batch, in arena; STR_NULL without memory. */
struct str idempotency_item_key(struct str key, size_t item, struct arena *arena);

/* Number of the period of a time; keys are made and looked up by it. */
uint64_t idempotency_period(int64_t now);
