#pragma once
/*
 * Internal to src/admin: options and input that the commands on users, tokens and keys share.
 * ERR_INVALID names the option.
 */
#include "admin/admin.h"
#include "auth/credential_terms.h"

/* --expires, in seconds from now or "never", as wall-clock ms; 0: never, or not given. */
bool admin_parse_expires(
	const struct admin_call *call, int64_t now, int64_t *expires, struct err *err);
/* --overlap, in seconds, as ms; 0 if not given. */
bool admin_parse_overlap(const struct admin_call *call, int64_t *overlap, struct err *err);
/* --rights; leaves *rights alone if not given. */
bool admin_parse_rights(const struct admin_call *call, unsigned *rights, struct err *err);
/*
 * The terms of a new token or key, created now: operand (the user), --rights, --dialects and
 * --expires. ERR_NOT_FOUND if the operand cannot be a user's name.
 */
bool admin_parse_terms(
	const struct admin_call *call, struct credential_terms *terms, struct err *err);

/*
 * Reads a line without its end, as a string of at most size - 1 bytes. A longer line is cut: make
 * `size` at least two more than the longest valid text, so that the rest is still too long.
 */
void admin_read_line(FILE *in, char *line, int size);
