/* Copies that are refused, and those that differ from their source or may do so. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "copy_fixture.h"
#include "store/hosts/hosts.h"
#include "store/pg/pg_server.h"

static void expect_text(const struct err *err, const char *part)
{
	if (!strstr(err->text, part))
		fail_msg("\"%s\" has no \"%s\"", err->text, part);
}

/* ---- refused ---- */

static enum err_code open_error(const struct store_options *options, struct err *err)
{
	struct store *store = NULL;

	*err = (struct err){ 0 };
	if (store_open(&store, options, err))
		store_close(store);
	return err->code;
}

static void an_unfinished_copy_is_not_opened(void **state)
{
	const struct copy_pair *pair = *state;
	struct store_options options = pair->to;
	struct err err = { 0 };
	struct store *store;

	copy_fill_source(pair, 1);
	must(copy_try(pair, NULL, NULL, NULL, &err), &err);
	assert_code(open_error(&pair->to, &err), ERR_INTERNAL);
	assert_string_equal(err.field, STORE_FAULT_UNFINISHED);
	expect_text(&err, "unfinished copy");
	copy_finish(pair);
	assert_code(open_error(&pair->to, &err), ERR_NONE);
	/* The mark is removed of a copy only. */
	options.copy = STORE_COPY_CHECK;
	store = fixture_open(&options);
	err = (struct err){ 0 };
	assert_fails(store_copy_finish(store, &err), &err, ERR_CONFLICT);
	store_close(store);
}

/* The copy may be interrupted while it waits for hosts. */
static void new_files_are_no_store_yet(void **state)
{
	const struct copy_pair *pair = *state;
	struct store *from, *to = NULL;
	struct err err = { 0 };

	copy_fill_source(pair, 1);
	from = fixture_open(&pair->from);
	must(store_copy_open(&to, &pair->to, from, &err), &err);
	store_close(to);
	store_close(from);
	assert_code(open_error(&pair->to, &err), ERR_INTERNAL);
	expect_text(&err, "unfinished copy");
	copy_whole(pair);
	assert_code(open_error(&pair->to, &err), ERR_NONE);
}

static void a_target_with_a_store_is_refused(void **state)
{
	const struct copy_pair *pair = *state;
	struct err err = { 0 };
	struct store *store;
	uint64_t rows;

	copy_fill_source(pair, 1);
	store = fixture_open(&pair->to);
	fixture_create(store, 1, "new", NULL);
	must(store_flush(store, &err), &err);
	rows = copy_count_rows(store);
	store_close(store);
	assert_fails(copy_try(pair, NULL, NULL, NULL, &err), &err, ERR_CONFLICT);
	expect_text(&err, "has a store already");
	store = fixture_open(&pair->to);
	assert_int_equal(copy_count_rows(store), rows);
	fixture_verify(store, 1);
	store_close(store);
}

/* A home whose files were made for other ids. */
static void an_empty_home_with_another_secret_is_refused(void **state)
{
	const struct copy_pair *pair = *state;
	struct store_options bare = pair->to;
	struct err err = { 0 };

	copy_fill_source(pair, 1);
	bare.copy = STORE_COPY_ROWS;
	store_close(fixture_open(&bare));
	assert_fails(copy_try(pair, NULL, NULL, NULL, &err), &err, ERR_CONFLICT);
}

static void a_copy_of_another_store_is_refused(void **state)
{
	struct copy_pair *pair = *state;
	struct store_options other = fixture_options(STORE_EPHEMERAL, "none");
	struct err err = { 0 };

	copy_fill_source(pair, 1);
	must(copy_try(pair, NULL, NULL, NULL, &err), &err);
	pair->from = other;
	assert_fails(copy_try(pair, NULL, NULL, NULL, &err), &err, ERR_CONFLICT);
	expect_text(&err, "unfinished copy of another store");
}

/* ---- found by the comparison ---- */

static struct store *target;
static const char *table_key;
static enum engine_table table;
static struct str table_value;

static void change_target(const char *name)
{
	if (strcmp(name, "comparing") == 0)
		copy_put(target, table, table_key, table_value);
}

static void expect_found(const struct copy_pair *pair, enum engine_table of, const char *key,
	struct str value, const char *text)
{
	struct store *from = fixture_open(&pair->from);
	struct store_copy_report report;
	struct err err = { 0 };

	table = of;
	table_key = key;
	table_value = value;
	must(store_copy_open(&target, &pair->to, from, &err), &err);
	assert_fails(
		store_copy(from, target, change_target, NULL, &report, &err), &err, ERR_DAMAGED);
	expect_text(&err, text);
	store_close(target);
	store_close(from);
	assert_code(open_error(&pair->to, &err), ERR_INTERNAL);
}

