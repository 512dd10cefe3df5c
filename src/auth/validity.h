#pragma once
/*
 * Lifetimes of users, passwords, tokens and keys. Times are wall-clock ms; an end of 0 means never.
 * Pure.
 */
#include <stdbool.h>
#include <stdint.h>

/* Ordered: a credential is at least as invalid as its user. */
enum validity { VALIDITY_LIVE, VALIDITY_EXPIRED, VALIDITY_REVOKED };

enum validity validity_at(bool revoked, int64_t expires, int64_t now);
/* The earlier of two ends. */
int64_t validity_earlier_end(int64_t a, int64_t b);
/*
 * The end of a lifetime that restarts now with its old duration (expires - start). Returns expires
 * unchanged if there is no duration to repeat: start is 0 (unknown), expires is 0 (never), or the
 * clock was set back between the two.
 */
int64_t validity_renewed_end(int64_t start, int64_t expires, int64_t now);
