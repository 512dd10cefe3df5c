#pragma once
/*
 * Internal to src/admin: printing lists of users, passwords, tokens and keys: a line with tabs
 * between the columns, or with --json a line of JSON for each row.
 */
#include "admin/admin.h"
#include "auth/credential_terms.h"
#include "task/right.h"

#define ADMIN_DATE_SIZE 32

/* The data of a walk over users, tokens or keys. */
struct admin_list {
	struct admin *admin;
	bool json;
	int64_t now;
	bool failed; /* *err is set */
	struct err *err;
};

struct admin_cell {
	const char *name, *value;
	const char *placeholder; /* printed if value is NULL; in JSON: null */
};

void admin_list_begin(struct admin_list *list, struct admin *admin, const struct admin_call *call,
	struct err *err);
/* Prints a row. False if no further row can be printed. */
bool admin_list_row(struct admin_list *list, const struct admin_cell *cells, size_t count);

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
