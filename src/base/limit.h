#pragma once
/*
 * Rates, counted by all processes together in a table of shared memory. The table is bounded and
 * lock-free and never blocks: a full set evicts the slot with the lowest debt, whose key then has
 * its full allowance again.
 *
 * The rule is the generic cell rate algorithm (ITU-T I.371, annex A). Each slot holds the
 * theoretical arrival time of its key, a 64-bit number changed by compare-and-swap, so a process
 * that dies between any two steps leaves a consistent table. The one inaccuracy: if two keys take
 * over the same slot at the same instant, one of them may be counted for the other, once.
 *
 * Keys are hashed with a secret of the process tree (SipHash-2-4), so clients cannot choose names
 * that fall into one set.
 */
#include <stdatomic.h>

#include "base/err.h"

#define LIMIT_WAYS	  4 /* slots of a set, which is a cache line */
#define LIMIT_SETS	  16384
#define LIMIT_SECRET_SIZE 16
/* Largest difference between the times that two processes pass. */
#define LIMIT_CLOCK_SKEW_US 1000000U

struct limit_slot {
	_Atomic uint64_t key; /* 0: free */
	_Atomic uint64_t tat; /* theoretical arrival time, us: full allowance from then on */
};

/* 1 MiB of zeroed shared memory. Call limit_init before the first fork. */
struct limit {
	_Alignas(64) struct limit_slot sets[LIMIT_SETS][LIMIT_WAYS];
	uint8_t secret[LIMIT_SECRET_SIZE];
};

/* burst at once, then one per interval. */
struct limit_rule {
	uint64_t interval_us; /* 0: no limit */
	uint64_t burst;
	/* Debt that limit_charge() may add beyond the burst; limit_take() fails until then. */
	uint64_t overdraft_us;
};

struct limit_status {
	uint64_t remaining; /* allowed at once */
	uint64_t reset_us;  /* until the full allowance */
	uint64_t retry_us;  /* until the next one is allowed; 0 unless none remains */
};

/* False if the system provides no random bytes: ERR_INTERNAL. */
bool limit_init(struct limit *limit, struct err *err);
/* rate per second; 0: no limit. */
struct limit_rule limit_per_second(uint64_t rate, uint64_t burst);
/* Key of one or two texts. Keys of different domains never collide; callers number the domains. */
uint64_t limit_key(const struct limit *limit, unsigned domain, struct str first, struct str second);
/*
 * The network that counts as one client: an IPv4 address, also if mapped into IPv6
 * (::ffff:192.0.2.1), or the /64 of an IPv6 address, which is one customer's (RFC 6177). Any other
 * text is returned unchanged. The result is borrowed from `bytes` or `text`.
 */
struct str limit_network(struct str text, uint8_t bytes[16]);
/*
 * Takes one of the key's allowance; false and no change if none remains. now is in us of a clock
 * that all processes share and that never goes back (clock_mono_us). left may be NULL.
 */
bool limit_take(struct limit *limit, const struct limit_rule *rule, uint64_t key, int64_t now,
	struct limit_status *left);
/*
 * Adds a cost that became known afterwards, in the unit of limit_take(): 1 is one request. The debt
 * grows to rule->overdraft_us beyond the burst at most; the rest of the cost is forgotten.
 */
void limit_charge(struct limit *limit, const struct limit_rule *rule, uint64_t key, uint64_t cost,
	int64_t now);
/* Undoes one successful limit_take(). */
void limit_refund(struct limit *limit, const struct limit_rule *rule, uint64_t key);
/* Rounded up. */
unsigned limit_us_to_seconds(uint64_t us);
