#pragma once
/*
 * The terms that tokens and keys have in common: user, rights, dialects and lifetime. The functions
 * are for token*.c and key.c only.
 */
#include "auth/auth_record.h"
#include "auth/user.h"

/* The keeper removes ended tokens and keys after this time; until then refusals can say why. */
#define CREDENTIAL_RETENTION_MS ((int64_t)30 * 24 * 3600 * 1000)

struct credential_terms {
	char user[USER_NAME_MAX];
	unsigned rights;
	char dialects[AUTH_DIALECTS_MAX]; /* names joined by commas; empty: all */
	int64_t created, expires;	  /* expires 0: never */
	int64_t revoked;		  /* 0: not revoked */
};

/* ---- members of the record ---- */

/* For auth_record_unpack: the format and the arguments. */
#define CREDENTIAL_TERMS_FORMAT "s:s, s:s, s?s, s:I, s:I, s?I"
#define CREDENTIAL_TERMS_MEMBERS(members)                                                         \
	"user", &(members)->user, "rights", &(members)->rights, "dialects", &(members)->dialects, \
		"created", &(members)->created, "expires", &(members)->expires, "revoked",        \
		&(members)->revoked
/* Zero-initialise before unpacking: dialects and revoked are optional. */
struct credential_terms_members {
	const char *user, *rights, *dialects;
	json_int_t created, expires, revoked;
};
bool credential_terms_decode(
	struct credential_terms *terms, const struct credential_terms_members *members);
/* A new object with the members; NULL: no memory. */
json_t *credential_terms_encode(const struct credential_terms *terms);

/* ---- new terms ---- */

/*
 * The terms of a new credential: those of `wanted`. Rights of 0 mean all of the user's.
 * ERR_CONFLICT unless the user is live; ERR_INVALID for rights that the user does not have, or for
 * a malformed list of dialects.
 */
bool credential_terms_create(struct store *store, const struct credential_terms *wanted,
	struct credential_terms *made, struct err *err);
/* The same terms from now on, with the same duration. ERR_CONFLICT unless the user is live. */
bool credential_terms_renew(struct store *store, const struct credential_terms *old, int64_t now,
	struct credential_terms *made, struct err *err);

/* ---- validity ---- */

/* Ignores the user's validity. */
enum validity credential_terms_validity(const struct credential_terms *terms, int64_t now);
/* True if the credential expired or was revoked before then. */
bool credential_terms_ended_before(const struct credential_terms *terms, int64_t before);
/*
 * The worse of two validities: that of the terms, and that of the user. A user without a name,
 * which is missing in the store, and one without any of the rights count as revoked.
 */
enum validity credential_terms_with_owner(
	const struct credential_terms *terms, const struct user *owner, int64_t now);
/*
 * Reads the user and combines both validities. terms->user is a stored name: a user whose name
 * differs from it in case only is another one. A missing user counts as revoked; *owner is then
 * zeroed.
 */
bool credential_terms_resolve(struct store *store, const struct credential_terms *terms,
	int64_t now, struct user *owner, enum validity *validity, struct err *err);
/* The identity of a live credential; else ERR_UNAUTHENTICATED with a PRINCIPAL_ reason. */
bool credential_terms_identity(const struct credential_terms *terms, const struct user *owner,
	enum validity validity, struct identity *who, struct err *err);
