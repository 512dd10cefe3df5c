/*
 * The pages are those of
 *     https://www.postgresql.org/docs/15/<page>.html
 *     https://www.cockroachlabs.com/docs/stable/<page>
 *     https://docs.yugabyte.com/stable/api/ysql/the-sql-language/statements/<page>/
 * and "explicit-locking" of https://docs.yugabyte.com/stable/explore/transactions/. All three list
 * the functions unnest, count and octet_length, CASE, and the operator = ANY, in their chapters on
 * functions.
 */
#include "store/pg/sql.h"

#include <stdio.h>

enum of { OF_NONE, OF_TABLE, OF_ORDERED, OF_COUNTED };

/* '@' is the name of the table. */
struct statement {
	const char *name;
	enum of of;
	const char *text;
	const char *keys; /* the text for a table that has keys only; NULL: the same */
	const char *postgresql, *cockroachdb, *yugabytedb;
};

static const struct statement statements[PG_STATEMENTS] = {
	[PG_BEGIN] = { "begin", OF_NONE, "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", NULL,
		"sql-begin", "begin-transaction", "txn_begin" },
	[PG_BEGIN_VIEW] = { "view", OF_NONE, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
		NULL, "sql-begin", "begin-transaction", "txn_begin" },
	[PG_COMMIT] = { "commit", OF_NONE, "COMMIT", NULL, "sql-commit", "commit-transaction",
		"txn_commit" },
	[PG_ROLLBACK] = { "rollback", OF_NONE, "ROLLBACK", NULL, "sql-rollback",
		"rollback-transaction", "txn_rollback" },
	[PG_GET] = { "get", OF_TABLE, "SELECT value FROM @ WHERE key = $1::bytea",
		"SELECT ''::bytea FROM @ WHERE key = $1::bytea", "sql-select", "select-clause",
		"dml_select" },
	[PG_GET_LOCKED] = { "lock", OF_TABLE,
		"SELECT value FROM @ WHERE key = $1::bytea FOR UPDATE",
		"SELECT ''::bytea FROM @ WHERE key = $1::bytea FOR UPDATE", "sql-select",
		"select-for-update", "explicit-locking" },
	[PG_HAS] = { "has", OF_TABLE, "SELECT 1 FROM @ WHERE key = $1::bytea", NULL, "sql-select",
		"select-clause", "dml_select" },
	[PG_FETCH] = { "fetch", OF_TABLE, "SELECT key, value FROM @ WHERE key = ANY ($1::bytea[])",
		"SELECT key, ''::bytea FROM @ WHERE key = ANY ($1::bytea[])",
		"functions-comparisons", "select-clause", "dml_select" },
	[PG_FETCH_LOCKED] = { "fetch_lock", OF_TABLE,
		"SELECT key, value FROM @ WHERE key = ANY ($1::bytea[]) FOR UPDATE",
		"SELECT key, ''::bytea FROM @ WHERE key = ANY ($1::bytea[]) FOR UPDATE",
		"functions-comparisons", "select-for-update", "explicit-locking" },
	[PG_FETCH_SMALL] = { "fetch_small", OF_TABLE,
		"SELECT key, CASE WHEN octet_length(value) <= 16384 THEN value END FROM @ WHERE key "
		"= ANY ($1::bytea[])",
		"SELECT key, ''::bytea FROM @ WHERE key = ANY ($1::bytea[])",
		"functions-conditional", "select-clause", "dml_select" },
	[PG_INSERT] = { "insert", OF_TABLE,
		"INSERT INTO @ (key, value) SELECT k, v FROM unnest($1::bytea[], $2::bytea[]) AS "
		"n(k, v)",
		"INSERT INTO @ (key) SELECT k FROM unnest($1::bytea[]) AS n(k)", "sql-insert",
		"insert", "dml_insert" },
	[PG_UPSERT] = { "upsert", OF_TABLE,
		"INSERT INTO @ (key, value) SELECT k, v FROM unnest($1::bytea[], $2::bytea[]) AS "
		"n(k, v) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
		"INSERT INTO @ (key) SELECT k FROM unnest($1::bytea[]) AS n(k) ON CONFLICT (key) DO "
		"NOTHING",
		"sql-insert", "insert", "dml_insert" },
	[PG_DELETE] = { "delete", OF_TABLE, "DELETE FROM @ WHERE key = ANY ($1::bytea[])", NULL,
		"sql-delete", "delete", "dml_delete" },
	[PG_EACH] = { "each", OF_TABLE,
		"SELECT key, value FROM @ WHERE key > $1::bytea ORDER BY key LIMIT $2::bigint",
		"SELECT key, ''::bytea FROM @ WHERE key > $1::bytea ORDER BY key LIMIT $2::bigint",
		"queries-limit", "limit-offset", "dml_select" },
	[PG_EACH_KEY] = { "keys", OF_TABLE,
		"SELECT key FROM @ WHERE key > $1::bytea ORDER BY key LIMIT $2::bigint", NULL,
		"queries-limit", "limit-offset", "dml_select" },
	[PG_CLEAR] = { "clear", OF_TABLE, "TRUNCATE @", NULL, "sql-truncate", "truncate",
		"ddl_truncate" },
	[PG_SCAN] = { "scan", OF_ORDERED,
		"SELECT key FROM @ WHERE key >= $1::bytea ORDER BY key LIMIT $2::bigint", NULL,
		"queries-limit", "limit-offset", "dml_select" },
	[PG_SCAN_TO] = { "scan_to", OF_ORDERED,
		"SELECT key FROM @ WHERE key >= $1::bytea AND key < $3::bytea ORDER BY key LIMIT "
		"$2::bigint",
		NULL, "queries-limit", "limit-offset", "dml_select" },
	[PG_SCAN_DOWN] = { "down", OF_ORDERED,
		"SELECT key FROM @ WHERE key >= $1::bytea ORDER BY key DESC LIMIT $2::bigint", NULL,
		"queries-limit", "limit-offset", "dml_select" },
	[PG_SCAN_DOWN_TO] = { "down_to", OF_ORDERED,
		"SELECT key FROM @ WHERE key >= $1::bytea AND key < $3::bytea ORDER BY key DESC LIMIT "
		"$2::bigint",
		NULL, "queries-limit", "limit-offset", "dml_select" },
	[PG_COUNT] = { "count", OF_COUNTED, "SELECT count(*) FROM @ WHERE key >= $1::bytea", NULL,
		"functions-aggregate", "select-clause", "dml_select" },
	[PG_COUNT_TO] = { "count_to", OF_COUNTED,
		"SELECT count(*) FROM @ WHERE key >= $1::bytea AND key < $2::bytea", NULL,
		"functions-aggregate", "select-clause", "dml_select" },
	[PG_NTH] = { "nth", OF_COUNTED,
		"SELECT key FROM @ WHERE key >= $1::bytea ORDER BY key LIMIT 1 OFFSET $2::bigint",
		NULL, "queries-limit", "limit-offset", "dml_select" },
	[PG_NTH_TO] = { "nth_to", OF_COUNTED,
		"SELECT key FROM @ WHERE key >= $1::bytea AND key < $3::bytea ORDER BY key LIMIT 1 "
		"OFFSET $2::bigint",
		NULL, "queries-limit", "limit-offset", "dml_select" },
	[PG_LOCK_SCOPE] = { "lock_scope", OF_NONE,
		"SELECT version, number FROM scope WHERE name = $1::bytea FOR UPDATE", NULL,
		"sql-select", "select-for-update", "explicit-locking" },
	[PG_TRY_SCOPE] = { "try_scope", OF_NONE,
		"SELECT version, number FROM scope WHERE name = $1::bytea FOR UPDATE SKIP LOCKED",
		NULL, "sql-select", "select-for-update", "explicit-locking" },
	[PG_NEW_SCOPE] = { "new_scope", OF_NONE,
		"INSERT INTO scope (name, version, number) VALUES ($1::bytea, 0, 0) ON CONFLICT "
		"(name) DO NOTHING",
		NULL, "sql-insert", "insert", "dml_insert" },
	[PG_READ_SCOPE] = { "read_scope", OF_NONE,
		"SELECT version, number FROM scope WHERE name = $1::bytea", NULL, "sql-select",
		"select-clause", "dml_select" },
	[PG_SET_SCOPES] = { "set_scopes", OF_NONE,
		"UPDATE scope SET version = n.v, number = n.m FROM unnest($1::bytea[], "
		"$2::bigint[], $3::bigint[]) AS n(k, v, m) WHERE scope.name = n.k",
		NULL, "sql-update", "update", "dml_update" },
	[PG_NEW_PROCESS] = { "new_process", OF_NONE,
		"INSERT INTO round (process, number, before, made, at) VALUES ($1::bytea, 0, -1, 0, "
		"now())",
		NULL, "sql-insert", "insert", "dml_insert" },
	[PG_NEXT_ROUND] = { "next_round", OF_NONE,
		"UPDATE round SET before = number, number = $2::bigint, made = $2::bigint, at = "
		"now() WHERE process = $1::bytea",
		NULL, "sql-update", "update", "dml_update" },
	[PG_RESOLVE_ROUND] = { "resolve_round", OF_NONE,
		"UPDATE round SET before = number, number = number + 1, at = now() WHERE process = "
		"$1::bytea RETURNING number, made",
		NULL, "sql-update", "update", "dml_update" },
	[PG_END_PROCESS] = { "end_process", OF_NONE, "DELETE FROM round WHERE process = $1::bytea",
		NULL, "sql-delete", "delete", "dml_delete" },
	[PG_OLD_PROCESSES] = { "old_processes", OF_NONE,
		"DELETE FROM round WHERE at < now() - interval '30 days'", NULL, "sql-delete",
		"delete", "dml_delete" },
	[PG_LAYOUT] = { "layout", OF_NONE, "SELECT version, secret FROM layout", NULL, "sql-select",
		"select-clause", "dml_select" },
};

