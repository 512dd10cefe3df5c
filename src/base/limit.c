#include "base/limit.h"

#include <arpa/inet.h>
#include <sodium.h>
#include <sys/random.h>

#define SECOND_US     1000000U
#define ADDRESS_MAX   64
#define IPV6_SIZE     16
#define IPV6_NET_SIZE 8

_Static_assert(LIMIT_SECRET_SIZE == crypto_shorthash_KEYBYTES, "the secret is the hash's key");
_Static_assert(sizeof(struct limit_slot[LIMIT_WAYS]) == 64, "a set is a cache line");

bool limit_init(struct limit *limit, struct err *err)
{
	if (getrandom(limit->secret, sizeof(limit->secret), 0) == (ssize_t)sizeof(limit->secret))
		return true;
	return err_set(err, ERR_INTERNAL, NULL, "the system has no random bytes");
}

struct limit_rule limit_per_second(uint64_t rate, uint64_t burst)
{
	uint64_t interval = rate == 0 ? 0 : rate >= SECOND_US ? 1 : SECOND_US / rate;

	return (struct limit_rule){ .interval_us = interval, .burst = burst };
}

unsigned limit_us_to_seconds(uint64_t us)
{
	uint64_t seconds = us / SECOND_US + (us % SECOND_US != 0);

	return seconds < UINT32_MAX ? (unsigned)seconds : UINT32_MAX;
}

/* ---- keys ---- */

static uint64_t hash(const struct limit *limit, struct str text)
{
	unsigned char bytes[crypto_shorthash_BYTES];
	uint64_t number;

	crypto_shorthash(
		bytes, (const unsigned char *)(text.len ? text.ptr : ""), text.len, limit->secret);
	memcpy(&number, bytes, sizeof(number));
	return number;
}

uint64_t limit_key(const struct limit *limit, unsigned domain, struct str first, struct str second)
{
	const uint64_t parts[] = { domain, hash(limit, first), hash(limit, second) };
	uint64_t key = hash(limit, (struct str){ (const char *)parts, sizeof(parts) });

	return key != 0 ? key : 1;
}

struct str limit_network(struct str text, uint8_t bytes[16])
{
	static const uint8_t mapped[12] = { [10] = 0xFF, [11] = 0xFF };
	char name[ADDRESS_MAX] = "";

	if (text.len == 0 || text.len >= sizeof(name))
		return text;
	memcpy(name, text.ptr, text.len);
	if (inet_pton(AF_INET6, name, bytes) != 1)
		return text;
	return (struct str){ (const char *)bytes,
		memcmp(bytes, mapped, sizeof(mapped)) == 0 ? IPV6_SIZE : IPV6_NET_SIZE };
}

/* ---- the table ---- */

static struct limit_slot *lowest_debt(struct limit_slot *set)
{
	struct limit_slot *least = set;

	for (size_t i = 1; i < LIMIT_WAYS; i++) {
		if (atomic_load(&set[i].tat) < atomic_load(&least->tat))
			least = &set[i];
	}
	return least;
}

/*
 * Returns the key's slot, evicting another key if there is none. The slot is emptied before it gets
 * the new key, so that a concurrent process sees too low a debt and never that of another key.
 */
static struct limit_slot *find_slot(struct limit *limit, uint64_t key)
{
	struct limit_slot *set = limit->sets[key % LIMIT_SETS], *slot;

	for (size_t i = 0; i < LIMIT_WAYS; i++) {
		if (atomic_load(&set[i].key) == key)
			return &set[i];
	}
	slot = lowest_debt(set);
	atomic_store(&slot->tat, 0);
	atomic_store(&slot->key, key);
	return slot;
}

static uint64_t most_debt(const struct limit_rule *rule)
{
	return rule->burst * rule->interval_us + rule->overdraft_us;
}

/*
 * Time until the full allowance, at most the burst and the overdraft. A process whose clock reading
 * is older than that of a process counted before it may see a slightly larger debt. A debt beyond
 * the clock skew comes from another rule (the configuration changed) or a damaged slot and counts
 * as none, so that it cannot lock a client out.
 */
static uint64_t debt_of(const struct limit_rule *rule, uint64_t tat, uint64_t now)
{
	uint64_t debt = tat > now ? tat - now : 0, most = most_debt(rule);

	if (debt <= most)
		return debt;
	return debt - most <= LIMIT_CLOCK_SKEW_US ? most : 0;
}

static void report_status(const struct limit_rule *rule, uint64_t debt, struct limit_status *left)
{
	uint64_t allowance = rule->burst * rule->interval_us;

	if (!left)
		return;
	*left = (struct limit_status){
		.remaining = debt < allowance ? (allowance - debt) / rule->interval_us : 0,
		.reset_us = debt,
	};
	if (left->remaining == 0)
		left->retry_us = debt + rule->interval_us - allowance;
}

bool limit_take(struct limit *limit, const struct limit_rule *rule, uint64_t key, int64_t now,
	struct limit_status *left)
{
	uint64_t at = now > 0 ? (uint64_t)now : 0, tat, debt;
	struct limit_slot *slot;

	if (left)
		*left = (struct limit_status){ 0 };
	if (rule->interval_us == 0)
		return true;
	slot = find_slot(limit, key);
	tat = atomic_load(&slot->tat);
	do {
		debt = debt_of(rule, tat, at);
		if (debt + rule->interval_us > rule->burst * rule->interval_us) {
			report_status(rule, debt, left);
			return false;
		}
		debt += rule->interval_us;
	} while (!atomic_compare_exchange_weak(&slot->tat, &tat, at + debt));
	report_status(rule, debt, left);
	return true;
}

void limit_charge(struct limit *limit, const struct limit_rule *rule, uint64_t key, uint64_t cost,
	int64_t now)
{
	uint64_t at = now > 0 ? (uint64_t)now : 0, most = most_debt(rule), tat, debt;
	struct limit_slot *slot;

	if (rule->interval_us == 0 || cost == 0)
		return;
	slot = find_slot(limit, key);
	tat = atomic_load(&slot->tat);
	do {
		debt = debt_of(rule, tat, at);
		debt = cost < (most - debt) / rule->interval_us ? debt + cost * rule->interval_us
								: most;
	} while (!atomic_compare_exchange_weak(&slot->tat, &tat, at + debt));
}

void limit_refund(struct limit *limit, const struct limit_rule *rule, uint64_t key)
{
	struct limit_slot *slot;
	uint64_t tat, less;

	if (rule->interval_us == 0)
		return;
	slot = find_slot(limit, key);
	tat = atomic_load(&slot->tat);
	do {
		less = tat > rule->interval_us ? tat - rule->interval_us : 0;
	} while (!atomic_compare_exchange_weak(&slot->tat, &tat, less));
}
