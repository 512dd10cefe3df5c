/* Several processes on one store: exact totals, walks that end, removal of logs. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crowd.h"

#define TOGGLED 30

/* ---- totals beside writers ---- */

static void toggle_for_ever(struct store *store, unsigned writer)
{
	for (unsigned n = writer;; n++) {
		struct op op = fixture_op(OP_UPDATE, 1 + n % TOGGLED);
		struct err err;

		op.change.status = n % 7 < 3 ? STR("in") : STR("out");
		if (!crowd_apply(store, &op, &err) && err.code != ERR_BUSY)
			_exit(94);
		crowd->written[writer]++;
		if (n % 16 == 0 && !store_flush(store, &err))
			_exit(95);
	}
}

/* The total and the rows are of one moment, so their numbers agree. */
static void count_for_ever(struct store *store, unsigned number)
{
	struct op op = fixture_list(BY_STATUS, "in");

	(void)number;
	op.list.want_total = true;
	for (;;) {
		struct result result = { 0 };
		struct task row;
		struct err err;
		uint64_t rows = 0;
		bool end = false;

		if (!store_apply(store, &op, &result, &err)) {
			crowd->busy++;
			continue;
		}
		while (store_list_next(&result, &row, &end, &err) && !end)
			rows++;
		crowd->good += rows == result.total;
		crowd->wrong += rows != result.total && result.consistent;
		crowd->busy += !result.consistent;
		store_result_free(&result);
	}
}

static void totals_agree_with_rows_beside_writers(void **state)
{
	struct store *store = crowd_recover("counts");
	pid_t pids[4];

	(void)state;
	for (unsigned i = 1; i <= TOGGLED; i++)
		fixture_create(store, i, "in", NULL);
	store_close(store);
	for (unsigned i = 0; i < 4; i++)
		pids[i] = crowd_start(i < 2 ? toggle_for_ever : count_for_ever, i);
	usleep(300000);
	crowd_wait(&crowd->good, 100);
	crowd_wait(&crowd->written[0], 100);
	crowd_stop(pids, 4);
	print_message("# %u totals beside %u writes, %u not of one moment\n", crowd->good,
		crowd->written[0] + crowd->written[1], crowd->busy);
	assert_int_equal(crowd->wrong, 0);
	store = crowd_recover("counts");
	fixture_verify(store, TOGGLED);
	store_close(store);
}

/* ---- walks beside writers ---- */

static bool look(const struct task *task, void *data)
{
	(void)task, (void)data;
	return true;
}

static void walk_for_ever(struct store *store, unsigned number)
{
	struct store_report report;
	struct store_chore chore;
	struct err err;
	bool more;

	(void)number;
	for (;;) {
		if (!store_verify(store, NULL, &report, &err) && err.code != ERR_BUSY)
			_exit(96);
		if (!store_each_task(store, look, NULL, &err) && err.code != ERR_BUSY)
			_exit(97);
		for (size_t i = 0; store_chore(store, i, &chore); i++) {
			if (!store_run_chore(store, i, true, &more, &err) && err.code != ERR_BUSY)
				_exit(98);
		}
		crowd->good++;
	}
}

static void import_for_ever(struct store *store, unsigned writer)
{
	struct task tasks[100] = { 0 };

	for (unsigned i = 0; i < 100; i++) {
		tasks[i].id = fixture_id(500 + (i * 37 + writer * 11) % 100);
		tasks[i].tenant = STR("acme");
		tasks[i].dialect = DIALECT_A;
	}
	for (;;) {
		struct err err;

		for (unsigned i = 0; i < 100; i++)
			tasks[i].status = crowd->written[writer] % 2 ? STR("x") : STR("y");
		if (store_put_tasks(store, tasks, 100, &err))
			crowd->written[writer]++;
		else if (err.code == ERR_BUSY)
			crowd->busy++;
		else
			_exit(99);
	}
}

