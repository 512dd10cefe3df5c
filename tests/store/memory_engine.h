#pragma once
/*
 * An engine in memory, for tests only: it shows that the rest of the store does not depend on
 * Berkeley DB. One process, no durability, no locks; STORE_EPHEMERAL only. A transaction is undone
 * from a log of old values. memory_rounds.h has the same as a shared engine.
 */
#include "store/engine.h"

extern const struct engine_ops memory_engine_ops;

/* ---- for memory_rounds.c ---- */

/* Ends a transaction, but keeps the old values, which memory_undo() restores. */
enum engine_status memory_end(struct engine *engine);
size_t memory_undo_count(const struct engine *engine);
/* Restores old values, the newest first, until `first` are left. */
void memory_undo(struct engine *engine, size_t first);
/* The value of a scope borrows from the engine. */
bool memory_get_scope(struct engine *engine, struct str scope, struct str *value);
void memory_put_scope(struct engine *engine, struct str scope, struct str value);
