/* Changes behind the damage of a log are given up; the store goes on without them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/bdb/log_cut.h"
#include "store/bdb/repair_fixture.h"

#define BEFORE 300 /* tasks that are on disk and in the log before the first checkpoint */
#define AFTER  200

static struct repair_outcome outcome;

static const char *path_of(const struct store_options *options, const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", options->home, name);
	return path;
}

static struct log_position find_end(const struct store_options *options)
{
	int logs = open(path_of(options, "log"), O_RDONLY | O_DIRECTORY);
	struct log_position end;

	assert_true(logs >= 0);
	assert_int_equal(log_end_find(logs, &end), 0);
	close(logs);
	return end;
}

/* Returns the end of the log behind the first tasks. */
static struct log_position make_store(struct store_options *options, const char *name)
{
	struct store *store;
	struct log_position end;
	struct err err;

	*options = damage_options(name);
	store = fixture_open(options);
	for (unsigned n = 1; n <= BEFORE; n++)
		fixture_create(store, n, "new", NULL);
	must(store_checkpoint(store, false, NULL, &err), &err);
	end = find_end(options);
	for (unsigned n = BEFORE + 1; n <= BEFORE + AFTER; n++)
		fixture_create(store, n, "new", NULL);
	must(store_flush(store, &err), &err);
	store_close(store);
	return end;
}

static void damage_log(const struct store_options *options, const char *name, off_t at)
{
	int fd = open(path_of(options, name), O_WRONLY);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, "damaged", 7, at), 7);
	close(fd);
}

/* Returns the number of tasks. */
static unsigned repair_and_count(struct store_options *options)
{
	struct store *store;
	struct err err;
	unsigned tasks = 0;

	assert_fails(store_open(&store, options, &err), &err, ERR_INTERNAL);
	assert_string_equal(err.field, STORE_FAULT_REFUSED);
	expect_log("changes-given-up");
	options->give_up_pages = true;
	store = fixture_open(options);
	options->give_up_pages = false;
	assert_true(repair_run(store, false, &outcome));
	assert_true(outcome.report.log_cut);
	must(store_reindex(store, NULL, NULL, &err), &err);
	for (unsigned n = 1; n <= BEFORE + AFTER; n++) {
		struct op op = fixture_op(OP_READ, n);

		tasks += fixture_error(store, &op) == ERR_NONE;
	}
	fixture_verify(store, tasks);
	store_close(store);
	return tasks;
}

static void check_goes_on(const struct store_options *options, unsigned tasks)
{
	struct store *store = fixture_open(options);
	struct err err;

	fixture_verify(store, tasks);
	for (unsigned n = 1001; n <= 1300; n++)
		fixture_create(store, n, "again", NULL);
	must(store_flush(store, &err), &err);
	store_close(store);
	store = fixture_open(options);
	fixture_verify(store, tasks + 300);
	store_close(store);
}

static void changes_behind_the_damage_are_lost(void **state)
{
	struct store_options options;
	struct log_position end = make_store(&options, "behind");
	unsigned tasks;

	(void)state;
	damage_log(&options, "log/log.0000000001", end.offset + 20000);
	tasks = repair_and_count(&options);
	assert_in_range(tasks, BEFORE, BEFORE + AFTER - 1);
	assert_int_equal(access(path_of(&options, "log/log.0000000001.damaged"), F_OK), 0);
	check_goes_on(&options, tasks);
}

/* All pages on disk are newer than the end of the log. */
static void pages_behind_the_damage_are_kept(void **state)
{
	struct store_options options;
	struct store *store;
	struct err err;

	(void)state;
	make_store(&options, "pages");
	store = fixture_open(&options);
	must(store_checkpoint(store, false, NULL, &err), &err);
	store_close(store);
	damage_log(&options, "log/log.0000000001", 60000);
	assert_int_equal(repair_and_count(&options), BEFORE + AFTER);
	check_goes_on(&options, BEFORE + AFTER);
}

static void newest_log_that_is_missing_is_given_up(void **state)
{
	struct store_options options;
	struct store *store;
	unsigned tasks;
	struct err err;

	(void)state;
	make_store(&options, "missing");
	options.migrate = true; /* begins the next log */
	store = fixture_open(&options);
	options.migrate = false;
	for (unsigned n = 1401; n <= 1450; n++)
		fixture_create(store, n, "new", NULL);
	must(store_flush(store, &err), &err);
	store_close(store);
	assert_int_equal(unlink(path_of(&options, "log/log.0000000002")), 0);
	tasks = repair_and_count(&options);
	assert_int_equal(tasks, BEFORE + AFTER);
}

static void cut_can_be_repeated(void **state)
{
	struct store_options options;
	struct log_position end = make_store(&options, "repeated"), now;
	int logs = open(path_of(&options, "log"), O_RDONLY | O_DIRECTORY);

	(void)state;
	assert_true(logs >= 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(log_cut(logs, end), 0);
		now = find_end(&options);
		assert_int_equal(now.number, 1);
		assert_int_equal(now.offset, end.offset);
	}
	assert_int_equal(log_cut(logs, (struct log_position){ 9, 100 }), ENOENT);
	close(logs);
}

static void store_without_damage_loses_nothing(void **state)
{
	struct store_options options;
	struct store *store;

	(void)state;
	make_store(&options, "whole");
	options.give_up_pages = true;
	store = fixture_open(&options);
	assert_true(repair_run(store, false, &outcome));
	assert_false(outcome.report.log_cut);
	fixture_verify(store, BEFORE + AFTER);
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(changes_behind_the_damage_are_lost),
		CHECK(pages_behind_the_damage_are_kept),
		CHECK(newest_log_that_is_missing_is_given_up),
		CHECK(cut_can_be_repeated),
		CHECK(store_without_damage_loses_nothing),
	};

	return CHECK_RUN(tests);
}
