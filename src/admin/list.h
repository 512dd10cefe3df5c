#pragma once
/*
 * Internal to src/admin: printing lists of users, passwords, tokens, keys and quotas, in the order
 * of the lines' bytes: a header (unless --noheadings), also of a list without rows, and a line for
 * each row, with tabs between the columns, or with --json a line of JSON for each row. Tasks are
 * printed in the order in which they come.
 */
#include "admin/admin.h"
#include "auth/credential_terms.h"
#include "base/buf.h"
#include "task/right.h"

#define ADMIN_DATE_SIZE 32

/* The data of a walk over users, tokens or keys. Owns lines. */
struct admin_list {
	struct admin *admin;
	bool json;
	bool noheadings;
	bool in_order;	     /* rows are printed at once, as they come */
	const char *columns; /* those of the command */
	struct buf lines;    /* each ends with \n */
	size_t count;
	int64_t now;
	bool failed; /* *err is set */
	struct err *err;
};

struct admin_cell {
	const char *value;
	const char *placeholder; /* printed if value is NULL; in JSON: null */
};

void admin_list_begin(struct admin_list *list, struct admin *admin, const struct admin_call *call,
	struct err *err);
/*
 * Adds a row with a cell for each column of the command. Returns false if no further row can be
 * added.
 */
bool admin_list_row(struct admin_list *list, const struct admin_cell *cells, size_t count);
/* Prints the header and the sorted rows if `complete`, the result of the walk. Frees the list. */
bool admin_list_end(struct admin_list *list, bool complete);

/* ---- cells ---- */

/* "2026-11-23T18:12:54Z"; NULL for 0. */
const char *admin_list_date(int64_t ms, char text[ADMIN_DATE_SIZE]);
const char *admin_list_validity(enum validity validity);

/* The cells that tokens and keys share: user, rights, expires, dialects, created. */
#define ADMIN_TERMS_CELLS 5
struct admin_terms_texts {
	char rights[RIGHTS_TEXT_SIZE], created[ADMIN_DATE_SIZE], expires[ADMIN_DATE_SIZE];
};
/* The cells borrow from terms and texts. */
void admin_list_terms(struct admin_cell cells[ADMIN_TERMS_CELLS],
	const struct credential_terms *terms, struct admin_terms_texts *texts);
