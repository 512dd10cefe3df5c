#pragma once
/*
 * Adding, ending and replacing tokens by label. Each change of a token is one transaction. An end
 * of 0 means never.
 */
#include "auth/token.h"
#include "store/auth_table.h"

/*
 * Adds a token on the `wanted` terms; wanted->created is the current time, rights of 0 mean the
 * user's. ERR_CONFLICT if a live token has the label or the user is not live; ERR_INVALID. The
 * tokens of two concurrent calls may still get one label; they are then revoked together.
 */
bool token_add(struct store *store, const char *label, const struct credential_terms *wanted,
	char text[AUTH_TOKEN_MAX], struct err *err);
/*
 * Adds a token of another system in the same way, so that its client keeps it: 20 to 255 characters
 * that are allowed in a bearer (RFC 6750 section 2.1), 8 of them different. ERR_CONFLICT also if
 * the token was added before, live or not.
 */
#define TOKEN_GIVEN_MIN 20
#define TOKEN_GIVEN_MAX 255
bool token_add_given(struct store *store, const char *label, const struct credential_terms *wanted,
	struct str text, struct err *err);
/* Revokes all live tokens of the label. ERR_NOT_FOUND if none exists. */
bool token_revoke(struct store *store, const char *label, int64_t now, struct err *err);
/* Sets the end of the live, current tokens of the label; replaced ones keep theirs. */
bool token_expire(
	struct store *store, const char *label, int64_t expires, int64_t now, struct err *err);
/*
 * The same for the one token whose record has the key `hash`. Revocation is idempotent, and applies
 * to expired tokens as well. token_expire_record() is ERR_CONFLICT unless the token is live and was
 * not replaced; expires: ms since the epoch, 0: never. ERR_NOT_FOUND.
 */
bool token_revoke_record(struct store *store, const char *hash, int64_t now, struct err *err);
bool token_expire_record(
	struct store *store, const char *hash, int64_t expires, int64_t now, struct err *err);
/*
 * Replaces the live token of the label by a new one with the same terms and duration. The old token
 * ends after overlap ms, or at its own end if that is earlier; with overlap 0 it is revoked.
 * ERR_NOT_FOUND; ERR_CONFLICT if several live tokens have the label, the user is not live, or
 * another call changed the token meanwhile.
 */
bool token_rotate(struct store *store, const char *label, int64_t overlap, int64_t now,
	char text[AUTH_TOKEN_MAX], struct err *err);
/*
 * Removes tokens of the label (NULL: of any label) that expired or were revoked before then, in the
 * next part of the table. *place is all zero before the first part. *removed: also on failure.
 */
bool token_purge(struct store *store, const char *label, int64_t before,
	struct store_auth_place *place, unsigned *removed, struct err *err);
