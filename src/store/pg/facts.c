#include "store/pg/facts.h"

#include <stdio.h>

#include "store/pg/pg.h"
#include "store/pg/schema.h"
#include "store/pg/waits.h"

/*
 * Chapters of the manual of PostgreSQL 15: "Write Ahead Log", "Replication" and "Client Connection
 * Defaults" of "Server Configuration". Each value is that of a session of the service.
 */
static const struct {
	const char *name;
	const char *wrong;  /* the value that is; NULL: none */
	bool with_standbys; /* it is wrong only if a standby is waited for */
	bool note;	    /* it breaks no promise */
	const char *text;
} rules[] = {
	{ "fsync", "off", false, false,
		"A crash of the server's machine can lose changes and damage the database: set "
		"fsync to on." },
	{ "full_page_writes", "off", false, false,
		"A loss of power can damage the database: set full_page_writes to on." },
	{ "synchronous_commit", "local", true, false,
		"A failover can lose acknowledged changes: set synchronous_commit to on." },
	{ "synchronous_commit", "remote_write", true, false,
		"A failover can lose acknowledged changes: set synchronous_commit to on." },
	{ "synchronous_standby_names", "", false, true,
		"No standby is waited for: what the server's disk loses is lost." },
	{ "default_transaction_isolation", NULL, false, false, NULL },
};

#define RULES (sizeof(rules) / sizeof(rules[0]))

static struct pg_fact *add(struct pg_facts *facts, const char *name, struct str value)
{
	struct pg_fact *fact = &facts->facts[facts->count];

	if (facts->count == PG_FACTS)
		return NULL;
	facts->count++;
	*fact = (struct pg_fact){ .name = name };
	snprintf(fact->value, sizeof(fact->value), "%.*s", STR_ARGS(value));
	return fact;
}

static void add_number(struct pg_facts *facts, const char *name, unsigned number)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", number);
	add(facts, name, str_cstr(text));
}

/* ---- tables ---- */

static unsigned count_tables(void)
{
	unsigned count = 0;

	for (int table = 0; table < SHARED_ENGINE_TABLES; table++)
		count += !engine_tables[table].old;
	return count;
}

static bool is_own(struct str name)
{
	for (int table = 0; table < SHARED_ENGINE_TABLES; table++) {
		if (!engine_tables[table].old && str_eq(name, str_cstr(engine_tables[table].name)))
			return true;
	}
	return false;
}

static enum engine_status take_tables(struct pg *pg, const PGresult *result, void *data)
{
	unsigned found = 0, wanted = count_tables();
	struct pg_facts *facts = data;
	struct pg_fact *fact;
	char text[40];

	(void)pg;
	for (int row = 0; row < PQntuples(result); row++)
		found += is_own(pg_column(result, row, 0));
	snprintf(text, sizeof(text), "%u of %u", found, wanted);
	fact = add(facts, "tables", str_cstr(text));
	if (fact && found < wanted) {
		fact->wrong = true;
		fact->text = "Tables are missing: restore a backup of the database.";
	}
	return ENGINE_OK;
}

/* ---- settings ---- */

static struct pg_fact *find(struct pg_facts *facts, const char *name)
{
	for (size_t i = 0; i < facts->count; i++) {
		if (strcmp(facts->facts[i].name, name) == 0)
			return &facts->facts[i];
	}
	return NULL;
}

static const char *known_name(struct str name)
{
	for (size_t i = 0; i < RULES; i++) {
		if (str_eq(name, str_cstr(rules[i].name)))
			return rules[i].name;
	}
	return NULL;
}

static enum engine_status take_settings(struct pg *pg, const PGresult *result, void *data)
{
	struct pg_facts *facts = data;

	(void)pg;
	for (int row = 0; row < PQntuples(result); row++) {
		const char *name = known_name(pg_column(result, row, 0));

		if (name)
			add(facts, name, pg_column(result, row, 1));
	}
	return ENGINE_OK;
}

static void judge(struct pg_facts *facts)
{
	const struct pg_fact *standbys = find(facts, "synchronous_standby_names");
	bool waits = standbys && standbys->value[0];

	for (size_t i = 0; i < RULES; i++) {
		struct pg_fact *fact = find(facts, rules[i].name);

		if (!fact || !rules[i].wrong || strcmp(fact->value, rules[i].wrong) != 0 ||
			(rules[i].with_standbys && !waits))
			continue;
		fact->text = rules[i].text;
		fact->wrong = !rules[i].note;
	}
}

/* ---- all ---- */

static enum engine_status ask(struct pg *pg, const char *text, pg_take *take, void *data)
{
	enum engine_status status;

	pg_ask_text(pg, text);
	if (pg->conn)
		pg_then(pg, take, data);
	status = pg_trip(pg, pg_waits.answer);
	/* A server that does not know the question is not asked further. */
	return pg->trip.failed && !pg->trip.lost ? ENGINE_OK : status;
}

bool pg_facts_read(struct pg_facts *facts, const char *url, struct err *err)
{
	enum engine_status status;
	const char *version;
	struct pg pg;

	*facts = (struct pg_facts){ 0 };
	pg_set_up(&pg, url);
	status = pg_connect(&pg);
	if (status == ENGINE_OK) {
		version = PQparameterStatus(pg.conn, "server_version");
		add_number(facts, "version", (unsigned)pg.engine.layout);
		add(facts, "server_version", str_cstr(version ? version : "unknown"));
		status = ask(&pg, pg_tables, take_tables, facts);
	}
	if (status == ENGINE_OK)
		status = ask(&pg, pg_promises, take_settings, facts);
	if (status == ENGINE_OK)
		judge(facts);
	else
		pg_fail(&pg, err);
	pg_release(&pg);
	return status == ENGINE_OK;
}
