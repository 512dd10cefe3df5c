#pragma once
/*
 * Internal to src/auth: the execution of an OP_ACCESS. Functions that return bool for an error have
 * the errors of the store and ERR_NO_MEMORY, besides those that they name.
 *
 *     access.c             the operation, in slices
 *     access_page.c        keeps the first rows of a page, sorted
 *     access_users.c       users, and the owners of credentials
 *     access_credentials.c tokens, logins and keys
 *     access_change.c      revocations and new ends, and their lines in the log
 *     credential_id.c      ids of credentials
 */
#include <jansson.h>

#include "auth/access.h"
#include "auth/auth_record.h"
#include "auth/credential_id.h"
#include "auth/key.h"
#include "auth/token.h"
#include "auth/user.h"

/* ---- access_page.c ---- */

/* Of all rows that were added, keeps the first ones in the order of `precedes`. */
struct access_page {
	size_t row_size, most, count; /* bytes of a row; rows at most; rows kept */
	char *rows;
	void **order; /* pointers into rows; row limit + 1 only shows that a next page exists */
	bool (*precedes)(const void *a, const void *b);
};

/* Room for limit + 1 rows. Free it with access_page_free(), also after ERR_NO_MEMORY. */
bool access_page_init(struct access_page *page, size_t row_size, size_t limit,
	bool (*precedes)(const void *a, const void *b), struct err *err);
/* Whether a row would be kept: to check before the members that are expensive to make. */
bool access_page_takes(const struct access_page *page, const void *row);
/* Copies the row, if it is to be kept; the last one is dropped if there is no room. */
void access_page_add(struct access_page *page, const void *row);
void access_page_free(struct access_page *page);

/* ---- the run ---- */

enum access_table { ACCESS_IN_USERS, ACCESS_IN_TOKENS, ACCESS_IN_KEYS, ACCESS_TABLES };

/* Members of a user of the tenant that the validity of its credentials depends on. */
struct access_owner {
	struct id id;
	unsigned rights;
	bool revoked;
	int64_t expires, password_changed;
};

/* Borrows from the op and its request. */
struct access_run {
	struct store *store;
	const struct op_access *query;
	struct id id; /* op.id */
	struct str tenant, actor, request;
	int64_t now;
	unsigned tables; /* bits 1 << enum access_table: not yet read; the lowest one comes first */

	struct store_auth_place place;
	struct buf keys; /* the next keys of the table, each with a NUL */
	size_t used;	 /* bytes of `keys` whose records have been read */

	struct access_page page;
	struct user user; /* that of op.id; without a name: not found yet */
	/* The owners of the credentials to show, and the index of each by its name. */
	struct access_owner *owners;
	size_t owner_count, owner_capacity;
	json_t *owner_names;
	int64_t after_created; /* query->after of credentials */
	struct str after_id;
	struct credential_ids ids;
};

/* ---- access_users.c ---- */

/* Handles one record: adds it to the page or to the owners, or finds it as op.id. */
bool access_take_user(struct access_run *run, const struct user *user, struct err *err);
/*
 * Finds the owner of a credential: its name, id and the members of struct access_owner. False: it
 * is not a user of the tenant, or the operation is for another user.
 */
bool access_find_owner(
	const struct access_run *run, const char *name, struct user *owner, struct id *id);
/* Makes the row of a user at the time `now` (ms since the epoch). */
void access_fill_user(const struct user *user, int64_t now, struct access_user *row);
/* The order of users: by the bytes of their names. */
bool access_user_precedes(const void *a, const void *b);

/* ---- access_credentials.c ---- */

/* The stored record of a credential. */
struct access_record {
	enum access_type type;
	char key[TOKEN_HASH_LEN + 1]; /* the key of the record in its table */
	bool is_key;		      /* a signing key; else a token of an operator or a login */
	struct token token;	      /* unless is_key */
	struct key signing;	      /* if is_key, without its secrets */
};

/* Adds a row for a record of the table of tokens, or of keys, if the page has room for it. */
bool access_take_token(
	struct access_run *run, struct str hash, const struct token *token, struct err *err);
bool access_take_key(struct access_run *run, const struct key *key, struct err *err);
/* Parses query->after, the position after which a page begins. ERR_INVALID "cursor". */
bool access_read_place(struct access_run *run, struct err *err);
/* The order of credentials: the newest first, then by id. */
bool access_credential_precedes(const void *a, const void *b);
/* Reads the credential query->credential and its owner. ERR_NOT_FOUND, also in another tenant. */
bool access_get_credential(const struct access_run *run, struct access_record *record,
	struct user *owner, struct err *err);
/* Makes the row of a credential. */
bool access_show_credential(const struct access_run *run, const struct access_record *record,
	const struct user *owner, struct access_credential *row, struct err *err);

/* ---- access_change.c ---- */

/*
 * Carries out the action on run->user, and reads the user again after a change. ERR_NOT_FOUND if
 * run->user has no name; ERR_CONFLICT. An action that only reads changes nothing.
 */
bool access_change_user(struct access_run *run, struct err *err);
/* The same for a credential, whose record the caller reads again. ERR_CONFLICT. */
bool access_change_credential(struct access_run *run, const struct access_record *record,
	const struct user *owner, struct err *err);
