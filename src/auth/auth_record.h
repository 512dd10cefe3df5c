#pragma once
/*
 * For this folder only: what users, tokens and keys share. Each is a JSON object in one of the
 * store's small tables; its functions in principal.h are in user.c, token.c and key.c.
 *
 * How these records change: records of old versions are on people's disks and stay readable, so a
 * new member is optional when read, absent means what held before there was such a member, and it
 * is written only where it says more than that. A member never gets another meaning. An older
 * version refuses a record with a member that it does not know (auth_record_unpack).
 */
#include <jansson.h>

#include "auth/principal.h"

/* The bytes in a token, a made secret. */
#define AUTH_RECORD_RANDOM_LEN 32

/* Appends the record's text; steals json. NULL stands for one that could not be made:
 * ERR_NO_MEMORY. */
bool auth_record_write(struct buf *value, json_t *json, struct err *err);
/* Appends the record to value; ERR_NOT_FOUND names kind and key. */
bool auth_record_get(struct store *store, enum store_table table, const char *key,
	struct buf *value, struct err *err);
/* The error for a record that is not there; that cannot be read; both give false. */
bool auth_record_not_found(enum store_table table, const char *key, struct err *err);
bool auth_record_corrupt(enum store_table table, const char *key, struct err *err);
/* Sets a time unless it is 0, which means that there is none. */
bool auth_record_set_time(json_t *json, const char *name, int64_t time);
/*
 * Reads members by a json_unpack format into the pointers behind it. Strict: a member that is not
 * known may be a restriction that a newer version wrote, and such a record must not work here as if
 * it were not restricted. The texts belong to *json, which the caller decrefs in any case.
 */
#define auth_record_unpack(json, ...) (json_unpack_ex((json), NULL, JSON_STRICT, __VA_ARGS__) == 0)
/* NULL: it is none, or memory is exhausted. */
json_t *auth_record_parse(struct str value);
/* One line in the log for a record that a walk leaves out. */
void auth_record_log_unreadable(enum store_table table);

/* Rights, at least one. None in a record would mean that something went wrong when it was made. */
bool auth_record_parse_rights(unsigned *rights, const char *text);
/* 1 to most bytes of UTF-8 without control characters: labels and secrets. */
bool auth_record_is_text(struct str text, size_t most);
/* False when it does not fit. */
bool auth_record_copy_text(char *to, size_t size, const char *from);
bool auth_record_random(uint8_t bytes[AUTH_RECORD_RANDOM_LEN], struct err *err);
bool auth_record_new_id(char text[ID_TEXT_LEN + 1], int64_t now, struct err *err);

/* Digits of random bytes. */
bool auth_record_random_hex(char text[2 * AUTH_RECORD_RANDOM_LEN + 1], struct err *err);

/* ---- terms (principal.c) ---- */

/* As they stand in a record, for auth_record_unpack: the format of the members, and where they go. */
#define CREDENTIAL_TERMS_FORMAT "s:s, s:s, s?s, s:I, s:I, s?I"
#define CREDENTIAL_TERMS_MEMBERS(members)                                                         \
	"user", &(members)->user, "rights", &(members)->rights, "dialects", &(members)->dialects, \
		"created", &(members)->created, "expires", &(members)->expires, "revoked",        \
		&(members)->revoked
struct credential_terms_members {
	const char *user, *rights, *dialects;
	json_int_t created, expires, revoked;
};
/* Zero-initialise the members before they are read. */
bool credential_terms_read(
	struct credential_terms *terms, const struct credential_terms_members *members);
/* A new object with them; NULL without memory. */
json_t *credential_terms_json(const struct credential_terms *terms);
/*
 * The terms of a new credential: its user is there and live, its rights are hers. Never none: a
 * credential without rights could not be told from one that asks for all.
 */
bool credential_terms_create(struct store *store, const struct credential_terms *wanted,
	struct credential_terms *made, struct err *err);
/* The same terms from now on, for as long as they were made for. The user must be live. */
bool credential_terms_renew(struct store *store, const struct credential_terms *old, int64_t now,
	struct credential_terms *made, struct err *err);
/* By itself, whatever its user. */
enum validity credential_terms_validity(const struct credential_terms *terms, int64_t now);
/* When they ended, by whichever end came first; 0: they have none. */
int64_t credential_terms_ended_at(const struct credential_terms *terms);
/*
 * Whose credential it is, and how both together stand. A user who is not there is revoked, and
 * owner then empty.
 */
bool credential_terms_resolve(struct store *store, const struct credential_terms *terms,
	int64_t now, struct user *owner, enum validity *validity, struct err *err);
/* Whom the credential stands for; ERR_UNAUTHENTICATED for nobody, as in principal.h. */
bool credential_terms_identity(const struct credential_terms *terms, const struct user *owner,
	enum validity validity, struct identity *who, struct err *err);
/*
 * The end (0: none) of what is made again now: for as long as it was made for at `made` (0: not
 * known). The same end where that is no time, because the clock was put back in between.
 */
int64_t credential_terms_extend(int64_t made, int64_t expires, int64_t now);
/* The sooner of two times of which 0 is never. */
int64_t credential_terms_earlier(int64_t a, int64_t b);
