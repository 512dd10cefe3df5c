/*
 * Acknowledged writes survive the death of all processes; others are there wholly or not at all;
 * nothing is shown that is not on disk.
 */
#include <db.h> /* replaces its fsync */
#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/crowd.h"

#define CHILDREN   (WRITERS + 1)
#define ROUNDS	   6
#define ROUND_MS   150
#define PER_WRITER 1000000U

/* ---- all processes are killed ---- */

static void write_for_ever(struct store *store, unsigned writer)
{
	uint32_t first = writer * PER_WRITER;

	for (uint32_t n = crowd->written[writer] + 1;; n++) {
		struct op op = fixture_op(OP_CREATE, first + n);
		struct err err;

		crowd->written[writer] = n;
		op.change.status = STR("new");
		change_set_field(&op.change, STR("type"), STR("\"a\""));
		if (!crowd_apply(store, &op, &err))
			_exit(err.code == ERR_PANIC ? STORE_EXIT_PANIC : 91);
		op = fixture_op(OP_UPDATE, first + n);
		op.change.status = STR("old");
		if (n % 3 == 0 && !crowd_apply(store, &op, &err))
			_exit(92);
		if (!store_flush(store, &err))
			_exit(93);
		crowd->acknowledged[writer] = n;
	}
}

/* Reads the newest task of each writer, flushed or not, and notes which ones it could show. */
static void read_for_ever(struct store *store, unsigned number)
{
	(void)number;
	for (unsigned writer = 0;; writer = (writer + 1) % WRITERS) {
		uint32_t n = crowd->written[writer];
		struct op op = fixture_op(OP_READ, writer * PER_WRITER + n);
		struct err err;

		if (n > 0 && crowd_apply(store, &op, &err) && store_is_flushed(store))
			crowd->shown[writer] = n;
	}
}

static uint64_t check_writer(struct store *store, unsigned writer)
{
	uint32_t acknowledged = crowd->acknowledged[writer], shown = crowd->shown[writer];

	for (uint32_t n = 1; n <= crowd->written[writer]; n++) {
		struct op op = fixture_op(OP_READ, writer * PER_WRITER + n);
		enum err_code code = fixture_error(store, &op);

		if (code == ERR_NOT_FOUND && n > acknowledged && n != shown)
			fixture_create(
				store, writer * PER_WRITER + n, "new", NULL); /* fill the gap */
		else
			assert_code(code, ERR_NONE);
	}
	return crowd->written[writer];
}

/* Checks the store after recovery. */
static void check_all(struct store *store)
{
	struct op op = fixture_list(BY_ALL, NULL);
	struct result result = { 0 };
	struct err err = { 0 };
	uint64_t tasks = 0;

	for (unsigned i = 0; i < WRITERS; i++)
		tasks += check_writer(store, i);
	fixture_verify(store, tasks);
	op.list.want_total = true;
	op.list.limit = 1;
	must(store_apply(store, &op, &result, &err), &err);
	assert_int_equal(result.total, tasks);
	store_result_free(&result);
	must(store_flush(store, &err), &err);
}

static uint64_t sum(const _Atomic uint32_t numbers[WRITERS])
{
	uint64_t total = 0;

	for (unsigned i = 0; i < WRITERS; i++)
		total += numbers[i];
	return total;
}

/* On a slow machine it takes a while until a reader finds a flushed store. */
static void wait_until_shown(void)
{
	int64_t until = clock_mono_ms() + 60000;

	while (sum(crowd->shown) == 0 && clock_mono_ms() < until)
		usleep(1000);
	assert_true(sum(crowd->shown) > 0);
}

static void killed_processes_lose_no_acknowledged_write(void **state)
{
	struct store *store = crowd_recover("kill");
	pid_t pids[CHILDREN];

	(void)state;
	store_close(store);
	for (int round = 0; round < ROUNDS; round++) {
		for (unsigned i = 0; i < CHILDREN; i++)
			pids[i] = crowd_start(i < WRITERS ? write_for_ever : read_for_ever, i);
		usleep(ROUND_MS * 1000);
		crowd_wait(&crowd->acknowledged[0], crowd->written[0] + 1);
		if (round == ROUNDS - 1)
			wait_until_shown();
		crowd_stop(pids, CHILDREN);
		store = crowd_recover("kill");
		check_all(store);
		store_close(store);
	}
	print_message("# %llu tasks acknowledged in %d rounds\n",
		(unsigned long long)sum(crowd->acknowledged), ROUNDS);
}

/* ---- committed and not flushed ---- */

