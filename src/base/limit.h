#pragma once
/*
 * How often something may happen, counted by all processes together: a table in memory that they
 * share. Bounded, without locks, and never in anybody's way: when it is full it forgets those who
 * have used least, and lets them begin anew.
 *
 * The rule is the generic cell rate algorithm (ITU-T I.371, annex A): for each key the table holds
 * the time at which its allowance is whole again, one 64-bit number that is changed by
 * compare-and-swap. A process that dies between any two steps leaves a table that is as good as
 * before. What can go wrong is small and said here: when two keys take over the same slot at the
 * same instant, one of them may be counted for the other, once; and a key that was forgotten has
 * its whole allowance again.
 *
 * Keys are made with a secret of the process tree (SipHash-2-4): nobody outside can choose names
 * that meet in one set.
 */
#include <stdatomic.h>

#include "base/err.h"

#define LIMIT_WAYS	  4 /* slots of a set, which is a cache line */
#define LIMIT_SETS	  16384
#define LIMIT_SECRET_SIZE 16
/* The times that processes pass may differ by so much, however they were held up. */
#define LIMIT_CLOCK_SKEW_US 1000000U

struct limit_slot {
	_Atomic uint64_t key; /* 0: free */
	_Atomic uint64_t tat; /* us: its allowance is whole from then on */
};

/* A mebibyte of shared memory, zeroed, then limit_init; before the first fork. */
struct limit {
	_Alignas(64) struct limit_slot sets[LIMIT_SETS][LIMIT_WAYS];
	uint8_t secret[LIMIT_SECRET_SIZE];
};

/* So many at once, then one each interval. */
struct limit_rule {
	uint64_t interval_us; /* 0: no limit */
	uint64_t burst;
};

/* What a key has left. */
struct limit_status {
	uint64_t remaining; /* at once */
	uint64_t reset_us;  /* until the allowance is whole again */
	uint64_t retry_us;  /* refused: until the next one is free */
};

/* What a key counts: keys of different kinds never meet. */
enum limit_kind {
	LIMIT_PRINCIPAL,
	LIMIT_LOGIN_PER_ADDRESS,
	LIMIT_LOGIN_PER_NAME,
	LIMIT_REFUSAL_LOG
};

/* False when the system has no random bytes: ERR_INTERNAL. */
bool limit_init(struct limit *limit, struct err *err);
/* The rule of so many a second; 0 a second: no limit. */
struct limit_rule limit_per_second(uint64_t rate, uint64_t burst);
uint64_t limit_key(
	const struct limit *limit, enum limit_kind kind, struct str first, struct str second);
/*
 * What counts as one address: all of an IPv4 address, also where it is written as an IPv6 one
 * (::ffff:192.0.2.1, a socket for both), the /64 of an IPv6 one, which is one
 * customer's (RFC 6177); what is neither, as it is. The bytes are borrowed from `bytes` or `text`.
 */
struct str limit_network(struct str text, uint8_t bytes[16]);
/*
 * Takes one of the key's allowance; false when there is none left, and nothing was taken then. now:
 * us of a clock that all processes share and that does not go back (clock_mono_us). left may be
 * NULL.
 */
bool limit_take(struct limit *limit, const struct limit_rule *rule, uint64_t key, int64_t now,
	struct limit_status *left);
/* Gives one back that was taken and should not count. */
void limit_refund(struct limit *limit, const struct limit_rule *rule, uint64_t key);
/* Microseconds as whole seconds, rounded up. */
unsigned limit_us_to_seconds(uint64_t us);
