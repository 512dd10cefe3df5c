/* What the probes tell. */
#include "base/clock.h"
#include "lib/check.h"
#include "monitor/readiness.h"

static struct scoreboard *working(void)
{
	struct scoreboard *scoreboard = scoreboard_new();

	assert_non_null(scoreboard);
	scoreboard->supervisor.turn_ms = clock_mono_ms();
	scoreboard->supervisor.serving = true;
	return scoreboard;
}

static void expect(const struct scoreboard *scoreboard, bool verbose, bool ready, const char *want)
{
	struct buf out = BUF_INIT;

	assert_int_equal(readiness_write(scoreboard, verbose, NULL, NULL, &out), ready);
	buf_putc(&out, '\0');
	assert_string_equal(out.data, want);
	buf_free(&out);
}

static void each_check_can_fail(void **state)
{
	struct scoreboard *scoreboard = working();

	(void)state;
	expect(scoreboard, false, true, "ok\n");
	scoreboard->store.read_only = true;
	expect(scoreboard, false, false,
		"[-]disk failed: writes are refused because the disk is nearly full\n"
		"readyz check failed\n");
	scoreboard->store.read_only = false;
	scoreboard->supervisor.recovering = true;
	scoreboard->supervisor.serving = false;
	expect(scoreboard, false, false,
		"[-]recovery failed: the store is being recovered\n"
		"[-]workers failed: no worker answers requests\n"
		"readyz check failed\n");
	scoreboard_free(scoreboard);
}

/* The disk is the server's; that of the home has no tasks. */
static void shared_store_has_a_server(void **state)
{
	struct scoreboard *scoreboard = working();

	(void)state;
	atomic_store(&scoreboard->store.health.engine, HEALTH_ENGINE_POSTGRESQL);
	scoreboard->store.read_only = true;
	expect(scoreboard, true, true,
		"[+]supervisor ok\n[+]recovery ok\n[+]server ok\n[+]workers ok\n"
		"readyz check passed\n");
	atomic_store(&scoreboard->store.health.server_away_since, 1);
	scoreboard->supervisor.serving = false;
	expect(scoreboard, false, false,
		"[-]server failed: the server of the store does not answer\n"
		"readyz check failed\n");
	scoreboard_free(scoreboard);
}

static bool is_disk(const char *name, void *data)
{
	(void)data;
	return strcmp(name, "disk") == 0;
}

static void checks_can_be_excluded(void **state)
{
	struct scoreboard *scoreboard = working();
	struct buf out = BUF_INIT;

	(void)state;
	scoreboard->store.read_only = true;
	assert_true(readiness_write(scoreboard, false, is_disk, NULL, &out));
	scoreboard->supervisor.serving = false;
	assert_false(readiness_write(scoreboard, false, is_disk, NULL, &out));
	buf_free(&out);
	scoreboard_free(scoreboard);
}

static void verbose_has_a_line_for_each(void **state)
{
	struct scoreboard *scoreboard = working();

	(void)state;
	expect(scoreboard, true, true,
		"[+]supervisor ok\n[+]recovery ok\n[+]workers ok\n[+]disk ok\n"
		"readyz check passed\n");
	scoreboard_free(scoreboard);
}

static void silent_supervisor_is_not_alive(void **state)
{
	struct scoreboard *scoreboard = working();
	struct buf out = BUF_INIT;

	(void)state;
	assert_true(liveness_write(scoreboard, &out));
	scoreboard->supervisor.turn_ms = clock_mono_ms() - 31000;
	assert_false(liveness_write(scoreboard, &out));
	assert_false(readiness_write(scoreboard, false, NULL, NULL, &out));
	buf_free(&out);
	scoreboard_free(scoreboard);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_check_can_fail),
		cmocka_unit_test(shared_store_has_a_server),
		cmocka_unit_test(checks_can_be_excluded),
		cmocka_unit_test(verbose_has_a_line_for_each),
		cmocka_unit_test(silent_supervisor_is_not_alive),
	};

	return CHECK_RUN(tests);
}
