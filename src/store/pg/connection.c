#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/pg/pg.h"
#include "store/pg/schema.h"

/* https://www.postgresql.org/docs/15/libpq-connect.html#LIBPQ-PARAMKEYWORDS */
static const struct {
	const char *name, *value;
} defaults[] = {
	{ "application_name", "polytask" },
	{ "connect_timeout", "2" },
	{ "tcp_user_timeout", "3000" },
	{ "keepalives_idle", "2" },
	{ "keepalives_interval", "1" },
	{ "keepalives_count", "3" },
	{ "target_session_attrs", "read-write" },
	/* Otherwise libpq looks for credentials of Kerberos first. */
	{ "gssencmode", "disable" },
};

struct pg_waits pg_waits = {
	.answer = 7000,
	.work = 5000,
	.idle = 5000,
	.commit = 5000,
	.resolve = 5000,
	.pause = 200,
	.lock = 1500,
	.hurried = 100,
	.leave = 1000,
};

#define DEFAULTS   (sizeof(defaults) / sizeof(defaults[0]))
#define PARAMS_MAX 96 /* libpq 15 knows some 40 */

/* ---- the connection ---- */

/* Its text depends on the server's language, so every warning counts. */
static void note_warning(void *data, const PGresult *result)
{
	struct pg *pg = data;
	const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);

	if (!severity || strcmp(severity, "WARNING") == 0)
		pg->trip.warned = true;
}

static bool has_option(const PQconninfoOption *options, const char *name)
{
	for (const PQconninfoOption *option = options; option->keyword; option++)
		if (option->val && strcmp(option->keyword, name) == 0)
			return true;
	return false;
}

/* libpq tries each host of the URL for connect_timeout. */
static PGconn *connect_to(const PQconninfoOption *options)
{
	const char *names[PARAMS_MAX + 1], *values[PARAMS_MAX + 1];
	size_t count = 0;

	for (const PQconninfoOption *option = options; option->keyword; option++) {
		if (!option->val || count == PARAMS_MAX - DEFAULTS)
			continue;
		names[count] = option->keyword;
		values[count++] = option->val;
	}
	for (size_t i = 0; i < DEFAULTS; i++) {
		if (has_option(options, defaults[i].name))
			continue;
		names[count] = defaults[i].name;
		values[count++] = defaults[i].value;
	}
	names[count] = values[count] = NULL;
	return PQconnectdbParams(names, values, 0);
}

/* libpq's words for a malformed URL can have parts of it, and so of its password. */
static PGconn *connect_to_url(struct pg *pg)
{
	PQconninfoOption *options = pg->url ? PQconninfoParse(pg->url, NULL) : NULL;
	PGconn *conn;

	if (!options) {
		pg_describe(pg, "PostgreSQL", "the address of the server is malformed");
		return NULL;
	}
	conn = connect_to(options);
	PQconninfoFree(options);
	if (PQstatus(conn) == CONNECTION_OK)
		return conn;
	pg_describe(pg, "PostgreSQL", PQerrorMessage(conn));
	PQfinish(conn);
	return NULL;
}

/* ---- the session ---- */

static void ask_limit(struct pg *pg, const char *name, int ms)
{
	char text[PG_TEXT_SIZE];

	pg_sql_limit(false, name, ms, text);
	pg_ask_text(pg, text);
}

static enum engine_status set_up_session(struct pg *pg)
{
	enum engine_status status;

	ask_limit(pg, "statement_timeout", pg_waits.work);
	ask_limit(pg, "idle_in_transaction_session_timeout", pg_waits.idle);
	ask_limit(pg, "lock_timeout", pg_waits.lock);
	for (const struct pg_setting *setting = pg_settings; setting->text; setting++) {
		if (setting->optional)
			continue;
		pg_ask_text(pg, setting->text);
	}
	status = pg_trip(pg, pg_waits.answer);
	for (const struct pg_setting *setting = pg_settings; pg->conn && setting->text; setting++) {
		if (!setting->optional)
			continue;
		pg_ask_text(pg, setting->text);
		pg_trip(pg, pg_waits.answer);
	}
	return pg->conn ? status : ENGINE_AWAY;
}

enum engine_status pg_connect_bare(struct pg *pg)
{
	enum engine_status status;

	if (pg->conn)
		return ENGINE_OK;
	if (clock_mono_ms() < pg->retry_at)
		return ENGINE_AWAY;
	pg->conn = connect_to_url(pg);
	if (!pg->conn || PQsetnonblocking(pg->conn, 1) != 0 || !PQenterPipelineMode(pg->conn)) {
		pg_lose_connection(pg);
		status = ENGINE_AWAY;
	} else {
		PQsetNoticeReceiver(pg->conn, note_warning, pg);
		status = set_up_session(pg);
	}
	pg->retry_at = status == ENGINE_OK ? 0 : clock_mono_ms() + pg_waits.pause;
	return status;
}

/* ---- the schema ---- */

static enum engine_status fail(struct pg *pg, enum engine_fault fault, const char *text)
{
	pg_describe(pg, "PostgreSQL", text);
	pg->engine.fault = fault;
	return ENGINE_FAILED;
}

enum engine_status pg_take_layout(struct pg *pg, const PGresult *result, void *data)
{
	struct id_secret *secret = &pg->engine.secret;
	uint64_t version = PQntuples(result) == 1 ? pg_number(result, 0, 0) : 0;
	struct str bytes = version ? pg_column(result, 0, 1) : STR_NULL;

	(void)data;
	if (version < PG_SCHEMA_OLDEST)
		return fail(pg, ENGINE_FAULT_VERSION,
			"the schema is of an older build: polytaskctl store upgrade");
	if (version > PG_SCHEMA_VERSION)
		return fail(pg, ENGINE_FAULT_VERSION, "the schema is of a newer build");
	if (bytes.len != sizeof(*secret) ||
		(pg->opened && memcmp(secret, bytes.ptr, sizeof(*secret)) != 0))
		return fail(pg, ENGINE_FAULT_REFUSED, "the schema is that of another store");
	memcpy(secret, bytes.ptr, sizeof(*secret));
	pg->engine.layout = version;
	return ENGINE_OK;
}

static enum engine_status check_layout(struct pg *pg)
{
	char text[PG_TEXT_SIZE];
	enum engine_status status;

	if (!pg_sql_expand(pg_use_schema, pg->schema, text, sizeof(text)))
		return fail(pg, ENGINE_FAULT_REFUSED, "the name of the schema is too long");
	pg_ask_text(pg, text);
	pg_ask(pg, PG_LAYOUT, TABLE_META, NULL, pg_take_layout, NULL);
	status = pg_trip(pg, pg_waits.answer);
	/* undefined_table */
	if (pg->trip.failed && strcmp(pg->trip.state, "42P01") == 0)
		return fail(pg, ENGINE_FAULT_REFUSED,
			"the database has no store: polytaskctl store init");
	return status;
}

enum engine_status pg_connect(struct pg *pg)
{
	bool is_tried = clock_mono_ms() >= pg->retry_at;
	enum engine_status status;

	if (pg->conn)
		return ENGINE_OK;
	status = pg_connect_bare(pg);
	if (status == ENGINE_OK)
		status = check_layout(pg);
	if (status != ENGINE_OK) {
		pg_disconnect(pg);
		/* A call in the pause must not lengthen it: frequent ones would put it off for ever. */
		if (is_tried)
			pg->retry_at = clock_mono_ms() + pg_waits.pause;
		return status;
	}
	if (pg->was_away && pg->opened)
		log_info("store-back", "the connection to the server is made again");
	pg->was_away = false;
	return ENGINE_OK;
}
