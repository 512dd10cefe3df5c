/* Parts of a backup: the hold of the logs, copies of pages that are written meanwhile, recovery. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/crowd.h"

#define PER_WRITER 1000000U
#define HOLD_MS	   60000
#define PATH_LEN   512

static bool go_on(size_t bytes, void *data, struct err *err)
{
	(void)bytes, (void)data, (void)err;
	return true;
}

static const struct file_pace no_pace = { go_on, NULL };

/* ---- the hold ---- */

static void logs_are_kept_during_a_hold(void **state)
{
	struct store *store = crowd_recover("hold");
	struct store_position before, now;
	struct err err = { 0 };
	unsigned removed = 99;
	char *big = malloc(1000001);

	(void)state;
	memset(big, '1', 1000000);
	big[1000000] = '\0';
	must(store_hold_logs(store, 7, HOLD_MS, &err), &err);
	assert_fails(store_hold_logs(store, 8, HOLD_MS, &err), &err, ERR_BUSY);
	must(store_position(store, &before, &err), &err);
	for (unsigned i = 1; i <= 35; i++)
		fixture_create(store, i, "new", big);
	must(store_checkpoint(store, true, &removed, &err), &err);
	assert_int_equal(removed, 0);
	must(store_position(store, &now, &err), &err);
	assert_int_equal(now.first_log, before.first_log);
	assert_true(now.last_log > before.last_log);
	store_release_logs(store, 8);
	assert_fails(store_hold_logs(store, 8, HOLD_MS, &err), &err, ERR_BUSY);
	store_release_logs(store, 7);
	must(store_checkpoint(store, true, &removed, &err), &err);
	assert_true(removed > 0);
	must(store_hold_logs(store, 8, HOLD_MS, &err), &err);
	store_close(store);
	free(big);
}

static void hold_ends_by_itself(void **state)
{
	struct store *store = fixture_ephemeral();
	struct store_position position;
	struct err err = { 0 };

	(void)state;
	must(store_hold_logs(store, 7, 0, &err), &err);
	must(store_hold_logs(store, 8, HOLD_MS, &err), &err);
	assert_fails(store_position(store, &position, &err), &err, ERR_INTERNAL);
	store_close(store);
}

/* ---- copies ---- */

static void write_for_ever(struct store *store, unsigned writer)
{
	for (uint32_t n = crowd->written[writer] + 1;; n++) {
		struct op op = fixture_op(OP_CREATE, writer * PER_WRITER + n);
		struct err err;

		crowd->written[writer] = n;
		op.change.status = STR("new");
		change_set_field(&op.change, STR("type"), STR("\"a\""));
		if (!crowd_apply(store, &op, &err) || !store_flush(store, &err))
			_exit(91);
		crowd->acknowledged[writer] = n;
	}
}

static int open_folder(const char *home, const char *name)
{
	char path[PATH_LEN];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", home, name);
	mkdir(path, 0700);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static void copy_all(struct store *store, const char *home, const char *copy)
{
	int data = open_folder(home, "data"), log = open_folder(home, "log");
	int to_data, to_log;
	struct store_position begin, end;
	struct err err = { 0 };

	close(open_folder(copy, "."));
	to_data = open_folder(copy, "data");
	to_log = open_folder(copy, "log");
	must(store_checkpoint(store, true, NULL, &err), &err);
	must(store_hold_logs(store, 1, HOLD_MS, &err), &err);
	must(store_position(store, &begin, &err), &err);
	must(store_copy_data(data, to_data, &no_pace, &err), &err);
	must(store_position(store, &end, &err), &err);
	for (uint64_t number = begin.first_log; number <= end.last_log; number++) {
		char name[STORE_LOG_NAME_SIZE];

		store_log_name(number, name);
		must(file_copy(log, to_log, name,
			     number < end.last_log ? FILE_WHOLE : end.last_bytes, NULL, &err),
			&err);
	}
	close(data);
	close(log);
	close(to_data);
	close(to_log);
}

static uint64_t check_writer(struct store *store, unsigned writer, uint32_t acknowledged)
{
	uint64_t found = 0;

	for (uint32_t n = 1; n <= crowd->written[writer]; n++) {
		struct op op = fixture_op(OP_READ, writer * PER_WRITER + n);
		enum err_code code = fixture_error(store, &op);

		assert_true(code == ERR_NONE || n > acknowledged);
		/* no gap */
		assert_true(code == ERR_NOT_FOUND || found == n - 1);
		found += code == ERR_NONE;
	}
	return found;
}

static void copy_of_a_busy_store_is_of_one_moment(void **state)
{
	struct store *store = crowd_recover("busy");
	struct store_options options = crowd_options;
	char copy[PATH_LEN];
	uint32_t acknowledged[WRITERS];
	uint64_t tasks = 0;
	pid_t pids[WRITERS];

	(void)state;
	snprintf(copy, sizeof(copy), "%s/copy", check_temp_dir());
	assert_int_equal(mkdir(copy, 0700), 0);
	for (unsigned i = 0; i < WRITERS; i++)
		pids[i] = crowd_start(write_for_ever, i);
	crowd_wait(&crowd->acknowledged[0], 200);
	for (unsigned i = 0; i < WRITERS; i++)
		acknowledged[i] = crowd->acknowledged[i];
	copy_all(store, crowd_options.home, copy);
	/* Before the writers die: a mutex that they held is never released. */
	store_close(store);
	crowd_stop(pids, WRITERS);

	options.mode = STORE_RESTORE;
	options.home = copy;
	options.shared = NULL;
	options.activity = NULL;
	store = fixture_open(&options);
	for (unsigned i = 0; i < WRITERS; i++)
		tasks += check_writer(store, i, acknowledged[i]);
	fixture_verify(store, tasks);
	store_close(store);
}

static void damaged_page_is_not_copied(void **state)
{
	int data, to;
	struct err err = { 0 };
	char copy[PATH_LEN];
	int fd;

	(void)state;
	store_close(crowd_recover("damaged"));
	snprintf(copy, sizeof(copy), "%s/undamaged", check_temp_dir());
	assert_int_equal(mkdir(copy, 0700), 0);
	data = open_folder(crowd_options.home, "data");
	to = open_folder(copy, "data");
	fd = openat(data, "users.db", O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "damage", 6, 4096 + 30), 6);
	close(fd);
	assert_fails(store_copy_data(data, to, &no_pace, &err), &err, ERR_DAMAGED);
	assert_string_equal(err_text(&err), "page 1 of users.db is damaged");
	close(data);
	close(to);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CROWD(logs_are_kept_during_a_hold),
		CHECK(hold_ends_by_itself),
		WITH_CROWD(copy_of_a_busy_store_is_of_one_moment),
		WITH_CROWD(damaged_page_is_not_copied),
	};

	return CHECK_RUN(tests);
}
