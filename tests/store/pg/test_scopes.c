/* Scopes: locks, numbers, versions; conflicts of two machines. */
#include <unistd.h>

#include "store/pg/hosts.h"

static struct engine_scope read_scope(struct engine *engine, const char *name)
{
	struct engine_scope scope = { 99, 99 };

	hosts_begin(engine, ENGINE_READ);
	assert_int_equal(pg_engine_ops.read_scope(engine, str_cstr(name), &scope), ENGINE_OK);
	pg_engine_ops.abort(engine);
	return scope;
}

static void expect_scope(struct engine *engine, const char *name, uint64_t version, uint64_t number)
{
	struct engine_scope scope = read_scope(engine, name);

	assert_int_equal(scope.version, version);
	assert_int_equal(scope.number, number);
}

static uint64_t take(struct engine *engine, const char *scope, uint64_t count)
{
	uint64_t first = 0;

	assert_int_equal(
		pg_engine_ops.take_numbers(engine, str_cstr(scope), count, &first), ENGINE_OK);
	return first;
}

/* Of a child process, which opens its own engine. */
struct task {
	int ready[2]; /* a pipe, to which the child writes when it has its first lock */
};

static struct engine *open_in_child(void)
{
	struct engine *engine;

	if (hosts_open(&engine, pg_server_url_of("child"), false) != ENGINE_OK)
		_exit(80);
	return engine;
}

/* Reads what the round of the other host has left, after it. */
static int lock_and_read(void *data)
{
	struct engine *engine = open_in_child();
	struct buf out = BUF_INIT;

	(void)data;
	if (pg_engine_ops.begin(engine, ENGINE_WRITE) != ENGINE_OK ||
		pg_engine_ops.lock(engine, STR("acme")) != ENGINE_OK)
		return 1;
	if (pg_engine_ops.get(engine, TABLE_META, STR("k"), true, &out) != ENGINE_OK)
		return 2;
	return str_eq(buf_str(&out), STR("1")) ? 0 : 3;
}

static void a_locked_scope_waits_for_the_flush(void **state)
{
	const struct hosts *hosts = *state;
	pid_t child;

	hosts_begin_in(hosts->a, "acme");
	child = hosts_fork(lock_and_read, NULL);
	hosts_await_lock("child");
	hosts_put(hosts->a, TABLE_META, "k", "1");
	hosts_commit(hosts->a);
	hosts_flush(hosts->a);
	hosts_join(child);
}

static void other_scopes_do_not_wait(void **state)
{
	const struct hosts *hosts = *state;

	hosts_begin_in(hosts->a, "acme");
	hosts_put(hosts->a, TABLE_META, "k", "1");
	hosts_commit(hosts->a);
	hosts_begin_in(hosts->b, "other");
	hosts_put(hosts->b, TABLE_META, "l", "2");
	hosts_commit(hosts->b);
	hosts_begin_in(hosts->b, "");
	hosts_put(hosts->b, TABLE_META, "m", "3");
	hosts_commit(hosts->b);
	hosts_flush(hosts->a);
	hosts_expect(hosts->b, "k", "1");
}

/* A host that waited in vain would get ENGINE_RETRY. */
static void the_end_of_the_only_transaction_unlocks(void **state)
{
	const struct hosts *hosts = *state;

	hosts_begin_in(hosts->a, "acme");
	pg_engine_ops.abort(hosts->a);
	hosts_begin_in(hosts->b, "acme");
	pg_engine_ops.abort(hosts->b);
	hosts_begin_in(hosts->a, "acme");
	hosts_commit(hosts->a);
	hosts_begin_in(hosts->b, "acme");
	pg_engine_ops.abort(hosts->b);
	expect_scope(hosts->a, "acme", 0, 0);
}

