#pragma once
/* Shared by tests of the rebuild of the index: stores whose index is not built yet. */
#include "fixture.h"

enum { REINDEX_TASKS = 400, REINDEX_SLICE_US = 500 };

/* Options with which the recovery builds no index. */
struct store_options reindex_options_without_build(const char *name);
/* Creates and flushes tasks first, first + 1, ... */
void reindex_create_tasks(struct store *store, unsigned first, unsigned count);
void reindex_remove_index(const struct store_options *options);
/* A store of REINDEX_TASKS tasks in a folder of that name whose index file was removed. */
struct store *reindex_open_without_index(const char *name);
/* Runs a slice; returns false when the index is complete. */
bool reindex_build_some(struct store *store);
void reindex_build_all(struct store *store);
/* Fails unless the operation is refused because of the index. */
void reindex_expect_refused(struct store *store, const struct op *op);
