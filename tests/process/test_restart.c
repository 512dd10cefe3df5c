/* The supervisor's policy, by tables. */
#include "lib/check.h"
#include "process/restart.h"

/* As waitpid gives them. */
#define EXITED(code)   ((code) << 8)
#define KILLED(signal) (signal)

static void test_decide(void **state)
{
	static const struct {
		struct child_exit death;
		enum restart_action verdict;
	} rows[] = {
		/* a worker that had served, and one that had not */
		{ { .role = ROLE_WORKER, .status = KILLED(9), .was_healthy = true }, RESTART_NOW },
		{ { .role = ROLE_WORKER, .status = EXITED(1), .was_healthy = true }, RESTART_NOW },
		{ { .role = ROLE_WORKER, .status = EXITED(0), .was_healthy = true }, RESTART_NOW },
		{ { .role = ROLE_WORKER, .status = KILLED(11) }, RESTART_DELAYED },
		{ { .role = ROLE_WORKER, .status = EXITED(0) }, RESTART_DELAYED },
		{ { .role = ROLE_KEEPER, .status = KILLED(9), .was_healthy = true }, RESTART_NOW },
		{ { .role = ROLE_KEEPER, .status = EXITED(1) }, RESTART_DELAYED },
		/* inside the store nothing excuses */
		{ { .role = ROLE_WORKER,
			  .status = KILLED(9),
			  .in_store = true,
			  .was_healthy = true },
			RESTART_RECOVER },
		{ { .role = ROLE_WORKER, .status = EXITED(1), .in_store = true }, RESTART_RECOVER },
		{ { .role = ROLE_WORKER,
			  .status = KILLED(9),
			  .in_store = true,
			  .exit_requested = true },
			RESTART_RECOVER },
		{ { .role = ROLE_KEEPER,
			  .status = KILLED(9),
			  .in_store = true,
			  .was_healthy = true },
			RESTART_RECOVER },
		{ { .role = ROLE_OPERATOR, .status = KILLED(9), .in_store = true },
			RESTART_RECOVER },
		/* a panic is one wherever it was noticed */
		{ { .role = ROLE_WORKER, .status = EXITED(STORE_EXIT_PANIC) }, RESTART_RECOVER },
		{ { .role = ROLE_WORKER,
			  .status = EXITED(STORE_EXIT_PANIC),
			  .exit_requested = true },
			RESTART_RECOVER },
		{ { .role = ROLE_KEEPER, .status = EXITED(STORE_EXIT_PANIC), .was_healthy = true },
			RESTART_RECOVER },
		{ { .role = ROLE_OPERATOR, .status = EXITED(STORE_EXIT_PANIC) }, RESTART_RECOVER },
		/* who was told to leave is not missed; an operator never is */
		{ { .role = ROLE_WORKER,
			  .status = EXITED(0),
			  .exit_requested = true,
			  .was_healthy = true },
			RESTART_NONE },
		{ { .role = ROLE_WORKER, .status = KILLED(9), .exit_requested = true },
			RESTART_NONE },
		{ { .role = ROLE_KEEPER,
			  .status = EXITED(0),
			  .exit_requested = true,
			  .was_healthy = true },
			RESTART_NONE },
		{ { .role = ROLE_OPERATOR, .status = EXITED(0) }, RESTART_NONE },
		{ { .role = ROLE_OPERATOR, .status = KILLED(9) }, RESTART_NONE },
		/* recovery: its place word means nothing */
		{ { .role = ROLE_RECOVER, .status = EXITED(0) }, RECOVERY_DONE },
		{ { .role = ROLE_RECOVER, .status = EXITED(1) }, RECOVERY_FAILED },
		{ { .role = ROLE_RECOVER, .status = KILLED(9), .in_store = true },
			RECOVERY_FAILED },
		{ { .role = ROLE_RECOVER, .status = EXITED(STORE_EXIT_PANIC), .in_store = true },
			RECOVERY_FAILED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (restart_decide(&rows[i].death) != rows[i].verdict)
			print_error("row %zu\n", i);
		assert_int_equal(restart_decide(&rows[i].death), rows[i].verdict);
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
		bool stuck = restart_child_is_stuck(
			rows[i].role, rows[i].process, rows[i].still, 2, rows[i].busy_sibling);

		if (stuck != rows[i].stuck)
			print_error("row %zu\n", i);
		assert_int_equal(stuck, rows[i].stuck);
	}
}

static void test_process_states(void **state)
{
	(void)state;
	assert_true(restart_state_is_stopped('T') && restart_state_is_stopped('t'));
	assert_false(restart_state_is_stopped('S') || restart_state_is_stopped('D') ||
		     restart_state_is_stopped('Z'));
	assert_true(restart_state_is_busy('D') && restart_state_is_busy('R'));
	assert_false(restart_state_is_busy('S') || restart_state_is_busy('T') ||
		     restart_state_is_busy('Z'));
}

static void test_next_number(void **state)
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
	assert_int_equal(restart_next_number(processes, count, ROLE_KEEPER, 2, 1), 0);
	assert_int_equal(restart_next_number(processes, count, ROLE_KEEPER, 3, 1), 1);
	assert_int_equal(restart_next_number(processes, count, ROLE_WORKER, 2, 1), 0);
	assert_int_equal(restart_next_number(processes, count, ROLE_WORKER, 2, 3), 2);
	processes[2].pid = 14;
	assert_int_equal(restart_next_number(processes, count, ROLE_WORKER, 2, 3), 0);
	assert_int_equal(restart_next_number(processes, count, ROLE_WORKER, 2, 4), 4);
	assert_int_equal(restart_next_number(processes, 0, ROLE_WORKER, 2, 2), 1);
}

static void test_backoff(void **state)
{
	struct restart_backoff delay = { .min_ms = 50, .max_ms = 1000 };
	int64_t now = 100000;

	(void)state;
	restart_backoff_extend(&delay, now);
	assert_int_equal(delay.retry_at_ms, now + 50);
	/* all children dying at once count once */
	restart_backoff_extend(&delay, now + 10);
	assert_int_equal(delay.retry_at_ms, now + 50);
	restart_backoff_extend(&delay, now + 50);
	assert_int_equal(delay.delay_ms, 100);
	for (int i = 0; i < 10; i++)
		restart_backoff_extend(&delay, delay.retry_at_ms);
	assert_int_equal(delay.delay_ms, 1000);
	/* an old failure is forgotten */
	now = delay.retry_at_ms + 1001;
	restart_backoff_extend(&delay, now);
	assert_int_equal(delay.delay_ms, 50);
	restart_backoff_extend(&delay, delay.retry_at_ms);
	restart_backoff_reset(&delay);
	assert_int_equal(delay.retry_at_ms, 0);
	restart_backoff_extend(&delay, now + 2000);
	assert_int_equal(delay.delay_ms, 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(test_decide),
		CHECK(test_stuck),
		CHECK(test_process_states),
		CHECK(test_next_number),
		CHECK(test_backoff),
	};

	return CHECK_RUN(tests);
}
