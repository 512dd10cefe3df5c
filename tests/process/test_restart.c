/* The restart policy of the supervisor. */
#include "lib/check.h"
#include "process/restart.h"

/* Statuses of waitpid(2). */
#define EXITED(code)   ((code) << 8)
#define KILLED(signal) (signal)

struct decision {
	struct child_exit child;
	enum restart_action action;
};

static void check_decisions(const struct decision *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (restart_decide(&rows[i].child) != rows[i].action)
			print_error("row %zu\n", i);
		assert_int_equal(restart_decide(&rows[i].child), rows[i].action);
	}
}

#define CHECK_DECISIONS(rows) check_decisions(rows, sizeof(rows) / sizeof((rows)[0]))

static void exit_outside_the_store_restarts(void **state)
{
	static const struct decision rows[] = {
		{ { .role = ROLE_WORKER, .status = KILLED(9), .was_healthy = true }, RESTART_NOW },
		{ { .role = ROLE_WORKER, .status = EXITED(1), .was_healthy = true }, RESTART_NOW },
		{ { .role = ROLE_WORKER, .status = EXITED(0), .was_healthy = true }, RESTART_NOW },
		{ { .role = ROLE_WORKER, .status = KILLED(11) }, RESTART_DELAYED },
		{ { .role = ROLE_WORKER, .status = EXITED(0) }, RESTART_DELAYED },
		{ { .role = ROLE_KEEPER, .status = KILLED(9), .was_healthy = true }, RESTART_NOW },
		{ { .role = ROLE_KEEPER, .status = EXITED(1) }, RESTART_DELAYED },
		{ { .role = ROLE_NOTIFIER, .status = KILLED(9), .was_healthy = true },
			RESTART_NOW },
		{ { .role = ROLE_NOTIFIER, .status = EXITED(1) }, RESTART_DELAYED },
	};

	(void)state;
	CHECK_DECISIONS(rows);
}

/* Neither health nor a requested exit matters. */
static void exit_inside_the_store_recovers(void **state)
{
	static const struct decision rows[] = {
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
	};

	(void)state;
	CHECK_DECISIONS(rows);
}

/* Wherever it was noticed. */
static void panic_recovers(void **state)
{
	static const struct decision rows[] = {
		{ { .role = ROLE_WORKER, .status = EXITED(STORE_EXIT_PANIC) }, RESTART_RECOVER },
		{ { .role = ROLE_WORKER,
			  .status = EXITED(STORE_EXIT_PANIC),
			  .exit_requested = true },
			RESTART_RECOVER },
		{ { .role = ROLE_KEEPER, .status = EXITED(STORE_EXIT_PANIC), .was_healthy = true },
			RESTART_RECOVER },
		{ { .role = ROLE_OPERATOR, .status = EXITED(STORE_EXIT_PANIC) }, RESTART_RECOVER },
	};

	(void)state;
	CHECK_DECISIONS(rows);
}

/* What it has left behind is known to the server only, which undoes it. */
static void exit_with_a_shared_store_never_recovers(void **state)
{
	static const struct decision rows[] = {
		{ { .role = ROLE_WRITER,
			  .status = KILLED(9),
			  .in_store = true,
			  .was_healthy = true,
			  .shared = true },
			RESTART_NOW },
		{ { .role = ROLE_WRITER, .status = KILLED(11), .in_store = true, .shared = true },
			RESTART_DELAYED },
		{ { .role = ROLE_WRITER,
			  .status = KILLED(9),
			  .in_store = true,
			  .exit_requested = true,
			  .shared = true },
			RESTART_NONE },
		{ { .role = ROLE_KEEPER,
			  .status = EXITED(STORE_EXIT_PANIC),
			  .was_healthy = true,
			  .shared = true },
			RESTART_NOW },
		{ { .role = ROLE_READER, .status = EXITED(STORE_EXIT_PANIC), .shared = true },
			RESTART_DELAYED },
		{ { .role = ROLE_OPERATOR, .status = KILLED(9), .in_store = true, .shared = true },
			RESTART_NONE },
		{ { .role = ROLE_RECOVER, .status = EXITED(0), .shared = true }, RECOVERY_DONE },
		{ { .role = ROLE_RECOVER, .status = EXITED(1), .shared = true }, RECOVERY_FAILED },
	};

	(void)state;
	CHECK_DECISIONS(rows);
}

