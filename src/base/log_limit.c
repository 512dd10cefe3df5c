#include "base/log_limit.h"

#include <stddef.h>

/* FNV-1a, 64 bits (draft-eastlake-fnv). */
#define FNV_OFFSET 0xcbf29ce484222325U
#define FNV_PRIME  0x100000001b3U

static uint64_t hash_text(uint64_t hash, const char *text)
{
	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * FNV_PRIME;
	return hash;
}

static uint64_t hash_message(const char *event, const char *format)
{
	uint64_t hash = hash_text(hash_text(FNV_OFFSET, event) * FNV_PRIME, format);

	return hash != 0 ? hash : 1;
}

/* Returns the message's slot, or NULL if all are taken by others. */
static struct log_limit_slot *find_slot(struct log_limits *limits, uint64_t message)
{
	for (size_t i = 0; i < LOG_LIMIT_SLOTS; i++) {
		struct log_limit_slot *slot = &limits->slots[(message + i) % LOG_LIMIT_SLOTS];
		uint64_t found = 0;

		if (atomic_compare_exchange_strong(&slot->message, &found, message) ||
			found == message)
			return slot;
	}
	return NULL;
}

/* The generic cell rate algorithm, as in limit.c. */
bool log_limit_take(struct log_limits *limits, const char *event, const char *format, int64_t now,
	uint64_t *suppressed)
{
	struct log_limit_slot *slot = find_slot(limits, hash_message(event, format));
	const int64_t most = (int64_t)LOG_LIMIT_BURST * LOG_LIMIT_INTERVAL_MS;
	int64_t full_at, from;

	if (!slot) {
		*suppressed = 0;
		return true;
	}
	full_at = atomic_load(&slot->full_at);
	do {
		/* A time beyond the burst can only come from damaged memory. */
		from = full_at > now && full_at - now <= most ? full_at : now;
		if (from + LOG_LIMIT_INTERVAL_MS - now > most) {
			atomic_fetch_add(&slot->suppressed, 1);
			return false;
		}
	} while (!atomic_compare_exchange_weak(
		&slot->full_at, &full_at, from + LOG_LIMIT_INTERVAL_MS));
	*suppressed = atomic_exchange(&slot->suppressed, 0);
	return true;
}
