#pragma once
/* The tables that every storage engine has (engine.h), and what they require of it. */
#include <stdbool.h>

enum engine_table {
	TABLE_TASKS,	   /* whose ids have a serial number of this store */
	TABLE_NAMED_TASKS, /* all others: ids that clients choose or derive from names */
	TABLE_INDEX,
	TABLE_META,
	TABLE_IDEMPOTENCY,
	TABLE_USERS,
	TABLE_TOKENS,
	TABLE_SIGNING_KEYS,
	TABLE_LOGINS,
	TABLE_USAGE,
	TABLE_SNAPSHOT,
	TABLE_JOURNAL,
	TABLE_WEBHOOKS,
	TABLE_OUTBOX,	 /* deliveries of webhooks */
	TABLE_OLD_TASKS, /* of older builds */
	ENGINE_TABLES,
	TABLE_HOSTS = ENGINE_TABLES, /* of shared engines only: what hosts tell each other */
	SHARED_ENGINE_TABLES
};

/* Requirements of each table beyond get, put, del and each. */
struct engine_table_spec {
	const char *name; /* on disk: never changed */
	bool ordered;	  /* scan */
	bool counted;	  /* count and nth in O(log n); implies ordered */
	/*
	 * Keys end in an id that has a serial number under engine->secret (base/id_serial.h): rows
	 * of one serial number lie together. Sized for engine_options.expected_tasks.
	 */
	bool serial;
	/*
	 * Its rows are changed only in transactions that have locked the tenant's scope, so that
	 * shared engines lock no rows of it.
	 */
	bool scoped;
	/*
	 * Never created. Open fails if it exists, unless engine_options.migrate; without it, it has
	 * no rows. clear removes it.
	 */
	bool old;
};

extern const struct engine_table_spec engine_tables[SHARED_ENGINE_TABLES];
