/* Connections that are lost, servers that end, and COMMITs without an answer. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/pg/hosts.h"
#include "store/pg/waits.h"

#define SHORT_MS 300

/* The server process of the connection "a". */
static pid_t backend(void)
{
	char pid[16];

	pg_server_ask(
		"SELECT pid FROM pg_stat_activity WHERE application_name = 'a'", pid, sizeof(pid));
	return (pid_t)strtol(pid, NULL, 10);
}

static void end_backend(void)
{
	pg_server_do("SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE "
		     "application_name = 'a'");
}

static enum engine_status begin_read(struct engine *engine, const char *key)
{
	struct buf out = BUF_INIT;
	enum engine_status status;

	hosts_begin(engine, ENGINE_READ);
	status = pg_engine_ops.get(engine, TABLE_META, str_cstr(key), false, &out);
	pg_engine_ops.abort(engine);
	buf_free(&out);
	return status;
}

/* ---- before COMMIT ---- */

static void a_lost_connection_loses_the_round(void **state)
{
	const struct hosts *hosts = *state;
	struct buf out = BUF_INIT;

	expect_log("store-away");
	hosts_begin_in(hosts->a, "acme");
	hosts_put(hosts->a, TABLE_META, "k", "1");
	hosts_commit(hosts->a);
	end_backend();
	hosts_begin(hosts->a, ENGINE_WRITE);
	assert_int_equal(
		pg_engine_ops.get(hosts->a, TABLE_META, STR("l"), true, &out), ENGINE_AWAY);
	assert_int_equal(
		pg_engine_ops.put(hosts->a, TABLE_META, STR("l"), STR("1"), ENGINE_REPLACE),
		ENGINE_AWAY);
	assert_int_equal(pg_engine_ops.commit(hosts->a), ENGINE_AWAY);
	assert_int_equal(pg_engine_ops.begin(hosts->a, ENGINE_WRITE), ENGINE_AWAY);
	assert_int_equal(pg_engine_ops.flush(hosts->a), ENGINE_RETRY);
	hosts_expect(hosts->a, "k", NULL);
	hosts_begin_in(hosts->a, "acme");
	hosts_put(hosts->a, TABLE_META, "k", "2");
	hosts_commit(hosts->a);
	hosts_flush(hosts->a);
	hosts_expect(hosts->b, "k", "2");
}

/* Nothing depends on it yet: it is made again without a failure. */
static void an_idle_connection_may_be_lost(void **state)
{
	const struct hosts *hosts = *state;

	expect_log("store-away");
	hosts_write(hosts->b, "k", "1");
	end_backend();
	hosts_expect(hosts->a, "k", "1");
}

/* The server ends the connection within the trip of the flush. */
static void a_round_that_was_not_made_is_retried(void **state)
{
	const struct hosts *hosts = *state;

	pg_server_do("CREATE FUNCTION polytask.leave() RETURNS trigger AS $$ BEGIN PERFORM "
		     "pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$ LANGUAGE plpgsql; "
		     "CREATE TRIGGER leave BEFORE INSERT ON polytask.meta FOR EACH ROW EXECUTE "
		     "FUNCTION polytask.leave()");
	expect_log("store-away");
	hosts_write(hosts->a, "k", "1");
	assert_int_equal(pg_engine_ops.flush(hosts->a), ENGINE_RETRY);
	pg_server_do("DROP FUNCTION polytask.leave() CASCADE");
	hosts_expect(hosts->a, "k", NULL);
	hosts_write(hosts->a, "k", "2");
	hosts_flush(hosts->a);
	hosts_expect(hosts->b, "k", "2");
}

/*
 * The server process stands still, and finds the round in its buffer when it goes on: after the
 * engine has reported that the round was not made. It must not be made then.
 */
static void a_round_that_was_given_up_is_never_made(void **state)
{
	const struct hosts *hosts = *state;
	char gone[100];
	pid_t stopped;

	pg_waits.commit = SHORT_MS;
	expect_log("store-away");
	hosts_write(hosts->a, "first", "1");
	hosts_flush(hosts->a);
	stopped = backend();
	assert_int_equal(kill(stopped, SIGSTOP), 0);
	hosts_write(hosts->a, "k", "1");
	assert_int_equal(pg_engine_ops.flush(hosts->a), ENGINE_RETRY);
	pg_waits.commit = 60000;
	assert_int_equal(kill(stopped, SIGCONT), 0);
	snprintf(gone, sizeof(gone), "SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = %d",
		(int)stopped);
	pg_server_await(gone);
	hosts_expect(hosts->b, "k", NULL);
	hosts_write(hosts->a, "k", "2");
	hosts_flush(hosts->a);
	hosts_expect(hosts->b, "k", "2");
}

