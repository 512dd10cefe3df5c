#pragma once
/*
 * For this folder only: what users, tokens and keys share. Each is a JSON object in one of the
 * store's small tables; its functions in principal.h are in principal.c, token.c and key.c.
 */
#include <jansson.h>

#include "auth/principal.h"

/* The bytes in a token, a made secret; the size of a text of rights. */
#define ENTRY_RANDOM_LEN  32
#define ENTRY_RIGHTS_SIZE 32

/* Puts a record; steals json. NULL stands for one that could not be made: ERR_NO_MEMORY. */
bool entry_put(
	struct store *store, enum store_table table, struct str key, json_t *json, struct err *err);
/* Appends the record to value; ERR_NOT_FOUND names kind and key. */
bool entry_get(struct store *store, enum store_table table, const char *key, struct buf *value,
	struct err *err);
/* ERR_CONFLICT when the key is taken. Nobody holds it for the caller: two operators may race. */
bool entry_must_be_free(
	struct store *store, enum store_table table, const char *key, struct err *err);
/*
 * Reads members by a json_unpack format into the pointers behind it. Strict: a member that is not
 * known may be a restriction that a newer version wrote, and such a record must not work here as if
 * it were not restricted. The texts belong to *json, which the caller decrefs in any case.
 */
#define entry_unpack(json, ...) (json_unpack_ex((json), NULL, JSON_STRICT, __VA_ARGS__) == 0)
json_t *entry_json(struct str value);
/* One line in the log for a record that a walk leaves out. */
void entry_unreadable(enum store_table table);

/* 1 to most bytes of UTF-8 without control characters: labels and secrets. */
bool entry_is_text(struct str text, size_t most);
/* False when it does not fit. */
bool entry_copy(char *to, size_t size, const char *from);
/* Writes 2 * len digits and a NUL. */
void entry_hex(const uint8_t *bytes, size_t len, char *text);
bool entry_random(uint8_t bytes[ENTRY_RANDOM_LEN], struct err *err);
bool entry_fresh_id(char text[ID_TEXT_LEN + 1], int64_t now, struct err *err);

/*
 * The user and the rights of a new credential of hers that asks for some (0: all). Never none: a
 * credential without rights could not be told from one that asks for all.
 */
bool principal_rights(struct store *store, const char *name, unsigned asked, struct user *user,
	unsigned *rights, struct err *err);
/*
 * Whom a credential of that user stands for now; ERR_UNAUTHENTICATED for nobody, as in principal.h.
 */
bool principal_identify(struct store *store, const char *name, unsigned rights, int64_t expires,
	int64_t now, struct identity *who, struct err *err);
