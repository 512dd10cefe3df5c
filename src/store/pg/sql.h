#pragma once
/*
 * Every statement of the engine. Each is in the SQL that the manuals of PostgreSQL 15, CockroachDB
 * and YugabyteDB describe; sql.c names the pages. A connection prepares each when it needs it first
 * (queue.c).
 */
#include "store/engine.h"

enum pg_sql {
	PG_BEGIN,
	PG_BEGIN_VIEW,
	PG_COMMIT,
	PG_ROLLBACK,
	/* Of each table. */
	PG_GET,	       /* key */
	PG_GET_LOCKED, /* the same */
	PG_HAS,	       /* key */
	PG_FETCH,      /* keys */
	PG_FETCH_LOCKED,
	PG_FETCH_SMALL, /* keys; values of more than 16 KiB are NULL */
	PG_INSERT,	/* keys, values */
	PG_UPSERT,	/* keys, values */
	PG_DELETE,	/* keys */
	PG_EACH,	/* key, limit */
	PG_EACH_KEY,	/* key, limit */
	PG_CLEAR,
	/* Of each ordered table: from, limit; and to. */
	PG_SCAN,
	PG_SCAN_TO,
	PG_SCAN_DOWN,
	PG_SCAN_DOWN_TO,
	/* Of each counted table: from, and to; from, number, and to. */
	PG_COUNT,
	PG_COUNT_TO,
	PG_NTH,
	PG_NTH_TO,
	/* Of scopes. */
	PG_LOCK_SCOPE, /* name */
	PG_TRY_SCOPE,  /* name; no row if another transaction has locked it */
	PG_NEW_SCOPE,  /* name */
	PG_READ_SCOPE, /* name */
	PG_SET_SCOPES, /* names, versions, numbers */
	/* Of rounds: the process, and its number. */
	PG_NEW_PROCESS,
	PG_NEXT_ROUND,
	PG_RESOLVE_ROUND,
	PG_END_PROCESS,
	PG_OLD_PROCESSES,
	PG_LAYOUT,
	PG_STATEMENTS
};

#define PG_NAME_SIZE 32
#define PG_TEXT_SIZE 256

/* Whether a statement exists for this table; `once` for those that belong to none. */
bool pg_sql_has(enum pg_sql statement, enum engine_table table);
bool pg_sql_is_once(enum pg_sql statement);
/* The name under which it is prepared. */
void pg_sql_name(enum pg_sql statement, enum engine_table table, char name[PG_NAME_SIZE]);
void pg_sql_text(enum pg_sql statement, enum engine_table table, char text[PG_TEXT_SIZE]);

/*
 * Settings of a session besides its time limits, one statement each. If `optional`, a server that
 * does not know it may refuse it.
 */
struct pg_setting {
	const char *text; /* NULL: the end */
	bool optional;
};

extern const struct pg_setting pg_settings[];

/* A time limit of the session, or of the transaction. */
void pg_sql_limit(bool local, const char *name, int ms, char text[PG_TEXT_SIZE]);

/* '@' is the name of the schema. */
extern const char pg_create_schema[], pg_use_schema[], pg_drop_schema[];
/* The statements that create the tables without rows of engine tables; ends with NULL. */
extern const char *const pg_create_own[];
/* Those that create the table of an engine table; '@' is its name. */
extern const char pg_create_rows[], pg_create_keys[];
/* Settings of tables for which the defaults are bad; optional. '@' as above. */
extern const struct pg_setting pg_table_settings[];
/* Parameters: version, secret. */
extern const char pg_insert_layout[];
/* Parameter: the version to raise it to. */
extern const char pg_update_layout[];
/* Parameter: secret. '@' is the table that must be empty. */
extern const char pg_update_secret[];
/* Names of the server's settings that are off and should not be. */
extern const char pg_dangers[];
/* The tables of the schema; names and values of settings that promises depend on. */
extern const char pg_tables[], pg_promises[];

/* Replaces '@'; false if the text is too long. */
bool pg_sql_expand(const char *text, const char *name, char *out, size_t size);