/* ---- during COMMIT ---- */

/* Ends, or cancels, the COMMIT that waits for a standby; then there is no standby to wait for. */
static int disturb_commit(void *data)
{
	const char *function = data;
	char sql[200];
	int pid;

	pg_server_await("SELECT count(*) > 0 FROM pg_stat_activity WHERE application_name = 'a' "
			"AND wait_event = 'SyncRep'");
	pid = (int)backend();
	snprintf(sql, sizeof(sql), "SELECT %s(%d)", function, pid);
	pg_server_do(sql);
	snprintf(sql, sizeof(sql),
		"SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = %d AND wait_event = 'SyncRep'",
		pid);
	pg_server_await(sql);
	pg_server_set_standbys("");
	return 0;
}

static enum engine_status flush_disturbed(struct engine *engine, const char *function)
{
	enum engine_status status;
	pid_t child;

	/* The row of the process is made by its first round. */
	hosts_write(engine, "first", "1");
	hosts_flush(engine);
	pg_server_set_standbys("nobody");
	hosts_write(engine, "k", "1");
	child = hosts_fork(disturb_commit, (void *)(uintptr_t)function);
	status = pg_engine_ops.flush(engine);
	hosts_join(child);
	return status;
}

static void a_round_that_was_made_is_found(void **state)
{
	const struct hosts *hosts = *state;

	expect_log("store-away");
	assert_int_equal(flush_disturbed(hosts->a, "pg_terminate_backend"), ENGINE_OK);
	hosts_expect(hosts->b, "k", "1");
	hosts_write(hosts->a, "k", "2");
	hosts_flush(hosts->a);
	hosts_expect(hosts->b, "k", "2");
}

/* It succeeds, on one machine. */
static void a_commit_without_its_standby_is_unknown(void **state)
{
	const struct hosts *hosts = *state;

	assert_int_equal(flush_disturbed(hosts->a, "pg_cancel_backend"), ENGINE_UNKNOWN);
	hosts_expect(hosts->b, "k", "1");
	hosts_write(hosts->a, "k", "2");
	hosts_flush(hosts->a);
	hosts_expect(hosts->b, "k", "2");
}

static void a_commit_that_waits_for_ever_is_unknown(void **state)
{
	const struct hosts *hosts = *state;

	pg_waits.commit = SHORT_MS;
	pg_waits.resolve = 4 * SHORT_MS;
	expect_log("store-away"); /* of the flush, and of the question for its outcome */
	expect_log("store-away");
	hosts_write(hosts->a, "first", "1");
	hosts_flush(hosts->a);
	pg_server_set_standbys("nobody");
	hosts_write(hosts->a, "k", "1");
	assert_int_equal(pg_engine_ops.flush(hosts->a), ENGINE_UNKNOWN);
	pg_waits.commit = pg_waits.resolve = 60000;
	hosts_expect(hosts->b, "k", NULL);
	pg_server_set_standbys("");
	pg_server_await("SELECT count(*) = 2 FROM polytask.meta");
	hosts_expect(hosts->b, "k", "1");
	hosts_write(hosts->a, "k", "2");
	hosts_flush(hosts->a);
	hosts_expect(hosts->b, "k", "2");
}

/* ---- the server ---- */

static void wait_for_server(struct engine *engine)
{
	for (int tries = 0; begin_read(engine, "k") == ENGINE_AWAY && tries < 1000; tries++)
		poll(NULL, 0, 20);
}

static void a_server_may_end_and_come_back(void **state)
{
	const struct hosts *hosts = *state;
	struct engine *late;

	expect_log("store-away");
	expect_log("store-away");
	hosts_write(hosts->b, "k", "1");
	hosts_write(hosts->a, "k", "2");
	hosts_expect_index(hosts->a, "");
	pg_server_stop();
	assert_int_equal(begin_read(hosts->b, "k"), ENGINE_AWAY);
	assert_true(strlen(hosts->b->message) > 0);
	hosts_begin(hosts->b, ENGINE_WRITE);
	hosts_put(hosts->b, TABLE_META, "k", "3");
	assert_int_equal(pg_engine_ops.commit(hosts->b), ENGINE_AWAY);
	assert_int_equal(begin_read(hosts->a, "l"), ENGINE_AWAY);
	assert_int_equal(pg_engine_ops.flush(hosts->a), ENGINE_RETRY);
	assert_int_equal(hosts_open(&late, hosts->urls[0], true), ENGINE_AWAY);
	assert_true(strlen(late->message) > 0);
	pg_engine_ops.close(late);
	pg_server_start();
	wait_for_server(hosts->a);
	wait_for_server(hosts->b);
	hosts_expect(hosts->a, "k", "1");
	hosts_write(hosts->a, "k", "4");
	hosts_flush(hosts->a);
	hosts_expect(hosts->b, "k", "4");
}

