#include "copy_fixture.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/pg/pg_server.h"
#include "store/pg/schema.h"
#include "store/pg/waits.h"
#include "webhook_fixture.h"

#define LARGE ((size_t)3 << 20)

/* ---- the pair ---- */

static void set_up(struct copy_pair *pair, bool to_server)
{
	struct store_options *files = to_server ? &pair->from : &pair->to;
	struct store_options *server = to_server ? &pair->to : &pair->from;
	static int count;
	char name[32];

	snprintf(name, sizeof(name), "copy%d", count++);
	*files = *server = fixture_options(STORE_RECOVER, name);
	snprintf(pair->home, sizeof(pair->home), "%s", files->home);
	snprintf(pair->regions, sizeof(pair->regions), "%s", files->regions);
	files->home = pair->home;
	files->regions = pair->regions;
	server->mode = STORE_ATTACH;
	server->home = server->regions = NULL;
	server->url = pg_server_url();
}

static int setup(void **state, bool to_server)
{
	struct copy_pair *pair = calloc(1, sizeof(*pair));
	struct err err = { 0 };

	*state = pair;
	check_setup(state);
	if (!pg_server_url()) {
		check_skip(pg_server_lack());
		return 0;
	}
	/* No test depends on the speed of the machine. */
	pg_waits.answer = pg_waits.commit = pg_waits.resolve = 60000;
	pg_server_do("DROP SCHEMA IF EXISTS polytask CASCADE");
	must(pg_schema_init(pg_server_url(), &err), &err);
	set_up(pair, to_server);
	return 0;
}

int copy_setup_to_server(void **state)
{
	return setup(state, true);
}

int copy_setup_to_files(void **state)
{
	return setup(state, false);
}

int copy_teardown(void **state)
{
	free(*state);
	return check_teardown(state);
}

/* ---- content ---- */

static void create_with_id(struct store *store, const char *tenant, unsigned number)
{
	struct op op = fixture_op(OP_CREATE, number);
	char key[16];

	snprintf(key, sizeof(key), "key %u", number);
	op.tenant = str_cstr(tenant);
	op.dialect = number % 2 ? DIALECT_A : DIALECT_B;
	op.idempotency_key = str_cstr(key);
	assert_true(store_new_id(store, WEBHOOK_NOW + number, &op.new_id));
	change_set_field(&op.change, STR("type"), STR("\"serial\""));
	claim_apply(store, &op);
}

static void put_large_row(struct store *store)
{
	char *bytes = malloc(LARGE);

	assert_non_null(bytes);
	for (size_t i = 0; i < LARGE; i++)
		bytes[i] = (char)(i * 7 + i / 251);
	fixture_auth_put(store, STORE_LOGINS, STR("large"), (struct str){ bytes, LARGE });
	free(bytes);
}

void copy_fill(struct store *store, unsigned tasks)
{
	struct err err = { 0 };

	webhook_act(store, WEBHOOK_CREATE, 900);
	for (unsigned i = 1; i <= tasks; i++) {
		fixture_create(store, i, i % 3 ? "new" : "done", "\"x\"");
		create_with_id(store, "acme", 1000 + i);
	}
	journal_change(store, 1, 7);
	create_with_id(store, "other", 2000);
	assert_true(webhook_gather(store) > 0);
	fixture_auth_put(store, STORE_USERS, STR("a"), STR("value"));
	fixture_auth_put(store, STORE_USERS, STR("zero\0\xFF"), STR("\0\xFF"));
	fixture_auth_put(store, STORE_TOKENS, STR("t"), STR("token"));
	fixture_auth_put(store, STORE_SIGNING_KEYS, STR("k"), STR("key"));
	put_large_row(store);
	copy_put(store, TABLE_USERS, "empty", STR(""));
	copy_put(store, TABLE_SNAPSHOT, "snapshot", STR("row"));
	must(store_flush(store, &err), &err);
}

void copy_fill_source(const struct copy_pair *pair, unsigned tasks)
{
	struct store *store = fixture_open(&pair->from);

	copy_fill(store, tasks);
	store_close(store);
}

/* ---- copies ---- */

bool copy_try(const struct copy_pair *pair, void (*phase)(const char *name),
	const struct store_progress *progress, struct store_copy_report *report, struct err *err)
{
	struct store *from = fixture_open(&pair->from), *to = NULL;
	struct store_copy_report ignored;
	bool ok = store_copy_open(&to, &pair->to, from, err) &&
		  store_copy(from, to, phase, progress, report ? report : &ignored, err);

	store_close(to);
	store_close(from);
	return ok;
}

