#include "store/pg/hosts.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/pg/pg.h"
#include "store/pg/schema.h"
#include "store/pg/waits.h"

enum engine_status hosts_open(struct engine **engine, const char *url, bool rounds)
{
	const struct engine_options options = {
		.mode = ENGINE_ATTACH,
		.url = url,
		.rounds = rounds,
	};

	return pg_engine_ops.open(engine, &options);
}

int hosts_setup(void **state)
{
	struct hosts *hosts = calloc(1, sizeof(*hosts));
	struct err err = { 0 };

	*state = hosts;
	check_setup(state);
	if (!pg_server_url()) {
		check_skip(pg_server_lack());
		return 0;
	}
	/* No test depends on the speed of the machine. */
	pg_waits.answer = pg_waits.commit = pg_waits.resolve = 60000;
	pg_waits.lock = pg_waits.work = pg_waits.idle = 30000;
	hosts->urls[0] = pg_server_url_of("a");
	hosts->urls[1] = pg_server_url_of("b");
	pg_server_do("DROP SCHEMA IF EXISTS polytask CASCADE");
	must(pg_schema_init(pg_server_url(), &err), &err);
	assert_int_equal(hosts_open(&hosts->a, hosts->urls[0], true), ENGINE_OK);
	assert_int_equal(hosts_open(&hosts->b, hosts->urls[1], false), ENGINE_OK);
	return 0;
}

int hosts_teardown(void **state)
{
	struct hosts *hosts = *state;

	if (hosts->a)
		pg_engine_ops.close(hosts->a);
	if (hosts->b)
		pg_engine_ops.close(hosts->b);
	free(hosts->urls[0]);
	free(hosts->urls[1]);
	free(hosts);
	return check_teardown(state);
}

void hosts_begin(struct engine *engine, enum engine_access access)
{
	assert_int_equal(pg_engine_ops.begin(engine, access), ENGINE_OK);
}

void hosts_begin_in(struct engine *engine, const char *scope)
{
	hosts_begin(engine, ENGINE_WRITE);
	assert_int_equal(pg_engine_ops.lock(engine, str_cstr(scope)), ENGINE_OK);
}

void hosts_commit(struct engine *engine)
{
	assert_int_equal(pg_engine_ops.commit(engine), ENGINE_OK);
}

void hosts_flush(struct engine *engine)
{
	assert_int_equal(pg_engine_ops.flush(engine), ENGINE_OK);
}

void hosts_put(struct engine *engine, enum engine_table table, const char *key, const char *value)
{
	assert_int_equal(
		pg_engine_ops.put(engine, table, str_cstr(key), str_cstr(value), ENGINE_REPLACE),
		ENGINE_OK);
}

void hosts_write(struct engine *engine, const char *key, const char *value)
{
	hosts_begin(engine, ENGINE_WRITE);
	hosts_put(engine, TABLE_META, key, value);
	hosts_commit(engine);
}

void hosts_expect_now(struct engine *engine, const char *key, const char *value)
{
	struct buf out = BUF_INIT;

	assert_int_equal(pg_engine_ops.get(engine, TABLE_META, str_cstr(key), false, &out),
		value ? ENGINE_OK : ENGINE_NOT_FOUND);
	if (value)
		assert_str(buf_str(&out), value);
	buf_free(&out);
}

void hosts_expect(struct engine *engine, const char *key, const char *value)
{
	hosts_begin(engine, ENGINE_READ);
	hosts_expect_now(engine, key, value);
	pg_engine_ops.abort(engine);
}

void hosts_expect_index_now(struct engine *engine, const char *keys)
{
	struct engine_range all = { .from = STR("") };
	struct engine_batch batch = { 0 };

	assert_int_equal(
		pg_engine_ops.scan(engine, TABLE_INDEX, &all, false, 1000, &batch), ENGINE_OK);
	assert_str(buf_str(&batch.bytes), keys);
	engine_batch_free(&batch);
}

void hosts_expect_index(struct engine *engine, const char *keys)
{
	hosts_begin(engine, ENGINE_READ);
	hosts_expect_index_now(engine, keys);
	pg_engine_ops.abort(engine);
}

unsigned hosts_prepare_all(struct engine *engine)
{
	struct pg *pg = pg_of(engine);
	unsigned number;

	assert_int_equal(pg_connect(pg), ENGINE_OK);
	for (int i = 0; i < PG_STATEMENTS; i++) {
		enum pg_sql statement = (enum pg_sql)i;

		for (int table = 0; table < SHARED_ENGINE_TABLES; table++)
			if ((pg_sql_is_once(statement) && table == TABLE_META) ||
				pg_sql_has(statement, (enum engine_table)table))
				pg_prepare(pg, statement, (enum engine_table)table);
	}
	number = (unsigned)pg->trip.count;
	assert_int_equal(pg_trip(pg, 60000), ENGINE_OK);
	return number;
}

void hosts_await_lock(const char *application)
{
	char sql[200];

	snprintf(sql, sizeof(sql),
		"SELECT count(*) > 0 FROM pg_stat_activity WHERE application_name = '%s' AND "
		"wait_event_type = 'Lock'",
		application);
	pg_server_await(sql);
}

pid_t hosts_fork(int (*work)(void *data), void *data)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(work(data));
	return pid;
}

int hosts_result(pid_t pid)
{
	int status = -1;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

void hosts_join(pid_t pid)
{
	assert_int_equal(hosts_result(pid), 0);
}
