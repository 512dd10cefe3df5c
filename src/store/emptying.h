#pragma once
/*
 * Tables that are emptied if they are damaged, because no change of a task may fail for their sake.
 * A table cannot be emptied while other processes use it, so a row of the meta table asks the next
 * start to do it. Private to the store.
 */
#include "store/internal.h"

struct emptying {
	enum engine_table table;
	const char *key; /* of the row */
};

/* Durably: the next start empties the table. */
bool emptying_mark(struct store *store, const struct emptying *emptying, struct err *err);
bool emptying_is_marked(
	struct store *store, const struct emptying *emptying, bool *marked, struct err *err);
/* Empties the table, and removes the row. Alone. */
bool emptying_run(struct store *store, const struct emptying *emptying, struct err *err);