static void numbers_have_no_gaps(void **state)
{
	const struct hosts *hosts = *state;

	expect_scope(hosts->a, "acme", 0, 0);
	hosts_begin_in(hosts->a, "acme");
	assert_int_equal(take(hosts->a, "acme", 3), 1);
	assert_int_equal(take(hosts->a, "acme", 1), 4);
	hosts_commit(hosts->a);
	hosts_begin_in(hosts->a, "acme");
	assert_int_equal(take(hosts->a, "acme", 5), 5);
	pg_engine_ops.abort(hosts->a);
	hosts_begin_in(hosts->a, "acme");
	assert_int_equal(take(hosts->a, "acme", 2), 5);
	hosts_commit(hosts->a);
	expect_scope(hosts->a, "acme", 2, 6);
	expect_scope(hosts->b, "acme", 0, 0);
	hosts_flush(hosts->a);
	expect_scope(hosts->b, "acme", 2, 6);
	hosts_begin_in(hosts->b, "acme");
	assert_int_equal(take(hosts->b, "acme", 1), 7);
	hosts_commit(hosts->b);
	expect_scope(hosts->a, "acme", 3, 7);
}

static void each_scope_has_its_own_numbers(void **state)
{
	const struct hosts *hosts = *state;

	hosts_begin_in(hosts->a, "acme");
	assert_int_equal(pg_engine_ops.lock(hosts->a, STR("other")), ENGINE_OK);
	assert_int_equal(take(hosts->a, "acme", 2), 1);
	assert_int_equal(take(hosts->a, "other", 1), 1);
	hosts_commit(hosts->a);
	hosts_flush(hosts->a);
	expect_scope(hosts->b, "acme", 1, 2);
	expect_scope(hosts->b, "other", 1, 1);
}

static void numbers_need_the_lock(void **state)
{
	const struct hosts *hosts = *state;
	uint64_t first = 7;

	hosts_begin_in(hosts->a, "acme");
	assert_int_equal(take(hosts->a, "acme", 1), 1);
	hosts_commit(hosts->a);
	/* The round has it locked, this transaction has not. */
	hosts_begin(hosts->a, ENGINE_WRITE);
	assert_int_equal(
		pg_engine_ops.take_numbers(hosts->a, STR("acme"), 1, &first), ENGINE_FAILED);
	assert_int_equal(first, 7);
	pg_engine_ops.abort(hosts->a);
	hosts_flush(hosts->a);
	hosts_begin(hosts->a, ENGINE_READ);
	assert_int_equal(pg_engine_ops.lock(hosts->a, STR("acme")), ENGINE_FAILED);
	pg_engine_ops.abort(hosts->a);
}

static void a_view_sees_the_scope_of_its_moment(void **state)
{
	const struct hosts *hosts = *state;
	struct engine_scope scope;

	hosts_begin(hosts->b, ENGINE_VIEW);
	hosts_expect_now(hosts->b, "k", NULL);
	hosts_begin_in(hosts->a, "acme");
	hosts_put(hosts->a, TABLE_META, "k", "1");
	hosts_commit(hosts->a);
	hosts_flush(hosts->a);
	assert_int_equal(pg_engine_ops.read_scope(hosts->b, STR("acme"), &scope), ENGINE_OK);
	assert_int_equal(scope.version, 0);
	hosts_expect_now(hosts->b, "k", NULL);
	pg_engine_ops.abort(hosts->b);
	expect_scope(hosts->b, "acme", 1, 0);
}

/* What was read before the lock is not taken for what the lock protects. */
static void a_new_lock_reads_again(void **state)
{
	const struct hosts *hosts = *state;
	struct buf out = BUF_INIT;

	hosts_begin_in(hosts->a, "acme");
	assert_int_equal(
		pg_engine_ops.get(hosts->a, TABLE_META, STR("k"), true, &out), ENGINE_NOT_FOUND);
	hosts_begin_in(hosts->b, "other");
	hosts_put(hosts->b, TABLE_META, "k", "of b");
	hosts_commit(hosts->b);
	assert_int_equal(pg_engine_ops.lock(hosts->a, STR("other")), ENGINE_OK);
	assert_int_equal(pg_engine_ops.get(hosts->a, TABLE_META, STR("k"), true, &out), ENGINE_OK);
	assert_str(buf_str(&out), "of b");
	pg_engine_ops.abort(hosts->a);
	buf_free(&out);
}

