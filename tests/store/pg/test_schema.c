/* The schema: its creation, its version, and an open that finds another one. */
#include <stdio.h>

#include "store/pg/hosts.h"
#include "store/pg/pg.h"
#include "store/pg/schema.h"

static void expect_text(const struct err *err, const char *part)
{
	if (!strstr(err->text, part))
		fail_msg("\"%s\" has no \"%s\"", err->text, part);
}

static void expect_open_fails(const struct hosts *hosts, enum engine_status status,
	enum engine_fault fault, const char *part)
{
	struct engine *engine = NULL;

	assert_int_equal(hosts_open(&engine, hosts->urls[0], true), status);
	assert_int_equal(engine->fault, fault);
	if (!strstr(engine->message, part))
		fail_msg("\"%s\" has no \"%s\"", engine->message, part);
	pg_engine_ops.close(engine);
}

static void a_new_schema_can_be_used(void **state)
{
	struct err err = { 0 };

	(void)state;
	must(pg_schema_check(pg_server_url(), &err), &err);
	must(pg_schema_upgrade(pg_server_url(), &err), &err);
	must(pg_schema_check(pg_server_url(), &err), &err);
}

static void a_schema_is_created_once(void **state)
{
	const struct hosts *hosts = *state;
	struct err err = { 0 };

	hosts_write(hosts->b, "k", "1");
	assert_fails(pg_schema_init(pg_server_url(), &err), &err, ERR_CONFLICT);
	expect_text(&err, "has a store already");
	hosts_expect(hosts->b, "k", "1");
}

static void a_missing_schema_names_the_remedy(void **state)
{
	const struct hosts *hosts = *state;
	struct err err = { 0 };

	pg_server_do("DROP SCHEMA polytask CASCADE");
	expect_open_fails(hosts, ENGINE_FAILED, ENGINE_FAULT_REFUSED, "polytaskctl store init");
	assert_fails(pg_schema_check(pg_server_url(), &err), &err, ERR_CONFLICT);
	expect_text(&err, "polytaskctl store init");
	assert_fails(pg_schema_upgrade(pg_server_url(), &err), &err, ERR_CONFLICT);
	must(pg_schema_init(pg_server_url(), &err), &err);
	must(pg_schema_check(pg_server_url(), &err), &err);
}

/* Nothing is left of it: it can be repeated. */
static void an_init_that_fails_creates_nothing(void **state)
{
	char schemas[8];
	struct err err = { 0 };

	(void)state;
	pg_server_do("DROP SCHEMA polytask CASCADE; CREATE FUNCTION refuse() RETURNS event_trigger "
		     "AS $$ BEGIN RAISE EXCEPTION 'no'; END $$ LANGUAGE plpgsql; CREATE EVENT "
		     "TRIGGER refuse ON ddl_command_start WHEN TAG IN ('CREATE TABLE') EXECUTE "
		     "FUNCTION refuse()");
	assert_fails(pg_schema_init(pg_server_url(), &err), &err, ERR_INTERNAL);
	pg_server_do("DROP FUNCTION refuse CASCADE");
	pg_server_ask("SELECT count(*) FROM pg_namespace WHERE nspname = 'polytask'", schemas,
		sizeof(schemas));
	assert_string_equal(schemas, "0");
}

static void another_version_is_refused(void **state)
{
	const struct hosts *hosts = *state;
	struct err err = { 0 };

	pg_server_do("UPDATE polytask.layout SET version = version + 1");
	expect_open_fails(hosts, ENGINE_FAILED, ENGINE_FAULT_VERSION, "newer build");
	assert_fails(pg_schema_check(pg_server_url(), &err), &err, ERR_CONFLICT);
	assert_fails(pg_schema_upgrade(pg_server_url(), &err), &err, ERR_CONFLICT);
	expect_text(&err, "newer build");
	pg_server_do("UPDATE polytask.layout SET version = 0");
	expect_open_fails(hosts, ENGINE_FAILED, ENGINE_FAULT_VERSION, "polytaskctl store upgrade");
}

static void expect_raised(uint64_t to, const char *version)
{
	char text[8];
	struct pg pg;

	pg_set_up(&pg, pg_server_url());
	assert_int_equal(pg_connect(&pg), ENGINE_OK);
	assert_int_equal(pg_raise_layout(&pg, to), ENGINE_OK);
	pg_release(&pg);
	pg_server_ask("SELECT version FROM polytask.layout", text, sizeof(text));
	assert_string_equal(text, version);
}

static void a_raised_layout_keeps_older_builds_out(void **state)
{
	const struct hosts *hosts = *state;

	expect_raised(PG_SCHEMA_VERSION - 1, "1");
	expect_raised(PG_SCHEMA_VERSION, "1");
	expect_raised(PG_SCHEMA_VERSION + 1, "2");
	expect_open_fails(hosts, ENGINE_FAILED, ENGINE_FAULT_VERSION, "newer build");
}