void copy_finish(const struct copy_pair *pair)
{
	struct store_options options = pair->to;
	struct store_report report;
	struct err err = { 0 };
	struct store *store;

	options.copy = STORE_COPY_CHECK;
	store = fixture_open(&options);
	must(store_verify(store, NULL, &report, &err), &err);
	assert_int_equal(report.missing_entries + report.stray_entries + report.unreadable_records +
				 report.wrong_counts + report.damaged,
		0);
	must(store_copy_finish(store, &err), &err);
	store_close(store);
}

struct store_copy_report copy_whole(const struct copy_pair *pair)
{
	struct store_copy_report report;
	struct err err = { 0 };

	must(copy_try(pair, NULL, NULL, &report, &err), &err);
	copy_expect_equal(pair);
	copy_finish(pair);
	return report;
}

/* ---- copies that are killed ---- */

static unsigned shown;

static void die_at_second(uint64_t done, uint64_t total, void *data)
{
	(void)done, (void)total, (void)data;
	if (++shown == 2)
		raise(SIGKILL);
}

void copy_die_before_comparison(const char *name)
{
	if (strcmp(name, "comparing") == 0)
		raise(SIGKILL);
}

bool copy_in_child(const struct copy_pair *pair, void (*phase)(const char *name), bool dies)
{
	const struct store_progress progress = { die_at_second, NULL };
	struct err err = { 0 };
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		shown = 0;
		_exit(copy_try(pair, phase, dies ? &progress : NULL, NULL, &err) ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status))
		return false;
	assert_int_equal(WEXITSTATUS(status), 0);
	return true;
}

/* ---- comparisons ---- */

struct looking {
	struct store *other;
	enum engine_table table;
	uint64_t rows;
};

/* Rows that say something about the copy itself. */
static bool is_of_copy(enum engine_table table, struct str key)
{
	return table == TABLE_META &&
	       (str_eq(key, STR("journal-floor")) || str_eq(key, STR("unfinished-copy")));
}

static bool look_up(struct str key, struct str value, void *data)
{
	struct looking *looking = data;
	struct engine *engine = looking->other->engine;
	struct buf found = BUF_INIT;

	if (is_of_copy(looking->table, key))
		return true;
	assert_int_equal(engine->ops->begin(engine, ENGINE_READ), ENGINE_OK);
	if (engine->ops->get(engine, looking->table, key, false, &found) != ENGINE_OK)
		fail_msg("a row of %s is missing: %.*s", engine_tables[looking->table].name,
			STR_ARGS(key));
	engine->ops->abort(engine);
	if (!str_eq(buf_str(&found), value))
		fail_msg("a row of %s differs", engine_tables[looking->table].name);
	buf_free(&found);
	looking->rows++;
	return true;
}

static uint64_t expect_all_in(struct store *store, struct store *other)
{
	struct engine *engine = store->engine;
	uint64_t rows = 0;

	for (int i = 0; i < ENGINE_TABLES; i++) {
		struct looking looking = { other, (enum engine_table)i, 0 };

		assert_int_equal(engine->ops->begin(engine, ENGINE_READ), ENGINE_OK);
		assert_int_equal(engine->ops->each(engine, looking.table, false, look_up, &looking),
			ENGINE_OK);
		engine->ops->abort(engine);
		rows += looking.rows;
	}
	return rows;
}

void copy_expect_same(struct store *from, struct store *to)
{
	assert_memory_equal(
		&from->engine->secret, &to->engine->secret, sizeof(from->engine->secret));
	assert_int_equal(expect_all_in(from, to), expect_all_in(to, from));
}

/* A start of a service may change rows: it counts the usage again, for example. */
static struct store *open_bare(const struct store_options *options)
{
	struct store_options bare = *options;

	bare.copy = STORE_COPY_ROWS;
	return fixture_open(&bare);
}

void copy_expect_equal(const struct copy_pair *pair)
{
	struct store *from = open_bare(&pair->from), *to = open_bare(&pair->to);

	copy_expect_same(from, to);
	store_close(to);
	store_close(from);
}

static bool add_count(const char *table, uint64_t rows, void *data)
{
	(void)table;
	*(uint64_t *)data += rows;
	return true;
}

uint64_t copy_count_rows(struct store *store)
{
	struct err err = { 0 };
	uint64_t rows = 0;

	must(store_count_rows(store, add_count, &rows, &err), &err);
	return rows;
}

struct putting {
	enum engine_table table;
	struct str key, value;
};

static int step_put(struct store *store, void *data, struct err *err)
{
	const struct putting *putting = data;

	(void)err;
	return putting->value.ptr ? store_put(store, putting->table, putting->key, putting->value,
					    ENGINE_REPLACE)
				  : store_del(store, putting->table, putting->key);
}

void copy_put(struct store *store, enum engine_table table, const char *key, struct str value)
{
	struct putting putting = { table, str_cstr(key), value };
	struct err err = { 0 };

	must(step_call_write(store, STR(""), step_put, &putting, &err), &err);
	must(store_flush(store, &err), &err);
}