/* ---- errors of the server ---- */

static const struct error {
	const char *state;
	enum engine_status in_call, of_flush;
	bool drops;
} errors[] = {
	{ "40001", ENGINE_RETRY, ENGINE_RETRY, false },
	{ "40P01", ENGINE_RETRY, ENGINE_RETRY, false },
	{ "55P03", ENGINE_RETRY, ENGINE_RETRY, false },
	{ "57014", ENGINE_BUSY, ENGINE_RETRY, false },
	{ "53200", ENGINE_BUSY, ENGINE_RETRY, false },
	{ "53100", ENGINE_FULL, ENGINE_FULL, false },
	{ "XX001", ENGINE_FAILED, ENGINE_FAILED, false },
	{ "25006", ENGINE_AWAY, ENGINE_RETRY, true },
	{ "57P01", ENGINE_AWAY, ENGINE_RETRY, true },
	{ "40003", ENGINE_AWAY, ENGINE_RETRY, true },
};

/* At the INSERT into the table meta, or at COMMIT. */
static void raise_error(const char *state, bool at_commit)
{
	char sql[500];

	snprintf(sql, sizeof(sql),
		"CREATE OR REPLACE FUNCTION polytask.refuse() RETURNS trigger AS $$ BEGIN RAISE "
		"EXCEPTION 'refused' USING ERRCODE = '%s'; END $$ LANGUAGE plpgsql; CREATE %s "
		"TRIGGER refuse AFTER INSERT ON polytask.meta %s FOR EACH ROW EXECUTE FUNCTION "
		"polytask.refuse()",
		state, at_commit ? "CONSTRAINT" : "",
		at_commit ? "DEFERRABLE INITIALLY DEFERRED" : "");
	pg_server_do(sql);
}

static void expect_nothing_made(struct engine *engine)
{
	pg_server_do("DROP TRIGGER refuse ON polytask.meta");
	hosts_expect(engine, "k", NULL);
	hosts_expect(engine, "before", NULL);
}

static bool take_none(struct str key, struct str value, void *data)
{
	(void)key, (void)value, (void)data;
	return true;
}

static void errors_in_a_call_lose_the_round(void **state)
{
	const struct hosts *hosts = *state;

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		const struct error *error = &errors[i];

		raise_error(error->state, false);
		if (error->drops)
			expect_log("store-away");
		hosts_write(hosts->a, "before", "1");
		hosts_begin(hosts->a, ENGINE_WRITE);
		hosts_put(hosts->a, TABLE_META, "k", "1");
		assert_int_equal(pg_engine_ops.each(hosts->a, TABLE_META, false, take_none, NULL),
			error->in_call);
		pg_engine_ops.abort(hosts->a);
		assert_int_equal(pg_engine_ops.flush(hosts->a), error->of_flush);
		expect_nothing_made(hosts->a);
	}
}

static void errors_of_a_flush_lose_the_round(void **state)
{
	const struct hosts *hosts = *state;

	for (size_t i = 0; i < 2 * sizeof(errors) / sizeof(errors[0]); i++) {
		const struct error *error = &errors[i / 2];

		raise_error(error->state, i % 2);
		if (error->drops)
			expect_log("store-away");
		hosts_write(hosts->a, "k", "1");
		assert_int_equal(pg_engine_ops.flush(hosts->a), error->of_flush);
		expect_nothing_made(hosts->a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOSTS_TEST(a_lost_connection_loses_the_round),
		HOSTS_TEST(an_idle_connection_may_be_lost),
		HOSTS_TEST(a_round_that_was_not_made_is_retried),
		HOSTS_TEST(a_round_that_was_given_up_is_never_made),
		HOSTS_TEST(a_round_that_was_made_is_found),
		HOSTS_TEST(a_commit_without_its_standby_is_unknown),
		HOSTS_TEST(a_commit_that_waits_for_ever_is_unknown),
		HOSTS_TEST(a_server_may_end_and_come_back),
		HOSTS_TEST(errors_in_a_call_lose_the_round),
		HOSTS_TEST(errors_of_a_flush_lose_the_round),
	};

	return CHECK_RUN(tests);
}