static void walks_end_beside_writers(void **state)
{
	struct store *store = crowd_recover("walks");
	pid_t pids[4];

	(void)state;
	for (unsigned i = 1; i <= TOGGLED; i++)
		fixture_create(store, i, "in", NULL);
	store_close(store);
	pids[0] = crowd_start(toggle_for_ever, 0);
	pids[1] = crowd_start(import_for_ever, 1);
	pids[2] = crowd_start(import_for_ever, 2);
	pids[3] = crowd_start(walk_for_ever, 3);
	crowd_wait(&crowd->good, 2);
	crowd_wait(&crowd->written[1], 10);
	crowd_wait(&crowd->written[2], 10);
	crowd_stop(pids, 4);
	print_message("# %u walks beside %u updates, %u imports, %u busy\n", crowd->good,
		crowd->written[0], crowd->written[1] + crowd->written[2], crowd->busy);
	store = crowd_recover("walks");
	fixture_verify(store, TOGGLED + 100);
	store_close(store);
}

/* ---- logs ---- */

static unsigned count_files(const char *path)
{
	DIR *folder = opendir(path);
	struct dirent *entry;
	unsigned count = 0;

	assert_non_null(folder);
	while ((entry = readdir(folder)))
		count += strncmp(entry->d_name, "log.", 4) == 0;
	closedir(folder);
	return count;
}

/* As after a restore to an earlier moment: the log of that number is of another history. */
static void log_of_another_history_is_not_replaced(void **state)
{
	char archive[256], other[300];
	char *big = malloc(1000001);
	struct store *store;
	struct err err = { 0 };
	unsigned removed = 99;
	FILE *file;

	(void)state;
	memset(big, '1', 1000000);
	big[1000000] = '\0';
	snprintf(archive, sizeof(archive), "%s/history", check_temp_dir());
	snprintf(other, sizeof(other), "%s/log.0000000001", archive);
	assert_int_equal(mkdir(archive, 0700), 0);
	file = fopen(other, "w");
	assert_non_null(file);
	fputs("another history", file);
	fclose(file);
	store_close(crowd_recover("history"));
	crowd_options.archive = archive;
	store = crowd_join();
	for (unsigned i = 1; i <= 35; i++)
		fixture_create(store, i, "new", big);
	assert_fails(store_checkpoint(store, true, &removed, &err), &err, ERR_INTERNAL);
	assert_int_equal(unlink(other), 0);
	must(store_checkpoint(store, true, &removed, &err), &err);
	assert_int_equal(removed, 1);
	store_close(store);
	free(big);
}

static void finished_logs_are_archived_and_removed(void **state)
{
	struct store *store;
	struct err err = { 0 };
	char archive[256], logs[256];
	char *big = malloc(1000001);
	unsigned removed = 99;

	(void)state;
	memset(big, '1', 1000000);
	big[1000000] = '\0';
	snprintf(archive, sizeof(archive), "%s/archive", check_temp_dir());
	store_close(crowd_recover("logs"));
	snprintf(logs, sizeof(logs), "%s/log", crowd_options.home);
	crowd_options.archive = archive;
	store = crowd_join();
	must(store_checkpoint(store, true, &removed, &err), &err);
	assert_int_equal(removed, 0);
	for (unsigned i = 1; i <= 70; i++)
		fixture_create(store, i, "new", big);
	/* the archive does not exist: nothing is removed */
	assert_fails(store_checkpoint(store, true, &removed, &err), &err, ERR_INTERNAL);
	assert_non_null(strstr(err.text, "cannot be archived"));
	assert_int_equal(count_files(logs), 3);
	assert_int_equal(mkdir(archive, 0700), 0);
	must(store_checkpoint(store, true, &removed, &err), &err);
	assert_int_equal(removed, 2);
	assert_int_equal(count_files(archive), 2);
	assert_int_equal(count_files(logs), 1);
	store_close(store);
	store = crowd_recover("logs");
	fixture_verify(store, 70);
	store_close(store);
	free(big);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CROWD(totals_agree_with_rows_beside_writers),
		WITH_CROWD(walks_end_beside_writers),
		WITH_CROWD(finished_logs_are_archived_and_removed),
		WITH_CROWD(log_of_another_history_is_not_replaced),
	};

	check_use_disk();
	return CHECK_RUN(tests);
}