/* ---- conflicts ---- */

/* Has "b", and wants "a" when the other host waits for "b". */
static int lock_against_the_order(void *data)
{
	const struct task *task = data;
	struct engine *engine = open_in_child();

	if (pg_engine_ops.begin(engine, ENGINE_WRITE) != ENGINE_OK ||
		pg_engine_ops.lock(engine, STR("b")) != ENGINE_OK)
		return 1;
	if (write(task->ready[1], "", 1) != 1)
		return 2;
	hosts_await_lock("a");
	if (pg_engine_ops.lock(engine, STR("a")) != ENGINE_RETRY)
		return 3;
	/* The first transaction of a round: its abort ends the round. */
	if (pg_engine_ops.del(engine, TABLE_META, STR("k")) != ENGINE_RETRY)
		return 4;
	pg_engine_ops.abort(engine);
	if (pg_engine_ops.begin(engine, ENGINE_WRITE) != ENGINE_OK)
		return 5;
	return 0;
}

static void the_order_of_scopes_ends_a_deadlock(void **state)
{
	const struct hosts *hosts = *state;
	struct task task;
	pid_t child;
	char byte;

	assert_int_equal(pipe(task.ready), 0);
	hosts_begin_in(hosts->a, "a");
	child = hosts_fork(lock_against_the_order, &task);
	assert_int_equal(read(task.ready[0], &byte, 1), 1);
	assert_int_equal(pg_engine_ops.lock(hosts->a, STR("b")), ENGINE_OK);
	hosts_join(child);
	pg_engine_ops.abort(hosts->a);
	close(task.ready[0]);
	close(task.ready[1]);
}

static void make_scopes(const struct hosts *hosts)
{
	static const char *const names[] = { "a", "b", "c" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		hosts_begin_in(hosts->b, names[i]);
		hosts_put(hosts->b, TABLE_META, names[i], "");
		hosts_commit(hosts->b);
	}
}

static void a_lock_out_of_order_does_not_wait(void **state)
{
	const struct hosts *hosts = *state;

	make_scopes(hosts);
	hosts_begin_in(hosts->b, "a");
	hosts_begin_in(hosts->a, "b");
	assert_int_equal(pg_engine_ops.lock(hosts->a, STR("a")), ENGINE_BUSY);
	assert_int_equal(pg_engine_ops.lock(hosts->a, STR("c")), ENGINE_OK);
	hosts_put(hosts->a, TABLE_META, "k", "the round goes on");
	hosts_commit(hosts->a);
	hosts_flush(hosts->a);
	pg_engine_ops.abort(hosts->b);
	hosts_expect(hosts->b, "k", "the round goes on");
	hosts_begin_in(hosts->a, "b");
	assert_int_equal(pg_engine_ops.lock(hosts->a, STR("a")), ENGINE_OK);
	pg_engine_ops.abort(hosts->a);
}

static void a_round_with_commits_does_not_wait(void **state)
{
	const struct hosts *hosts = *state;

	make_scopes(hosts);
	hosts_begin_in(hosts->a, "a");
	hosts_put(hosts->a, TABLE_META, "k", "1");
	hosts_commit(hosts->a);
	hosts_begin_in(hosts->b, "b");
	hosts_begin(hosts->a, ENGINE_WRITE);
	assert_int_equal(pg_engine_ops.lock(hosts->a, STR("b")), ENGINE_BUSY);
	pg_engine_ops.abort(hosts->a);
	hosts_flush(hosts->a);
	pg_engine_ops.abort(hosts->b);
	hosts_expect(hosts->b, "k", "1");
}