/*
 * sql-set, set-vars, cmd_set. The plans must use the primary key also when a table has no
 * statistics yet: by default the server sorts all keys then for a page of them. Where a plan needs
 * a scan that is off, its cost is so high that it would be compiled, for most of a second.
 */
const struct pg_setting pg_settings[] = {
	{ "SET default_transaction_isolation = 'read committed'", false },
	{ "SELECT set_config('synchronous_commit', 'on', false) WHERE "
	  "current_setting('synchronous_commit') = 'off'",
		true },
	{ "SET plan_cache_mode = force_generic_plan", true },
	{ "SET enable_seqscan = off", true },
	{ "SET enable_bitmapscan = off", true },
	{ "SET jit = off", true },
	/* A host that is gone within a flush would keep its tenants locked for two hours. */
	{ "SET tcp_keepalives_idle = 5", true },
	{ "SET tcp_keepalives_interval = 2", true },
	{ "SET tcp_keepalives_count = 3", true },
	{ NULL, false },
};

void pg_sql_limit(bool local, const char *name, int ms, char text[PG_TEXT_SIZE])
{
	snprintf(text, PG_TEXT_SIZE, "SET %s %s = %d", local ? "LOCAL" : "SESSION", name, ms);
}

/* sql-createschema, create-schema, ddl_create_schema; and the pages beside them. */
const char pg_create_schema[] = "CREATE SCHEMA \"@\"";
const char pg_use_schema[] = "SET search_path = \"@\"";
const char pg_drop_schema[] = "DROP SCHEMA \"@\" CASCADE";

