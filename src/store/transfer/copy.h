#pragma once
/*
 * Copies a store, row by row, into a store of another engine: from files to a server or back. Keys
 * and values mean the same in both, so all tables are copied as they are, with the secret that ids
 * and credentials depend on; only the numbers of the journal need care (journal/journal.h).
 *
 *     copy.c       what a target must be; the phases
 *     copy_mark.c  the row by which a target is an unfinished copy
 *     copy_rows.c  the rows of a table
 *     copy_sum.c   compares a table of both
 *
 * A target is marked as an unfinished copy from before its first row until the copy was compared
 * and verified: store_open() refuses it. New files are marked as soon as they are made. The mark
 * says how far the copy is, in the same transaction as the rows. A copy that was interrupted goes
 * on there; it reads the rows before from the source once more, for the comparison, and so notices
 * a source that has changed meanwhile.
 *
 * No other process may change the two stores meanwhile. The caller locks the files. A server has no
 * such lock: the copy looks whether hosts write their rows there (hosts/hosts.h).
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "store/progress.h"

struct store;
struct store_options;

/* How the target of a copy is opened (struct store_options). */
enum store_copy_use {
	STORE_COPY_NONE,  /* it must not be an unfinished copy */
	STORE_COPY_ROWS,  /* only for store_copy(): its tables are not made ready for operations */
	STORE_COPY_CHECK, /* it may be one: to verify it */
};

struct store_copy_report {
	uint64_t rows;
	uint64_t before; /* of these, rows that earlier runs had copied */
};

/*
 * Opens the target for a source that is open. `options` are those of the target, without copy and
 * secret. ERR_CONFLICT unless it has no rows and was made just now, or is an unfinished copy of
 * this source; nothing was changed then. The caller closes it, also after an error, if not NULL.
 */
bool store_copy_open(struct store **to, const struct store_options *options,
	const struct store *from, struct err *err);
/*
 * Copies what is missing and compares all tables. phase: called with a word for people when one
 * begins; progress: rows; either may be NULL. ERR_BUSY if a host uses one of the stores,
 * ERR_CONFLICT if one began to meanwhile, ERR_DAMAGED if the copy differs.
 */
bool store_copy(struct store *from, struct store *to, void (*phase)(const char *name),
	const struct store_progress *progress, struct store_copy_report *report, struct err *err);
/* Removes the mark of a copy that was compared, durably. The target is open for a check. */
bool store_copy_finish(struct store *to, struct err *err);
