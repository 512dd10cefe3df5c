#pragma once
/*
 * Internal to src/auth: an OP_ACCESS that is carried out.
 *
 *     access.c             the operation, in slices
 *     access_page.c        the first rows in an order
 *     access_users.c       users, and the owners of credentials
 *     access_credentials.c tokens, logins and keys
 *     access_change.c      what ends, and its line in the log
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

/* The first rows, in the order of `precedes`, of those that were added. */
struct access_page {
	size_t row_size, most, count;
	char *rows;
	void **order; /* pointers into rows; the last one is only there to tell that more follow */
	bool (*precedes)(const void *a, const void *b);
};

/* Room for limit + 1 rows. ERR_NO_MEMORY. */
bool access_page_init(struct access_page *page, size_t row_size, size_t limit,
	bool (*precedes)(const void *a, const void *b), struct err *err);
/* Whether a row would be added: a check before its expensive members are made. */
bool access_page_takes(const struct access_page *page, const void *row);
void access_page_add(struct access_page *page, const void *row);
void access_page_free(struct access_page *page);

/* ---- the run ---- */

enum access_table { ACCESS_IN_USERS, ACCESS_IN_TOKENS, ACCESS_IN_KEYS, ACCESS_TABLES };

/* What the walk keeps of a user of the tenant. */
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
	unsigned tables; /* bits 1 << enum access_table: still to be read, in this order */

	struct store_auth_place place;
	struct buf keys; /* read from the table, each with a NUL */
	size_t used;	 /* bytes of them */

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

/* Takes one record of the walk. */
bool access_take_user(struct access_run *run, const struct user *user, struct err *err);
/* The owner of a credential, with the members that validity depends on; false: not to be shown. */
bool access_find_owner(
	const struct access_run *run, const char *name, struct user *owner, struct id *id);
void access_fill_user(const struct user *user, int64_t now, struct access_user *row);
bool access_user_precedes(const void *a, const void *b);

/* ---- access_credentials.c ---- */

struct access_record {
	enum access_type type;
	char key[TOKEN_HASH_LEN + 1]; /* of the record */
	bool is_key;
	struct token token; /* unless is_key */
	struct key signing; /* is_key; its secrets are wiped */
};

bool access_take_token(
	struct access_run *run, struct str hash, const struct token *token, struct err *err);
bool access_take_key(struct access_run *run, const struct key *key, struct err *err);
/* Reads the place in query->after; ERR_INVALID. */
bool access_read_place(struct access_run *run, struct err *err);
bool access_credential_precedes(const void *a, const void *b);
/* The credential of query->credential and its owner. ERR_NOT_FOUND, also in another tenant. */
bool access_get_credential(const struct access_run *run, struct access_record *record,
	struct user *owner, struct err *err);
/* Fills in a row. */
bool access_show_credential(const struct access_run *run, const struct access_record *record,
	const struct user *owner, struct access_credential *row, struct err *err);

/* ---- access_change.c ---- */

/* Carries out the action on run->user; does nothing for one that only reads. */
bool access_change_user(struct access_run *run, struct err *err);
/* The same for a credential. */
bool access_change_credential(struct access_run *run, const struct access_record *record,
	const struct user *owner, struct err *err);
