#pragma once
/*
 * Identifiers: UUIDs. New ones are version 7 (RFC 9562 §5.7): they sort by the time of creation,
 * strictly within one process. Any version is parsed.
 */
#include "base/buf.h"

#define ID_TEXT_LEN 36

struct id {
	uint8_t bytes[16];
};

/* Creates an id of the given wall time in ms; false if the system provides no random bytes. */
bool id_new(struct id *id, int64_t wall_ms);
/*
 * Derives the id of an object that clients name: version 8 (RFC 9562 §5.8), from the SHA-256 of
 * kind, NUL and name. False if memory is exhausted.
 */
bool id_from_name(struct id *id, struct str kind, struct str name);
/* Overwrites the version, for clients that check it. */
void id_set_version(struct id *id, unsigned version);
/* Parses the 36-character form in either case; false and *id unchanged for any other text. */
bool id_parse(struct id *id, struct str text);
/* Writes the lower-case 36-character form and a NUL. */
void id_format(const struct id *id, char text[ID_TEXT_LEN + 1]);
/* Appends the same form, without a NUL. */
void id_put(const struct id *id, struct buf *out);
int id_compare(const struct id *a, const struct id *b);
/* For a hash table. Clients may choose ids, so the seed must be unknown to them. */
uint64_t id_hash(const struct id *id, uint64_t seed);
bool id_is_zero(const struct id *id);