const char *const pg_create_own[] = {
	"CREATE TABLE layout (one boolean PRIMARY KEY CHECK (one), version bigint NOT NULL, secret "
	"bytea NOT NULL)",
	"CREATE TABLE scope (name bytea PRIMARY KEY, version bigint NOT NULL, number bigint NOT "
	"NULL)",
	"CREATE TABLE round (process bytea PRIMARY KEY, number bigint NOT NULL, before bigint NOT "
	"NULL, made bigint NOT NULL, at timestamptz NOT NULL, CHECK (number = before + 1))",
	NULL,
};

const char pg_create_rows[] = "CREATE TABLE @ (key bytea PRIMARY KEY, value bytea NOT NULL)";
const char pg_create_keys[] = "CREATE TABLE @ (key bytea PRIMARY KEY)";

const struct pg_setting pg_table_settings[] = {
	{ "ALTER TABLE @ SET (autovacuum_vacuum_scale_factor = 0.02, "
	  "autovacuum_vacuum_insert_scale_factor = 0.02)",
		true },
	{ NULL, false },
};

const char pg_insert_layout[] = "INSERT INTO layout (one, version, secret) VALUES (true, "
				"$1::bigint, $2::bytea)";

const char pg_update_layout[] = "UPDATE layout SET version = $1::bigint WHERE version < $1::bigint";

const char pg_update_secret[] = "UPDATE layout SET secret = $1::bytea WHERE NOT EXISTS (SELECT 1 "
				"FROM @)";

const char pg_dangers[] =
	"SELECT name FROM pg_settings WHERE setting = 'off' AND name IN ('fsync', "
	"'full_page_writes')";

const char pg_tables[] =
	"SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema()";

const char pg_promises[] =
	"SELECT name::text, setting::text FROM pg_settings WHERE name IN ('fsync', "
	"'full_page_writes', 'synchronous_commit', 'synchronous_standby_names', "
	"'default_transaction_isolation') ORDER BY name";

bool pg_sql_has(enum pg_sql statement, enum engine_table table)
{
	const struct engine_table_spec *spec = &engine_tables[table];

	switch (statements[statement].of) {
	case OF_TABLE:
		return !spec->old;
	case OF_ORDERED:
		return spec->ordered;
	case OF_COUNTED:
		return spec->counted;
	case OF_NONE:
	default:
		return false;
	}
}

bool pg_sql_is_once(enum pg_sql statement)
{
	return statements[statement].of == OF_NONE;
}

void pg_sql_name(enum pg_sql statement, enum engine_table table, char name[PG_NAME_SIZE])
{
	bool once = pg_sql_is_once(statement);

	snprintf(name, PG_NAME_SIZE, "%s%s%s", statements[statement].name, once ? "" : ":",
		once ? "" : engine_tables[table].name);
}

bool pg_sql_expand(const char *text, const char *name, char *out, size_t size)
{
	size_t len = 0;

	for (; *text; text++) {
		const char *part = *text == '@' ? name : text;
		size_t part_len = *text == '@' ? strlen(name) : 1;

		if (len + part_len >= size)
			return false;
		memcpy(out + len, part, part_len);
		len += part_len;
	}
	out[len] = '\0';
	return true;
}

void pg_sql_text(enum pg_sql statement, enum engine_table table, char text[PG_TEXT_SIZE])
{
	const struct statement *row = &statements[statement];
	bool of_keys = row->keys && engine_tables[table].counted;
	char name[PG_NAME_SIZE];

	snprintf(name, sizeof(name), "\"%s\"", engine_tables[table].name);
	if (!pg_sql_expand(of_keys ? row->keys : row->text, name, text, PG_TEXT_SIZE))
		*text = '\0';
}
