#pragma once
/*
 * Serial numbers in ids: the store keeps tasks with the same serial number on one page. A UUID of
 * version 7 (RFC 9562 §5.7) with a serial number has in rand_b, after the variant:
 *
 *	random (14 bits) · tag (16) · serial number, scrambled (32)
 *
 * Scrambling is a keyed bijection, so an id does not show how many tasks exist. The tag, a keyed
 * hash of the other bits except the version, tells these ids from all others, with one error in
 * 65,536. Without the secret both look random.
 */
#include "base/id.h"

struct id_secret {
	uint8_t bytes[16];
};

/* False if the system provides no random bytes. */
bool id_secret_new(struct id_secret *secret);

uint32_t id_scramble(const struct id_secret *secret, uint32_t serial);
/* The inverse of id_scramble(). */
uint32_t id_unscramble(const struct id_secret *secret, uint32_t scrambled);

/* As id_new(), with a serial number. The version may be overwritten afterwards. */
bool id_new_serial(struct id *id, int64_t wall_ms, const struct id_secret *secret, uint32_t serial);
/* Whether the id was made with a serial number. */
bool id_has_serial(const struct id *id, const struct id_secret *secret);
/* False and *serial unchanged for an id that was made without a serial number. */
bool id_get_serial(const struct id *id, const struct id_secret *secret, uint32_t *serial);
