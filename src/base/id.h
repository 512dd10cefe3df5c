#pragma once
/*
 * Identifiers: UUIDs of 16 bytes. Ours are version 7 (RFC 9562 §5.7): they sort by the time they
 * were made, and within one process strictly. Any version is read.
 */
#include "base/str.h"

#define ID_TEXT_LEN 36

struct id {
	uint8_t bytes[16];
};

/* A fresh id of the given wall time in ms; false when the system gives no randomness. */
bool id_new(struct id *id, int64_t wall_ms);
/*
 * The id of something that its clients name themselves: version 8 (RFC 9562 §5.8), of the SHA-256
 * of kind, NUL and name, so the same for the same name. False without memory.
 */
bool id_from_name(struct id *id, struct str kind, struct str name);
/* Writes the number of another version over that of an id, for clients that look at it. */
void id_set_version(struct id *id, unsigned version);
/* Reads the 36-character form, either case; false when it is anything else. */
bool id_parse(struct id *id, struct str text);
/* Writes the lower-case 36-character form and a NUL. */
void id_format(const struct id *id, char text[ID_TEXT_LEN + 1]);
int id_compare(const struct id *a, const struct id *b);
bool id_is_zero(const struct id *id);
