/* The statements that a connection has prepared. */
#include "store/pg/hosts.h"
#include "store/pg/pg.h"

static struct pg *session(const struct hosts *hosts)
{
	struct pg *pg = pg_of(hosts->a);

	assert_int_equal(pg_connect(pg), ENGINE_OK);
	return pg;
}

static uint64_t count(struct pg *pg)
{
	struct engine_range all = { .from = STR("") };
	uint64_t found = 0;

	hosts_begin(&pg->engine, ENGINE_READ);
	assert_int_equal(pg_count(&pg->engine, TABLE_INDEX, &all, &found), ENGINE_OK);
	pg_abort(&pg->engine);
	return found;
}

/* A mistake in a statement is found here, and not by the first operation that needs it. */
static void the_server_takes_all_statements(void **state)
{
	const struct hosts *hosts = *state;

	assert_true(hosts_prepare_all(hosts->a) > 150);
	assert_int_equal(hosts_prepare_all(hosts->a), 0);
}

static void a_statement_is_prepared_once(void **state)
{
	struct pg *pg = session(*state);
	struct pg_params from = { 0 };

	pg_param_str(&from, STR("a"));
	pg_ask(pg, PG_COUNT, TABLE_INDEX, &from, NULL, NULL);
	pg_ask(pg, PG_COUNT, TABLE_INDEX, &from, NULL, NULL);
	assert_int_equal(pg->trip.count, 3);
	assert_int_equal(pg_trip(pg, 60000), ENGINE_OK);
	pg_ask(pg, PG_COUNT, TABLE_INDEX, &from, NULL, NULL);
	assert_int_equal(pg->trip.count, 1);
	assert_int_equal(pg_trip(pg, 60000), ENGINE_OK);
}

/* The server has not prepared what follows an error. */
static void a_statement_behind_an_error_is_prepared_again(void **state)
{
	struct pg *pg = session(*state);

	pg_ask_text(pg, "SELECT 1 / 0");
	pg_prepare(pg, PG_COUNT, TABLE_INDEX);
	assert_int_not_equal(pg_trip(pg, 60000), ENGINE_OK);
	count(pg);
}

/* What stands before the error is kept, also if its transaction is undone. */
static void a_statement_before_an_error_is_kept(void **state)
{
	struct pg *pg = session(*state);

	pg_prepare(pg, PG_COUNT, TABLE_INDEX);
	pg_ask_text(pg, "SELECT 1 / 0");
	assert_int_not_equal(pg_trip(pg, 60000), ENGINE_OK);
	pg_prepare(pg, PG_COUNT, TABLE_INDEX);
	assert_int_equal(pg->trip.count, 0);
	count(pg);
}

static void a_new_connection_has_none(void **state)
{
	struct pg *pg = session(*state);

	count(pg);
	pg_disconnect(pg);
	count(pg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOSTS_TEST(the_server_takes_all_statements),
		HOSTS_TEST(a_statement_is_prepared_once),
		HOSTS_TEST(a_statement_behind_an_error_is_prepared_again),
		HOSTS_TEST(a_statement_before_an_error_is_kept),
		HOSTS_TEST(a_new_connection_has_none),
	};

	return CHECK_RUN(tests);
}
