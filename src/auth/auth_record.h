#pragma once
/*
 * Internal to src/auth: the records of users, tokens and keys. Each record is a JSON object in one
 * of the store's small tables; user.c, token.c and key.c describe their table by a struct
 * auth_record_kind.
 *
 * Format changes: old records remain on disk and must stay readable. A new member is optional when
 * read, its absence means the behaviour before it existed, and it is written only if it says more
 * than its absence. Members never change their meaning. Older versions reject records with unknown
 * members (auth_record_unpack).
 */
#include <jansson.h>

#include "base/err.h"
#include "store/auth_table.h"
#include "store/store.h"

struct auth_record_kind {
	enum store_table table;
	const char *name; /* for messages: "user" */
	size_t size;	  /* of the struct that `record` points to in the functions below */
	/* Writes *record only if it returns true. */
	bool (*decode)(struct str key, json_t *json, void *record);
	json_t *(*encode)(const void *record); /* a new object; NULL: no memory */
};

/* ---- reading and writing ---- */

/* Decodes a record. False: unreadable, or no memory. */
bool auth_record_decode(
	const struct auth_record_kind *kind, struct str key, struct str value, void *record);
/* Appends the record's text; ERR_NO_MEMORY. */
bool auth_record_encode(const struct auth_record_kind *kind, const void *record, struct buf *value,
	struct err *err);
/* ERR_NOT_FOUND; ERR_INTERNAL if the record is unreadable. */
bool auth_record_get(struct store *store, const struct auth_record_kind *kind, const char *key,
	void *record, struct err *err);

/*
 * The same for loops over many keys: a missing record is not an error but *found false, and so is
 * an unreadable one, which is logged.
 */
bool auth_record_find(struct store *store, const struct auth_record_kind *kind, const char *key,
	void *record, bool *found, struct err *err);

/*
 * Reads a record, changes it and writes it back in one transaction. `record` is the caller's
 * working memory; it is wiped. `change` may be called again after a deadlock. ERR_NOT_FOUND;
 * ERR_INTERNAL if the record is unreadable.
 */
struct auth_record_update {
	const struct auth_record_kind *kind;
	const char *key;
	void *record;
	bool (*change)(void *record, const void *data, struct err *err);
	const void *data;
};
bool auth_record_update(
	struct store *store, const struct auth_record_update *update, struct err *err);

/*
 * Calls `take` for each record, decoded into `record`, until it returns false. Wipes `record`.
 * Skips unreadable records and logs them. Holds no lock: `take` may use the store.
 */
struct auth_record_walk {
	const struct auth_record_kind *kind;
	void *record;
	bool (*take)(struct str key, const void *record, void *data);
	void *data;
};
bool auth_record_each(struct store *store, const struct auth_record_walk *walk, struct err *err);

/* ---- members ---- */

/* Sets a time, or leaves the member out if the time is 0. False: no memory. */
bool auth_record_set_time(json_t *json, const char *name, int64_t time);
/*
 * json_unpack in strict mode. An unknown member may be a restriction that a newer version wrote, so
 * such a record must not be used without it. Unpacked texts belong to json.
 */
#define auth_record_unpack(json, ...) (json_unpack_ex((json), NULL, JSON_STRICT, __VA_ARGS__) == 0)
/* Reads at least one right: a record without rights is damaged. */
bool auth_record_parse_rights(unsigned *rights, const char *text);
/* False if the text does not fit. */
bool auth_record_copy_text(char *to, size_t size, const char *from);

/* A new id as text. ERR_INTERNAL if the system provides no random bytes. */
bool auth_record_new_id(char text[ID_TEXT_LEN + 1], int64_t now, struct err *err);