static void write_without_flush(struct store *store, unsigned number)
{
	fixture_create(store, number, "new", NULL);
	crowd->written[0] = store_is_flushed(store) ? 2 : 1;
	pause();
}

static void unflushed_commit_is_visible_and_can_be_lost(void **state)
{
	struct store *store = crowd_recover("unflushed");
	struct op op = fixture_op(OP_READ, 5);
	pid_t pid;

	(void)state;
	pid = crowd_start(write_without_flush, 5);
	crowd_wait(&crowd->written[0], 1);
	assert_int_equal(crowd->written[0], 1);
	assert_code(fixture_error(store, &op), ERR_NONE);
	assert_false(store_is_flushed(store));
	crowd_stop(&pid, 1);
	store_close(store);
	store = crowd_recover("unflushed");
	assert_code(fixture_error(store, &op), ERR_NOT_FOUND);
	fixture_verify(store, 0);
	store_close(store);
}

/* ---- disk error ---- */

static int fsync_fails(int fd)
{
	(void)fd;
	errno = EIO;
	return -1;
}

static void read_until_lost(struct store *store, unsigned number)
{
	struct op op = fixture_op(OP_READ, number);
	struct err err = { 0 };

	for (; crowd_apply(store, &op, &err); usleep(1000))
		crowd->good = 1;
	_exit(err.code == ERR_PANIC ? STORE_EXIT_PANIC : 90);
}

/* The first flush fails because of the disk, later calls because the environment is lost. */
static void lose_the_disk(struct store *store, unsigned number)
{
	struct op op = fixture_op(OP_READ, number);
	struct err err = { 0 };

	fixture_create(store, number, "new", NULL);
	db_env_set_func_fsync(fsync_fails);
	if (store_flush(store, &err) || err.code != ERR_PANIC || store_is_flushed(store))
		_exit(91);
	db_env_set_func_fsync(fsync);
	if (store_flush(store, &err) || err.code != ERR_PANIC || store_is_flushed(store))
		_exit(92);
	if (crowd_apply(store, &op, &err) || err.code != ERR_PANIC)
		_exit(93);
	store_close(store);
	_exit(STORE_EXIT_PANIC);
}

static void failed_fsync_ends_the_environment(void **state)
{
	struct store *store = crowd_recover("eio");
	struct op op = fixture_op(OP_READ, 1);
	struct err err = { 0 };
	pid_t pids[2];
	int status;

	(void)state;
	fixture_create(store, 1, "new", NULL);
	must(store_flush(store, &err), &err);
	store_close(store);
	pids[0] = crowd_start(read_until_lost, 1);
	crowd_wait(&crowd->good, 1);
	pids[1] = crowd_start(lose_the_disk, 2);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), STORE_EXIT_PANIC);
	}
	store = crowd_recover("eio");
	assert_code(fixture_error(store, &op), ERR_NONE);
	store_close(store);
}

/* ---- activity ---- */

static int fsync_looks(int fd)
{
	crowd->written[1] = (uint32_t)crowd->activity;
	return fsync(fd);
}

static void activity_is_shown_during_a_call(void **state)
{
	struct store *store = crowd_recover("activity");
	struct err err = { 0 };

	(void)state;
	store_close(store);
	crowd_options.activity = &crowd->activity;
	store = crowd_join();
	assert_int_equal(crowd->activity, STORE_IDLE);
	fixture_create(store, 1, "new", NULL);
	assert_int_equal(crowd->activity, STORE_IDLE);
	db_env_set_func_fsync(fsync_looks);
	must(store_flush(store, &err), &err);
	db_env_set_func_fsync(fsync);
	assert_int_equal(crowd->written[1], STORE_FLUSHING);
	assert_int_equal(crowd->activity, STORE_IDLE);
	store_close(store);
}

static void synchronous_commit_is_durable(void **state)
{
	struct store *store = crowd_recover("sync");
	struct op op = fixture_op(OP_READ, 1);

	(void)state;
	store_close(store);
	crowd_options.sync_commits = true;
	store = crowd_join();
	fixture_create(store, 1, "new", NULL);
	assert_true(store_is_flushed(store));
	store_close(store);
	store = crowd_recover("sync");
	assert_code(fixture_error(store, &op), ERR_NONE);
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CROWD(killed_processes_lose_no_acknowledged_write),
		WITH_CROWD(unflushed_commit_is_visible_and_can_be_lost),
		WITH_CROWD(failed_fsync_ends_the_environment),
		WITH_CROWD(activity_is_shown_during_a_call),
		WITH_CROWD(synchronous_commit_is_durable),
	};

	check_use_disk();
	return CHECK_RUN(tests);
}