/* An operator is never replaced. */
static void requested_exit_is_not_replaced(void **state)
{
	static const struct decision rows[] = {
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
	};

	(void)state;
	CHECK_DECISIONS(rows);
}

/* Its store_activity is ignored. */
static void recovery_exit_decides_by_status(void **state)
{
	static const struct decision rows[] = {
		{ { .role = ROLE_RECOVER, .status = EXITED(0) }, RECOVERY_DONE },
		{ { .role = ROLE_RECOVER, .status = EXITED(1) }, RECOVERY_FAILED },
		{ { .role = ROLE_RECOVER, .status = KILLED(9), .in_store = true },
			RECOVERY_FAILED },
		{ { .role = ROLE_RECOVER, .status = EXITED(STORE_EXIT_PANIC), .in_store = true },
			RECOVERY_FAILED },
	};

	(void)state;
	CHECK_DECISIONS(rows);
}

struct silence {
	enum role role;
	char state;
	int64_t silent_ms;
	bool busy_sibling, stuck;
};

/* With stuck_seconds = 2. */
static void check_silences(const struct silence *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		bool stuck = restart_child_is_stuck(
			rows[i].role, rows[i].state, rows[i].silent_ms, 2, rows[i].busy_sibling);

		if (stuck != rows[i].stuck)
			print_error("row %zu\n", i);
		assert_int_equal(stuck, rows[i].stuck);
	}
}

#define CHECK_SILENCES(rows) check_silences(rows, sizeof(rows) / sizeof((rows)[0]))

static void stopped_process_is_stuck_after_stuck_seconds(void **state)
{
	static const struct silence rows[] = {
		{ ROLE_WORKER, 'T', 1999, false, false },
		{ ROLE_WORKER, 'T', 2000, false, true },
		{ ROLE_WORKER, 't', 2000, false, true },
		{ ROLE_WORKER, 'T', 2000, true, true },
		{ ROLE_OPERATOR, 'T', 2000, false, true },
		{ ROLE_RECOVER, 'T', 2000, false, true },
	};

	(void)state;
	CHECK_SILENCES(rows);
}

static void sleeping_process_is_stuck_after_3_s_more(void **state)
{
	static const struct silence rows[] = {
		{ ROLE_WORKER, 'S', 4999, false, false },
		{ ROLE_WORKER, 'S', 5000, false, true },
		{ ROLE_KEEPER, 'S', 5000, false, true },
	};

	(void)state;
	CHECK_SILENCES(rows);
}

/* The sibling may wait for the disk and hold a lock. */
static void sleeping_process_may_wait_for_a_busy_sibling(void **state)
{
	static const struct silence rows[] = {
		{ ROLE_WORKER, 'S', 29999, true, false },
		{ ROLE_WORKER, 'S', 30000, true, true },
	};

	(void)state;
	CHECK_SILENCES(rows);
}

static void busy_worker_is_stuck_after_30_s(void **state)
{
	static const struct silence rows[] = {
		{ ROLE_WORKER, 'D', 29999, false, false },
		{ ROLE_WORKER, 'D', 30000, false, true },
		{ ROLE_WORKER, 'R', 29999, false, false },
		{ ROLE_WORKER, 'R', 30000, false, true },
	};

	(void)state;
	CHECK_SILENCES(rows);
}

/* For example a checkpoint on a slow disk, an export or recovery. */
static void one_call_of_the_store_may_take_minutes(void **state)
{
	static const struct silence rows[] = {
		{ ROLE_KEEPER, 'D', 3600000, false, false },
		{ ROLE_KEEPER, 'R', 3600000, false, false },
		{ ROLE_OPERATOR, 'S', 3600000, false, false },
		{ ROLE_OPERATOR, 'R', 3600000, false, false },
		{ ROLE_RECOVER, 'D', 3600000, false, false },
	};

	(void)state;
	CHECK_SILENCES(rows);
}

