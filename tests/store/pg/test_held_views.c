/* Views that are held: what they see, how long they last, and their loss. */
#include <unistd.h>

#include "store/pg/hosts.h"
#include "store/pg/waits.h"

static enum engine_status read_row(struct engine *engine, const char *key)
{
	struct buf out = BUF_INIT;
	enum engine_status status = pg_engine_ops.get(
		engine, TABLE_META, str_cstr(key), false, &out);

	buf_free(&out);
	return status;
}

static void a_held_view_sees_one_moment(void **state)
{
	const struct hosts *hosts = *state;

	hosts_write(hosts->b, "k", "1");
	assert_int_equal(pg_engine_ops.hold_view(hosts->a, true), ENGINE_OK);
	hosts_expect(hosts->a, "k", "1");
	hosts_write(hosts->b, "k", "2");
	hosts_write(hosts->b, "l", "2");
	hosts_expect(hosts->a, "k", "1");
	hosts_begin(hosts->a, ENGINE_VIEW);
	hosts_expect_now(hosts->a, "k", "1");
	hosts_expect_now(hosts->a, "l", NULL);
	pg_engine_ops.abort(hosts->a);
	assert_int_equal(pg_engine_ops.hold_view(hosts->a, false), ENGINE_OK);
	hosts_expect(hosts->a, "k", "2");
	hosts_expect(hosts->a, "l", "2");
}

static void a_held_view_outlasts_the_limit_of_idle_transactions(void **state)
{
	const struct hosts *hosts = *state;
	struct engine *engine;

	pg_waits.idle = 100; /* of connections from now on */
	assert_int_equal(hosts_open(&engine, hosts->urls[0], false), ENGINE_OK);
	assert_int_equal(pg_engine_ops.hold_view(engine, true), ENGINE_OK);
	hosts_expect(engine, "k", NULL);
	hosts_write(hosts->b, "k", "2");
	usleep(500000);
	hosts_expect(engine, "k", NULL);
	pg_engine_ops.close(engine);
}

static void a_held_view_that_is_lost_stays_so_to_its_end(void **state)
{
	const struct hosts *hosts = *state;

	assert_int_equal(pg_engine_ops.hold_view(hosts->a, true), ENGINE_OK);
	hosts_expect(hosts->a, "k", NULL);
	pg_server_do("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
		     "application_name = 'a'");
	expect_log("store-away");
	assert_int_equal(read_row(hosts->a, "k"), ENGINE_AWAY);
	hosts_write(hosts->b, "k", "2");
	assert_int_equal(read_row(hosts->a, "k"), ENGINE_AWAY);
	assert_int_equal(pg_engine_ops.begin(hosts->a, ENGINE_VIEW), ENGINE_AWAY);
	assert_int_equal(pg_engine_ops.hold_view(hosts->a, false), ENGINE_OK);
	hosts_expect(hosts->a, "k", "2");
}

static void nothing_is_written_while_a_view_is_held(void **state)
{
	struct engine *engine = ((const struct hosts *)*state)->a;

	assert_int_equal(pg_engine_ops.hold_view(engine, true), ENGINE_OK);
	assert_int_equal(pg_engine_ops.begin(engine, ENGINE_WRITE), ENGINE_FAILED);
	assert_int_equal(pg_engine_ops.hold_view(engine, false), ENGINE_OK);
	hosts_write(engine, "k", "1");
	assert_int_equal(pg_engine_ops.hold_view(engine, true), ENGINE_FAILED);
	hosts_flush(engine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOSTS_TEST(a_held_view_sees_one_moment),
		HOSTS_TEST(a_held_view_outlasts_the_limit_of_idle_transactions),
		HOSTS_TEST(a_held_view_that_is_lost_stays_so_to_its_end),
		HOSTS_TEST(nothing_is_written_while_a_view_is_held),
	};

	return CHECK_RUN(tests);
}
