#pragma once
/*
 * For this folder only: what the verbs on users, passwords, tokens and keys share: their options,
 * and how a list is printed.
 */
#include "admin/admin.h"
#include "auth/key.h"
#include "auth/token_change.h"

/* --expires, in seconds from now or "never", as wall ms; 0: never, or not given. */
bool admin_parse_expires(
	const struct admin_call *call, int64_t now, int64_t *expires, struct err *err);
/* --overlap, in seconds, as ms; 0 when not given. */
bool admin_parse_overlap(const struct admin_call *call, int64_t *overlap, struct err *err);
/* --rights; not given: as they are. */
bool admin_parse_rights(const struct admin_call *call, unsigned *rights, struct err *err);
/* What a new token or key of the operand is to be: --rights, --dialects, --expires, from now on. */
bool admin_parse_terms(
	const struct admin_call *call, struct credential_terms *terms, struct err *err);
/* Reads a line without its end; one that is too long is cut, and with that too long for anybody. */
void admin_read_line(FILE *in, char *line, int size);

/* ---- lists ---- */

#define ADMIN_DATE_SIZE 32

/* What a walk over credentials needs, as its data. */
struct admin_list {
	struct admin *admin;
	bool json;
	int64_t now;
	bool failed; /* with the error */
	struct err *err;
};

/* One column: NULL is printed as `otherwise`, in JSON as null. */
struct cell {
	const char *name, *value, *placeholder;
};

void admin_list_begin(struct admin_list *admin_list, struct admin *admin,
	const struct admin_call *call, struct err *err);
/* A line of the cells with tabs between them, or a JSON object; false when nobody reads any more.
 */
bool admin_list_row(struct admin_list *admin_list, const struct cell *cells, size_t count);
/* "2026-11-23T18:12:54Z"; NULL for 0. */
const char *admin_list_date(int64_t ms, char text[ADMIN_DATE_SIZE]);
const char *admin_list_validity(enum validity validity);