/* Its processor time is its heartbeat. */
static void sleeping_recovery_is_stuck_after_60_s(void **state)
{
	static const struct silence rows[] = {
		{ ROLE_RECOVER, 'S', 59999, false, false },
		{ ROLE_RECOVER, 'S', 60000, false, true },
		{ ROLE_RECOVER, 'R', 3600000, false, false },
	};

	(void)state;
	CHECK_SILENCES(rows);
}

static void dead_process_is_not_stuck(void **state)
{
	static const struct silence rows[] = {
		{ ROLE_WORKER, 'Z', 3600000, false, false },
		{ ROLE_WORKER, 'X', 3600000, false, false },
	};

	(void)state;
	CHECK_SILENCES(rows);
}

static void process_states_are_classified(void **state)
{
	static const struct {
		char state;
		bool stopped, busy;
	} rows[] = {
		{ 'T', true, false },
		{ 't', true, false },
		{ 'D', false, true },
		{ 'R', false, true },
		{ 'S', false, false },
		{ 'Z', false, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(restart_state_is_stopped(rows[i].state), rows[i].stopped);
		assert_int_equal(restart_state_is_busy(rows[i].state), rows[i].busy);
	}
}

static void lowest_free_number_is_next(void **state)
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

static void backoff_doubles_up_to_its_maximum(void **state)
{
	struct restart_backoff backoff = { .min_ms = 50, .max_ms = 1000 };
	int64_t now = 100000;

	(void)state;
	restart_backoff_extend(&backoff, now);
	assert_int_equal(backoff.retry_at_ms, now + 50);
	restart_backoff_extend(&backoff, now + 50);
	assert_int_equal(backoff.delay_ms, 100);
	for (int i = 0; i < 10; i++)
		restart_backoff_extend(&backoff, backoff.retry_at_ms);
	assert_int_equal(backoff.delay_ms, 1000);
}

static void simultaneous_failures_count_once(void **state)
{
	struct restart_backoff backoff = { .min_ms = 50, .max_ms = 1000 };
	int64_t now = 100000;

	(void)state;
	restart_backoff_extend(&backoff, now);
	restart_backoff_extend(&backoff, now + 10);
	assert_int_equal(backoff.retry_at_ms, now + 50);
}

static void backoff_restarts_after_a_time_without_failure(void **state)
{
	struct restart_backoff backoff = { .min_ms = 50, .max_ms = 1000 };

	(void)state;
	restart_backoff_extend(&backoff, 100000);
	restart_backoff_extend(&backoff, backoff.retry_at_ms);
	assert_int_equal(backoff.delay_ms, 100);
	restart_backoff_extend(&backoff, backoff.retry_at_ms + backoff.max_ms + 1);
	assert_int_equal(backoff.delay_ms, 50);
}

static void reset_forgets_the_backoff(void **state)
{
	struct restart_backoff backoff = { .min_ms = 50, .max_ms = 1000 };

	(void)state;
	restart_backoff_extend(&backoff, 100000);
	restart_backoff_extend(&backoff, backoff.retry_at_ms);
	restart_backoff_reset(&backoff);
	assert_int_equal(backoff.retry_at_ms, 0);
	restart_backoff_extend(&backoff, 102000);
	assert_int_equal(backoff.delay_ms, 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(exit_outside_the_store_restarts),
		CHECK(exit_inside_the_store_recovers),
		CHECK(panic_recovers),
		CHECK(exit_with_a_shared_store_never_recovers),
		CHECK(requested_exit_is_not_replaced),
		CHECK(recovery_exit_decides_by_status),
		CHECK(stopped_process_is_stuck_after_stuck_seconds),
		CHECK(sleeping_process_is_stuck_after_3_s_more),
		CHECK(sleeping_process_may_wait_for_a_busy_sibling),
		CHECK(busy_worker_is_stuck_after_30_s),
		CHECK(one_call_of_the_store_may_take_minutes),
		CHECK(sleeping_recovery_is_stuck_after_60_s),
		CHECK(dead_process_is_not_stuck),
		CHECK(process_states_are_classified),
		CHECK(lowest_free_number_is_next),
		CHECK(backoff_doubles_up_to_its_maximum),
		CHECK(simultaneous_failures_count_once),
		CHECK(backoff_restarts_after_a_time_without_failure),
		CHECK(reset_forgets_the_backoff),
	};

	return CHECK_RUN(tests);
}
