#include "store/pg/schema.h"

#include <stdio.h>

#include "store/pg/pg.h"

/* ---- statements ---- */

static void ask_table(struct pg *pg, enum engine_table table)
{
	char name[PG_NAME_SIZE], text[PG_TEXT_SIZE];

	if (engine_tables[table].old)
		return;
	snprintf(name, sizeof(name), "\"%s\"", engine_tables[table].name);
	if (pg_sql_expand(
		    pg_is_keys(table) ? pg_create_keys : pg_create_rows, name, text, sizeof(text)))
		pg_ask_text(pg, text);
}

static void ask_with_schema(struct pg *pg, const char *statement)
{
	char text[PG_TEXT_SIZE];

	if (pg_sql_expand(statement, pg->schema, text, sizeof(text)))
		pg_ask_text(pg, text);
}

/* Settings that a server may refuse: one trip for each. */
static void set_up_tables(struct pg *pg)
{
	char name[PG_NAME_SIZE], text[PG_TEXT_SIZE];

	for (int table = 0; table < SHARED_ENGINE_TABLES; table++) {
		if (engine_tables[table].old)
			continue;
		snprintf(name, sizeof(name), "\"%s\"", engine_tables[table].name);
		for (const struct pg_setting *setting = pg_table_settings; setting->text;
			setting++) {
			if (!pg->conn || !pg_sql_expand(setting->text, name, text, sizeof(text)))
				continue;
			pg_ask_text(pg, text);
			pg_trip(pg, pg_waits.answer);
		}
	}
}

static struct str secret_str(const struct id_secret *secret)
{
	return (struct str){ (const char *)secret->bytes, sizeof(secret->bytes) };
}

enum engine_status pg_replace_secret(struct pg *pg, const struct id_secret *secret)
{
	char name[PG_NAME_SIZE], text[PG_TEXT_SIZE];
	struct pg_params params = { 0 };

	snprintf(name, sizeof(name), "\"%s\"", engine_tables[TABLE_TASKS].name);
	if (!pg_sql_expand(pg_update_secret, name, text, sizeof(text)))
		return ENGINE_FAILED;
	pg_param_str(&params, secret_str(secret));
	pg_ask_params(pg, text, &params);
	pg_ask(pg, PG_LAYOUT, TABLE_META, NULL, pg_take_layout, NULL);
	return pg_trip(pg, pg_waits.answer);
}

enum engine_status pg_create(struct pg *pg, const struct id_secret *secret)
{
	enum engine_status status = pg_connect_bare(pg);
	struct pg_params params = { 0 };

	if (status != ENGINE_OK)
		return status;
	ask_with_schema(pg, pg_create_schema);
	ask_with_schema(pg, pg_use_schema);
	for (int table = 0; table < SHARED_ENGINE_TABLES; table++)
		ask_table(pg, (enum engine_table)table);
	for (const char *const *text = pg_create_own; *text; text++)
		pg_ask_text(pg, *text);
	pg_param_number(&params, PG_SCHEMA_VERSION);
	pg_param_str(&params, secret_str(secret));
	pg_ask_params(pg, pg_insert_layout, &params);
	status = pg_trip(pg, pg_waits.answer);
	if (status == ENGINE_OK)
		set_up_tables(pg);
	return status;
}

enum engine_status pg_drop(struct pg *pg)
{
	ask_with_schema(pg, pg_drop_schema);
	return pg_trip(pg, pg_waits.answer);
}

/* ---- the verbs ---- */

bool pg_fail(const struct pg *pg, struct err *err)
{
	return err_set(err, pg->engine.fault ? ERR_CONFLICT : ERR_INTERNAL, NULL, "%s",
		pg->engine.message);
}

void pg_set_up(struct pg *pg, const char *url)
{
	*pg = (struct pg){ .url = url };
	snprintf(pg->schema, sizeof(pg->schema), "%s", PG_SCHEMA);
}

bool pg_schema_init(const char *url, struct err *err)
{
	static const char *const exists[] = { "42P06", "23505", "42P07" };
	struct id_secret secret;
	struct pg pg;
	bool ok, conflicts = false;

	pg_set_up(&pg, url);
	if (!id_secret_new(&secret))
		return err_set(err, ERR_INTERNAL, NULL, "the system provides no random bytes");
	ok = pg_create(&pg, &secret) == ENGINE_OK;
	for (size_t i = 0; !ok && i < sizeof(exists) / sizeof(exists[0]); i++)
		conflicts = conflicts || strcmp(pg.trip.state, exists[i]) == 0;
	if (conflicts)
		err_set(err, ERR_CONFLICT, NULL,
			"the database has a store already; nothing was changed");
	else if (!ok)
		pg_fail(&pg, err);
	pg_release(&pg);
	return ok;
}

enum engine_status pg_raise_layout(struct pg *pg, uint64_t version)
{
	struct pg_params params = { 0 };

	pg_param_number(&params, version);
	pg_ask_params(pg, pg_update_layout, &params);
	return pg_trip(pg, pg_waits.answer);
}

/* All versions have the same tables so far. */
bool pg_schema_upgrade(const char *url, struct err *err)
{
	struct pg pg;
	bool ok;

	pg_set_up(&pg, url);
	ok = (pg_connect(&pg) == ENGINE_OK &&
		     pg_raise_layout(&pg, PG_SCHEMA_VERSION) == ENGINE_OK) ||
	     pg_fail(&pg, err);
	pg_release(&pg);
	return ok;
}

static enum engine_status take_danger(struct pg *pg, const PGresult *result, void *data)
{
	struct str name = PQntuples(result) > 0 ? pg_column(result, 0, 0) : STR_NULL;
	char text[80];

	(void)data;
	if (name.len == 0)
		return ENGINE_OK;
	snprintf(text, sizeof(text), "its setting %.*s = off can lose commits: set it to on",
		(int)(name.len < 32 ? name.len : 32), name.ptr);
	pg_describe(pg, "PostgreSQL", text);
	pg->engine.fault = ENGINE_FAULT_REFUSED;
	return ENGINE_FAILED;
}

bool pg_schema_check(const char *url, struct err *err)
{
	struct pg pg;
	bool ok;

	pg_set_up(&pg, url);
	ok = pg_connect(&pg) == ENGINE_OK;
	if (ok) {
		pg_ask_text(&pg, pg_dangers);
		pg_then(&pg, take_danger, NULL);
		/* A server without these settings is not asked further. */
		ok = pg_trip(&pg, pg_waits.answer) == ENGINE_OK ||
		     (pg.trip.failed && !pg.trip.lost);
	}
	if (!ok)
		pg_fail(&pg, err);
	pg_release(&pg);
	return ok;
}
