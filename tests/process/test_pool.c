/* The supervisor's policy, by tables. */
#include "lib/check.h"
#include "process/pool.h"

/* As waitpid gives them. */
#define EXITED(code)   ((code) << 8)
#define KILLED(signal) (signal)

static void test_judge(void **state)
{
	static const struct {
		struct pool_death death;
		enum pool_verdict verdict;
	} rows[] = {
		/* a worker that had served, and one that had not */
		{ { .role = ROLE_WORKER, .status = KILLED(9), .proven = true }, POOL_REPLACE },
		{ { .role = ROLE_WORKER, .status = EXITED(1), .proven = true }, POOL_REPLACE },
		{ { .role = ROLE_WORKER, .status = EXITED(0), .proven = true }, POOL_REPLACE },
		{ { .role = ROLE_WORKER, .status = KILLED(11) }, POOL_THROTTLE },
		{ { .role = ROLE_WORKER, .status = EXITED(0) }, POOL_THROTTLE },
		{ { .role = ROLE_KEEPER, .status = KILLED(9), .proven = true }, POOL_REPLACE },
		{ { .role = ROLE_KEEPER, .status = EXITED(1) }, POOL_THROTTLE },
		/* inside the store nothing excuses */
		{ { .role = ROLE_WORKER, .status = KILLED(9), .inside = true, .proven = true },
			POOL_RECOVER },
		{ { .role = ROLE_WORKER, .status = EXITED(1), .inside = true }, POOL_RECOVER },
		{ { .role = ROLE_WORKER, .status = KILLED(9), .inside = true, .dismissed = true },
			POOL_RECOVER },
		{ { .role = ROLE_KEEPER, .status = KILLED(9), .inside = true, .proven = true },
			POOL_RECOVER },
		{ { .role = ROLE_OPERATOR, .status = KILLED(9), .inside = true }, POOL_RECOVER },
		/* a panic is one wherever it was noticed */
		{ { .role = ROLE_WORKER, .status = EXITED(STORE_EXIT_PANIC) }, POOL_RECOVER },
		{ { .role = ROLE_WORKER, .status = EXITED(STORE_EXIT_PANIC), .dismissed = true },
			POOL_RECOVER },
		{ { .role = ROLE_KEEPER, .status = EXITED(STORE_EXIT_PANIC), .proven = true },
			POOL_RECOVER },
		{ { .role = ROLE_OPERATOR, .status = EXITED(STORE_EXIT_PANIC) }, POOL_RECOVER },
		/* who was told to leave is not missed; an operator never is */
		{ { .role = ROLE_WORKER, .status = EXITED(0), .dismissed = true, .proven = true },
			POOL_FORGET },
		{ { .role = ROLE_WORKER, .status = KILLED(9), .dismissed = true }, POOL_FORGET },
		{ { .role = ROLE_KEEPER, .status = EXITED(0), .dismissed = true, .proven = true },
			POOL_FORGET },
		{ { .role = ROLE_OPERATOR, .status = EXITED(0) }, POOL_FORGET },
		{ { .role = ROLE_OPERATOR, .status = KILLED(9) }, POOL_FORGET },
		/* recovery: its place word means nothing */
		{ { .role = ROLE_RECOVER, .status = EXITED(0) }, POOL_RECOVERED },
		{ { .role = ROLE_RECOVER, .status = EXITED(1) }, POOL_UNRECOVERED },
		{ { .role = ROLE_RECOVER, .status = KILLED(9), .inside = true }, POOL_UNRECOVERED },
		{ { .role = ROLE_RECOVER, .status = EXITED(STORE_EXIT_PANIC), .inside = true },
			POOL_UNRECOVERED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (pool_judge(&rows[i].death) != rows[i].verdict)
			print_error("row %zu\n", i);
		assert_int_equal(pool_judge(&rows[i].death), rows[i].verdict);
	}
}

static void test_stuck(void **state)
{
	static const struct {
		enum role role;
		char process;
		int64_t still;
		bool busy_sibling, stuck;
	} rows[] = {
		{ ROLE_WORKER, 'T', 1999, false, false },
		{ ROLE_WORKER, 'T', 2000, false, true },
		{ ROLE_WORKER, 't', 2000, false, true },
		{ ROLE_WORKER, 'T', 2000, true, true },
		{ ROLE_OPERATOR, 'T', 2000, false, true },
		{ ROLE_RECOVER, 'T', 2000, false, true },
		{ ROLE_WORKER, 'S', 4999, false, false },
		{ ROLE_WORKER, 'S', 5000, false, true },
		/* perhaps it waits for the sibling that waits for the disk */
		{ ROLE_WORKER, 'S', 29999, true, false },
		{ ROLE_WORKER, 'S', 30000, true, true },
		{ ROLE_WORKER, 'D', 29999, false, false },
		{ ROLE_WORKER, 'D', 30000, false, true },
		/* a checkpoint on a slow disk is one call of the store */
		{ ROLE_KEEPER, 'D', 3600000, false, false },
		{ ROLE_KEEPER, 'R', 3600000, false, false },
		{ ROLE_KEEPER, 'S', 5000, false, true },
		{ ROLE_WORKER, 'R', 29999, false, false },
		{ ROLE_WORKER, 'R', 30000, false, true },
		/* one call may take them minutes */
		{ ROLE_OPERATOR, 'S', 3600000, false, false },
		{ ROLE_OPERATOR, 'R', 3600000, false, false },
		{ ROLE_RECOVER, 'D', 3600000, false, false },
		/* dead already */
		{ ROLE_WORKER, 'Z', 3600000, false, false },
		{ ROLE_WORKER, 'X', 3600000, false, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool stuck = pool_is_stuck(
			rows[i].role, rows[i].process, rows[i].still, 2, rows[i].busy_sibling);

		if (stuck != rows[i].stuck)
			print_error("row %zu\n", i);
		assert_int_equal(stuck, rows[i].stuck);
	}
}

static void test_process_states(void **state)
{
	(void)state;
	assert_true(pool_is_stopped('T') && pool_is_stopped('t'));
	assert_false(pool_is_stopped('S') || pool_is_stopped('D') || pool_is_stopped('Z'));
	assert_true(pool_is_busy('D') && pool_is_busy('R'));
	assert_false(pool_is_busy('S') || pool_is_busy('T') || pool_is_busy('Z'));
}

static void test_vacant(void **state)
{
	struct process processes[] = {
		{ .pid = 10, .role = ROLE_KEEPER, .number = 1, .generation = 2 },
		{ .pid = 11, .role = ROLE_WORKER, .number = 1, .generation = 2 },
		{ .pid = 0, .role = ROLE_WORKER, .number = 2, .generation = 2 },
		{ .pid = 12, .role = ROLE_WORKER, .number = 3, .generation = 2 },
		{ .pid = 13, .role = ROLE_WORKER, .number = 2, .generation = 1 },
	};
	const size_t count = sizeof(processes) / sizeof(processes[0]);

	(void)state;
	assert_int_equal(pool_vacant(processes, count, ROLE_KEEPER, 2, 1), 0);
	assert_int_equal(pool_vacant(processes, count, ROLE_KEEPER, 3, 1), 1);
	assert_int_equal(pool_vacant(processes, count, ROLE_WORKER, 2, 1), 0);
	assert_int_equal(pool_vacant(processes, count, ROLE_WORKER, 2, 3), 2);
	processes[2].pid = 14;
	assert_int_equal(pool_vacant(processes, count, ROLE_WORKER, 2, 3), 0);
	assert_int_equal(pool_vacant(processes, count, ROLE_WORKER, 2, 4), 4);
	assert_int_equal(pool_vacant(processes, 0, ROLE_WORKER, 2, 2), 1);
}

static void test_delay(void **state)
{
	struct pool_delay delay = { .least = 50, .most = 1000 };
	int64_t now = 100000;

	(void)state;
	pool_delay_extend(&delay, now);
	assert_int_equal(delay.until, now + 50);
	/* all children dying at once count once */
	pool_delay_extend(&delay, now + 10);
	assert_int_equal(delay.until, now + 50);
	pool_delay_extend(&delay, now + 50);
	assert_int_equal(delay.delay, 100);
	for (int i = 0; i < 10; i++)
		pool_delay_extend(&delay, delay.until);
	assert_int_equal(delay.delay, 1000);
	/* an old failure is forgotten */
	now = delay.until + 1001;
	pool_delay_extend(&delay, now);
	assert_int_equal(delay.delay, 50);
	pool_delay_extend(&delay, delay.until);
	pool_delay_reset(&delay);
	assert_int_equal(delay.until, 0);
	pool_delay_extend(&delay, now + 2000);
	assert_int_equal(delay.delay, 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(test_judge),
		CHECK(test_stuck),
		CHECK(test_process_states),
		CHECK(test_vacant),
		CHECK(test_delay),
	};

	return CHECK_RUN(tests);
}