static void a_changed_row_is_found(void **state)
{
	copy_fill_source(*state, 2);
	expect_found(*state, TABLE_USERS, "a", STR("valuE"), "another row in table users");
}

static void a_lost_row_is_found(void **state)
{
	copy_fill_source(*state, 2);
	expect_found(*state, TABLE_TOKENS, "t", STR_NULL, "0 rows in table tokens instead of 1");
}

static void a_row_too_many_is_found(void **state)
{
	copy_fill_source(*state, 2);
	expect_found(*state, TABLE_OUTBOX, "x", STR(""), "in table outbox instead of");
}

/* A service has worked between two runs. */
static void a_source_that_was_changed_is_found(void **state)
{
	const struct copy_pair *pair = *state;
	struct err err = { 0 };
	struct store *store;

	copy_fill_source(pair, 2);
	assert_false(copy_in_child(pair, copy_die_before_comparison, false));
	store = fixture_open(&pair->from);
	fixture_create(store, 50, "new", NULL);
	must(store_flush(store, &err), &err);
	store_close(store);
	assert_fails(copy_try(pair, NULL, NULL, NULL, &err), &err, ERR_DAMAGED);
	expect_text(&err, "was changed since the copy began");
}

static void so_is_one_that_was_changed_after_the_comparison(void **state)
{
	const struct copy_pair *pair = *state;
	struct err err = { 0 };
	struct store *store;

	copy_fill_source(pair, 2);
	must(copy_try(pair, NULL, NULL, NULL, &err), &err);
	must(copy_try(pair, NULL, NULL, NULL, &err), &err);
	store = fixture_open(&pair->from);
	copy_put(store, TABLE_USERS, "a", STR("other"));
	store_close(store);
	assert_fails(copy_try(pair, NULL, NULL, NULL, &err), &err, ERR_CONFLICT);
}

/* ---- hosts ---- */

/* The keeper of a host, in a process of its own, until it is killed. */
static pid_t start_host(const struct store_options *options)
{
	struct store_hosts hosts = { 0 };
	struct err err = { 0 };
	pid_t pid = fork();
	struct store *store;

	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	store = fixture_open(options);
	while (store_hosts_poll(store, &hosts, &err))
		usleep(HOSTS_POLL_MS * 1000);
	_exit(1);
}

static void stop_host(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void await_host(void)
{
	pg_server_await("SELECT count(*) > 0 FROM polytask.hosts");
}

static void a_host_that_runs_is_noticed(void **state)
{
	const struct copy_pair *pair = *state;
	struct err err = { 0 };
	pid_t host;

	copy_fill_source(pair, 2);
	host = start_host(&pair->from);
	await_host();
	assert_fails(copy_try(pair, NULL, NULL, NULL, &err), &err, ERR_BUSY);
	expect_text(&err, "stop its service");
	stop_host(host);
	/* Its last rows are there still. */
	copy_whole(pair);
}

static const struct copy_pair *watched;
static pid_t late_host;

static void start_late_host(const char *name)
{
	if (strcmp(name, "comparing") != 0)
		return;
	late_host = start_host(watched->from.url ? &watched->from : &watched->to);
	await_host();
}

static void a_host_that_begins_meanwhile_is_noticed(void **state)
{
	struct err err = { 0 };

	watched = *state;
	copy_fill_source(watched, 2);
	assert_fails(copy_try(watched, start_late_host, NULL, NULL, &err), &err, ERR_CONFLICT);
	stop_host(late_host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		COPY_BOTH_WAYS(an_unfinished_copy_is_not_opened),
		COPY_TEST(new_files_are_no_store_yet, "server to files", copy_setup_to_files),
		COPY_BOTH_WAYS(a_target_with_a_store_is_refused),
		COPY_TEST(an_empty_home_with_another_secret_is_refused, "server to files",
			copy_setup_to_files),
		COPY_BOTH_WAYS(a_copy_of_another_store_is_refused),
		COPY_BOTH_WAYS(a_changed_row_is_found),
		COPY_BOTH_WAYS(a_lost_row_is_found),
		COPY_BOTH_WAYS(a_row_too_many_is_found),
		COPY_BOTH_WAYS(a_source_that_was_changed_is_found),
		COPY_BOTH_WAYS(so_is_one_that_was_changed_after_the_comparison),
		COPY_TEST(a_host_that_runs_is_noticed, "server to files", copy_setup_to_files),
		COPY_TEST(a_host_that_begins_meanwhile_is_noticed, "server to files",
			copy_setup_to_files),
	};

	return CHECK_RUN(tests);
}