static void malformed_layouts_are_refused(void **state)
{
	const struct hosts *hosts = *state;

	pg_server_do("UPDATE polytask.layout SET secret = 'short'");
	expect_open_fails(hosts, ENGINE_FAILED, ENGINE_FAULT_REFUSED, "another store");
	pg_server_do("DELETE FROM polytask.layout");
	expect_open_fails(hosts, ENGINE_FAILED, ENGINE_FAULT_VERSION, "older build");
}

/* A reconnect that finds another store must not mix the two. */
static void another_store_is_not_used(void **state)
{
	const struct hosts *hosts = *state;
	struct buf out = BUF_INIT;

	expect_log("store-away");
	pg_server_do("UPDATE polytask.layout SET secret = '0123456789abcdef'");
	pg_server_do("SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE "
		     "application_name = 'b'");
	hosts_begin(hosts->b, ENGINE_READ);
	assert_int_equal(
		pg_engine_ops.get(hosts->b, TABLE_META, STR("k"), false, &out), ENGINE_FAILED);
	pg_engine_ops.abort(hosts->b);
	assert_non_null(strstr(hosts->b->message, "another store"));
}

static void all_hosts_have_one_secret(void **state)
{
	const struct hosts *hosts = *state;
	const struct id_secret none = { { 0 } };

	assert_memory_equal(&hosts->a->secret, &hosts->b->secret, sizeof(hosts->a->secret));
	assert_memory_not_equal(&hosts->a->secret, &none, sizeof(none));
}

static void check_finds_a_server_that_loses_commits(void **state)
{
	struct err err = { 0 };

	(void)state;
	pg_server_do("ALTER SYSTEM SET full_page_writes = off");
	pg_server_do("SELECT pg_reload_conf()");
	pg_server_await("SELECT count(*) > 0 FROM pg_settings WHERE name = 'full_page_writes' AND "
			"setting = 'off'");
	assert_fails(pg_schema_check(pg_server_url(), &err), &err, ERR_CONFLICT);
	expect_text(&err, "full_page_writes");
	pg_server_do("ALTER SYSTEM RESET full_page_writes");
	pg_server_do("SELECT pg_reload_conf()");
}

/* A session whose default is to lose commits gets another setting. */
static void asynchronous_commits_are_switched_off(void **state)
{
	const struct hosts *hosts = *state;
	struct engine *engine;
	char off[8];

	pg_server_do("ALTER ROLE polytask SET synchronous_commit = off; CREATE TABLE "
		     "polytask.seen AS SELECT ''::text AS setting; CREATE FUNCTION polytask.look() "
		     "RETURNS trigger AS $$ BEGIN UPDATE polytask.seen SET setting = "
		     "current_setting('synchronous_commit'); RETURN NEW; END $$ LANGUAGE plpgsql; "
		     "CREATE TRIGGER look BEFORE INSERT ON polytask.meta FOR EACH ROW EXECUTE "
		     "FUNCTION polytask.look()");
	assert_int_equal(hosts_open(&engine, hosts->urls[0], false), ENGINE_OK);
	hosts_write(engine, "k", "1");
	pg_engine_ops.close(engine);
	pg_server_do("ALTER ROLE polytask RESET synchronous_commit");
	pg_server_ask("SELECT setting FROM polytask.seen", off, sizeof(off));
	assert_string_equal(off, "on");
}

static void errors_have_no_password(void **state)
{
	static const char *const urls[] = {
		"postgresql://user:s3cret@127.0.0.1:1/database",
		"postgresql://user:s3cret@[127.0.0.1:1/database",
		"host=127.0.0.1 port=1 password=s3cret",
		"host=127.0.0.1 port=1 password='s3cret",
		"host=/nowhere password=s3cret sslmode=wrong",
		"password=s3cret s3cret",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		struct engine *engine;
		struct err err = { 0 };

		assert_fails(pg_schema_check(urls[i], &err), &err, ERR_INTERNAL);
		assert_true(strlen(err.text) > 0);
		assert_null(strstr(err.text, "s3cret"));
		assert_int_equal(hosts_open(&engine, urls[i], false), ENGINE_AWAY);
		assert_true(strlen(engine->message) > 0);
		assert_null(strstr(engine->message, "s3cret"));
		pg_engine_ops.close(engine);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOSTS_TEST(a_new_schema_can_be_used),
		HOSTS_TEST(a_schema_is_created_once),
		HOSTS_TEST(a_missing_schema_names_the_remedy),
		HOSTS_TEST(an_init_that_fails_creates_nothing),
		HOSTS_TEST(another_version_is_refused),
		HOSTS_TEST(a_raised_layout_keeps_older_builds_out),
		HOSTS_TEST(malformed_layouts_are_refused),
		HOSTS_TEST(another_store_is_not_used),
		HOSTS_TEST(all_hosts_have_one_secret),
		HOSTS_TEST(check_finds_a_server_that_loses_commits),
		HOSTS_TEST(asynchronous_commits_are_switched_off),
		HOSTS_TEST(errors_have_no_password),
	};

	return CHECK_RUN(tests);
}
