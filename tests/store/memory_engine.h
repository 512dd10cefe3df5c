#pragma once
/*
 * An engine in memory, for tests only: it shows that the rest of the store does not depend on
 * Berkeley DB. One process, no durability, no locks; STORE_EPHEMERAL only. A transaction is undone
 * from a log of old values.
 */
#include "store/engine.h"

extern const struct engine_ops memory_engine_ops;
