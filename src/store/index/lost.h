#pragma once
/*
 * Tasks whose rows lie on damaged pages. Their tables cannot tell which these are, but the index
 * has an entry of each task. Private to the store.
 */
#include "store/internal.h"

/* Gets the key of a task (tenant NUL id) and the reason. Returns false to end the search. */
typedef bool lost_function(struct str key, const char *why, void *data);
/*
 * Calls take for each lost task. Sets *all to false if there may be others, which cannot be named:
 * the index is being rebuilt, or was built without them, or a page of it is damaged too.
 */
bool lost_tasks(struct store *store, lost_function *take, void *data, bool *all, struct err *err);
