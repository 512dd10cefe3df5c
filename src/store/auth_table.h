#pragma once
/*
 * The records in the store that are not tasks: users, tokens, signing keys, lists of logins. The
 * caller defines their content (auth/auth_record.h). The durability and errors of store.h apply.
 */
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

struct store;

enum store_table { STORE_USERS, STORE_TOKENS, STORE_SIGNING_KEYS, STORE_LOGINS, STORE_TABLES };

/*
 * Derives the secret of the store for one purpose. It never changes while the store exists, differs
 * between stores and purposes, and is not in exports.
 */
#define STORE_SECRET_SIZE 32
void store_auth_secret(
	const struct store *store, struct str purpose, uint8_t secret[STORE_SECRET_SIZE]);

/* Appends the value to out; ERR_NOT_FOUND without one. */
bool store_auth_get(struct store *store, enum store_table table, struct str key, struct buf *out,
	struct err *err);
/*
 * Change of one record. update gets the old value (ptr NULL: none) and appends the new one; when it
 * appends nothing the record is removed. It may be called again after a conflict, so it is pure.
 * When it returns false all edits are undone, and its error is that of the call.
 */
struct store_auth_edit {
	enum store_table table;
	struct str key;
	bool (*update)(struct str old, struct buf *value, void *data, struct err *err);
	void *data;
};
/*
 * Carries out the edits in one transaction, in their order; durable when it returns. An update may
 * write the key of a later edit, of the same length, where edit.key points. While the disk is
 * nearly full, the first edit must change an existing record: revocations and the operator's
 * rotations must still work, and the reserve has room for them, but nothing else is created. A
 * change that clients can repeat needs store_may_write() as well.
 */
bool store_auth_update(
	struct store *store, const struct store_auth_edit *edits, size_t count, struct err *err);
/*
 * Calls back for every record of one moment, in no order, until it returns false. No lock is held
 * meanwhile: the callback may use the store.
 */
bool store_auth_each(struct store *store, enum store_table table,
	bool (*take)(struct str key, struct str value, void *data), void *data, struct err *err);
/* Where a walk in parts goes on. All zero: at the start. */
struct store_auth_place {
	uint64_t next, last; /* for the store */
	bool end;
};
/*
 * Appends the next keys of the table, each followed by a NUL, and moves *place. A part ends soon
 * after `count` keys. Each record that exists during the whole walk is seen once, unless its page
 * is damaged. No lock remains between two parts.
 */
bool store_auth_keys(struct store *store, enum store_table table, struct store_auth_place *place,
	size_t count, struct buf *keys, struct err *err);