static enum engine_status lock_row(struct engine *engine, const char *key)
{
	struct buf out = BUF_INIT;
	enum engine_status status = pg_engine_ops.get(
		engine, TABLE_META, str_cstr(key), true, &out);

	buf_free(&out);
	return status;
}

/* A row of a table that is not engine_table_spec.scoped. */
static int lock_beside_another_scope(void *data)
{
	const struct task *task = data;
	struct engine *engine = open_in_child();

	if (pg_engine_ops.begin(engine, ENGINE_WRITE) != ENGINE_OK ||
		pg_engine_ops.lock(engine, STR("b")) != ENGINE_OK ||
		lock_row(engine, "a") != ENGINE_OK)
		return 1;
	if (write(task->ready[1], "", 1) != 1)
		return 2;
	hosts_await_lock("a");
	return 0;
}

static void a_scope_does_not_protect_tables_of_all_tenants(void **state)
{
	const struct hosts *hosts = *state;
	struct task task;
	pid_t child;
	char byte;

	make_scopes(hosts);
	assert_int_equal(pipe(task.ready), 0);
	child = hosts_fork(lock_beside_another_scope, &task);
	assert_int_equal(read(task.ready[0], &byte, 1), 1);
	hosts_begin_in(hosts->a, "a");
	assert_int_equal(lock_row(hosts->a, "a"), ENGINE_OK);
	hosts_join(child);
	pg_engine_ops.abort(hosts->a);
	close(task.ready[0]);
	close(task.ready[1]);
}

static int lock_rows_crosswise(void *data)
{
	const struct task *task = data;
	struct engine *engine = open_in_child();

	if (pg_engine_ops.begin(engine, ENGINE_WRITE) != ENGINE_OK ||
		lock_row(engine, "y") != ENGINE_OK || write(task->ready[1], "", 1) != 1)
		return 1;
	hosts_await_lock("a");
	return lock_row(engine, "x") == ENGINE_RETRY ? 0 : 2;
}

/* The one that looks for it: the child, because the server looks only after a while. */
static void one_side_of_a_deadlock_retries(void **state)
{
	const struct hosts *hosts = *state;
	struct task task;
	pid_t child;
	char byte;

	pg_server_do("ALTER ROLE polytask SET deadlock_timeout = '100ms'");
	hosts_write(hosts->b, "x", "1");
	hosts_write(hosts->b, "y", "2");
	assert_int_equal(pipe(task.ready), 0);
	hosts_begin(hosts->a, ENGINE_WRITE);
	assert_int_equal(lock_row(hosts->a, "x"), ENGINE_OK);
	child = hosts_fork(lock_rows_crosswise, &task);
	assert_int_equal(read(task.ready[0], &byte, 1), 1);
	assert_int_equal(lock_row(hosts->a, "y"), ENGINE_OK);
	pg_engine_ops.abort(hosts->a);
	hosts_join(child);
	pg_server_do("ALTER ROLE polytask RESET deadlock_timeout");
	close(task.ready[0]);
	close(task.ready[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOSTS_TEST(a_locked_scope_waits_for_the_flush),
		HOSTS_TEST(other_scopes_do_not_wait),
		HOSTS_TEST(the_end_of_the_only_transaction_unlocks),
		HOSTS_TEST(numbers_have_no_gaps),
		HOSTS_TEST(each_scope_has_its_own_numbers),
		HOSTS_TEST(numbers_need_the_lock),
		HOSTS_TEST(a_view_sees_the_scope_of_its_moment),
		HOSTS_TEST(a_new_lock_reads_again),
		HOSTS_TEST(the_order_of_scopes_ends_a_deadlock),
		HOSTS_TEST(a_lock_out_of_order_does_not_wait),
		HOSTS_TEST(a_round_with_commits_does_not_wait),
		HOSTS_TEST(a_scope_does_not_protect_tables_of_all_tenants),
		HOSTS_TEST(one_side_of_a_deadlock_retries),
	};

	return CHECK_RUN(tests);
}
