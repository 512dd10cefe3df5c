#pragma once
/*
 * Internal to src/admin: the lines of an import that are no tasks:
 * {"table":..,"key":..,"value":..}. A row is checked like the command or request that makes it,
 * then written in a transaction of its own, which the next flush makes durable.
 */
#include <jansson.h>

#include "auth/auth_row.h"

/* Zero-initialise, set auth.store, and free it at the end. */
struct row_import {
	struct auth_rows auth;
	json_t *seen; /* table and key of the rows of this export */
};

/* A new export begins, which can have the same rows. */
void import_row_begin(struct row_import *rows);
/*
 * Reads and writes the row of one line. ERR_INVALID, ERR_CONFLICT and ERR_UNPROCESSABLE with the
 * table, the member and the rule in the text; also for a row that was in this export before.
 */
bool import_row(struct row_import *rows, json_t *line, struct err *err);
void import_row_free(struct row_import *rows);
