/* The keeper's loop of periodic jobs. */
#include "lib/check.h"
#include "process/jobs.h"

static int64_t now;

static int64_t clock_ms(void)
{
	return now;
}

/* Behaviour of a job of the test, and the number of its runs. */
struct behaviour {
	int64_t takes_ms;
	unsigned slices; /* left; the last one says that nothing is left */
	enum err_code fails;
	const char *text; /* of the error; NULL: the default */
	unsigned runs;
};

struct fixture {
	struct jobs jobs;
	struct behaviour behaviours[3];
	unsigned heartbeats;
};

static bool run(void *data, const struct job *job, bool *more, struct err *err)
{
	struct fixture *fixture = data;
	struct behaviour *behaviour = &fixture->behaviours[job->number];

	behaviour->runs++;
	now += behaviour->takes_ms;
	if (behaviour->fails)
		return behaviour->text ? err_set(err, behaviour->fails, NULL, "%s", behaviour->text)
				       : err_set(err, behaviour->fails, NULL, NULL);
	if (behaviour->slices > 0)
		behaviour->slices--;
	*more = behaviour->slices > 0;
	return true;
}

static void give_heartbeat(void *data)
{
	struct fixture *fixture = data;

	fixture->heartbeats++;
}

static void set_up(struct fixture *fixture)
{
	static const struct job jobs[] = {
		{ .name = "first", .interval_ms = 1000, .run = run, .number = 0 },
		{ .name = "second", .interval_ms = 500, .run = run, .number = 1 },
		{ .name = "third",
			.interval_ms = 60000,
			.duty_percent = 50,
			.run = run,
			.number = 2 },
	};

	now = 1000000;
	*fixture = (struct fixture){ 0 };
	fixture->jobs.data = fixture;
	fixture->jobs.clock_ms = clock_ms;
	fixture->jobs.before_run = give_heartbeat;
	for (size_t i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++)
		jobs_add(&fixture->jobs, &jobs[i]);
}

static void expect_runs(const struct fixture *fixture, unsigned a, unsigned b, unsigned c)
{
	assert_int_equal(fixture->behaviours[0].runs, a);
	assert_int_equal(fixture->behaviours[1].runs, b);
	assert_int_equal(fixture->behaviours[2].runs, c);
}

static void jobs_run_at_the_start_and_after_their_interval(void **state)
{
	struct fixture fixture;

	(void)state;
	set_up(&fixture);
	assert_int_equal(jobs_wait_ms(&fixture.jobs, 200), 0);
	assert_true(jobs_run_due(&fixture.jobs));
	expect_runs(&fixture, 1, 1, 1);
	assert_int_equal(jobs_wait_ms(&fixture.jobs, 200), 200);
	assert_int_equal(jobs_wait_ms(&fixture.jobs, 2000), 500);
	now += 500;
	assert_true(jobs_run_due(&fixture.jobs));
	expect_runs(&fixture, 1, 2, 1);
	now += 500;
	assert_true(jobs_run_due(&fixture.jobs));
	expect_runs(&fixture, 2, 3, 1);
	assert_int_equal(fixture.heartbeats, 6);
}

/* A slice of 20 ms with a duty of 50 % is followed by a pause of 20 ms. */
static void job_with_more_work_runs_again_after_a_pause(void **state)
{
	struct fixture fixture;

	(void)state;
	set_up(&fixture);
	fixture.behaviours[2] = (struct behaviour){ .takes_ms = 20, .slices = 3 };
	assert_true(jobs_run_due(&fixture.jobs));
	assert_int_equal(jobs_wait_ms(&fixture.jobs, 200), 20);
	now += 19;
	assert_true(jobs_run_due(&fixture.jobs));
	expect_runs(&fixture, 1, 1, 1);
	now += 1;
	assert_true(jobs_run_due(&fixture.jobs));
	expect_runs(&fixture, 1, 1, 2);
	now += 20;
	assert_true(jobs_run_due(&fixture.jobs));
	expect_runs(&fixture, 1, 1, 3);
	/* Nothing is left: the next run is due after the interval. */
	now += 20;
	assert_true(jobs_run_due(&fixture.jobs));
	expect_runs(&fixture, 1, 1, 3);
}

static void other_jobs_run_between_slices(void **state)
{
	struct fixture fixture;

	(void)state;
	set_up(&fixture);
	fixture.behaviours[2] = (struct behaviour){ .takes_ms = 20, .slices = 1000 };
	for (int64_t end = now + 10000; now < end; now += jobs_wait_ms(&fixture.jobs, 200))
		assert_true(jobs_run_due(&fixture.jobs));
	assert_in_range(fixture.behaviours[0].runs, 9, 11);
	assert_in_range(fixture.behaviours[1].runs, 18, 21);
	assert_in_range(fixture.behaviours[2].runs, 240, 251);
}

static void pause_has_bounds(void **state)
{
	struct fixture fixture;

	(void)state;
	set_up(&fixture);
	fixture.behaviours[0] = (struct behaviour){ .takes_ms = 0, .slices = 3 };
	assert_true(jobs_run_due(&fixture.jobs));
	assert_int_equal(jobs_wait_ms(&fixture.jobs, 200), 1);
	/* Without a duty of its own: JOB_DUTY_PERCENT, but no longer than JOB_PAUSE_MAX_MS. */
	fixture.behaviours[0].takes_ms = 10;
	now += 1;
	assert_true(jobs_run_due(&fixture.jobs));
	assert_int_equal(jobs_wait_ms(&fixture.jobs, 200), 30);
	fixture.behaviours[0] = (struct behaviour){ .takes_ms = 100000, .slices = 3 };
	now += 30;
	assert_true(jobs_run_due(&fixture.jobs));
	assert_true(jobs_run_due(&fixture.jobs));
	assert_int_equal(jobs_wait_ms(&fixture.jobs, 1000), JOB_PAUSE_MAX_MS);
}

static unsigned a_tenth(void *data)
{
	(void)data;
	return 10;
}

/* The pause after a run has the share of then. */
static void duty_may_change_from_run_to_run(void **state)
{
	struct fixture fixture;

	(void)state;
	set_up(&fixture);
	fixture.behaviours[2] = (struct behaviour){ .takes_ms = 5, .slices = 9 };
	assert_true(jobs_run_due(&fixture.jobs));
	assert_int_equal(jobs_wait_ms(&fixture.jobs, 200), 5);
	fixture.jobs.at[2].duty = a_tenth;
	now += 5;
	assert_true(jobs_run_due(&fixture.jobs));
	assert_int_equal(jobs_wait_ms(&fixture.jobs, 200), 45);
}

static void failure_is_logged_once_and_ends_the_slices(void **state)
{
	struct fixture fixture;

	(void)state;
	set_up(&fixture);
	fixture.behaviours[1] = (struct behaviour){ .slices = 9, .fails = ERR_BUSY, .text = "no" };
	expect_log("keeper");
	assert_true(jobs_run_due(&fixture.jobs));
	assert_int_equal(jobs_wait_ms(&fixture.jobs, 1000), 500);
	now += 500;
	assert_true(jobs_run_due(&fixture.jobs));
	expect_runs(&fixture, 1, 2, 1);
}

static void lost_environment_ends_the_loop(void **state)
{
	struct fixture fixture;

	(void)state;
	set_up(&fixture);
	/* not logged: the store has done so */
	fixture.behaviours[1].fails = ERR_PANIC;
	assert_false(jobs_run_due(&fixture.jobs));
	expect_runs(&fixture, 1, 1, 0);
}

static void cause_of_a_recovery_is_logged(void **state)
{
	struct fixture fixture;

	(void)state;
	set_up(&fixture);
	fixture.behaviours[1] = (struct behaviour){ .fails = ERR_PANIC, .text = "it is replaced" };
	expect_log("keeper");
	assert_false(jobs_run_due(&fixture.jobs));
	expect_runs(&fixture, 1, 1, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(jobs_run_at_the_start_and_after_their_interval),
		cmocka_unit_test(job_with_more_work_runs_again_after_a_pause),
		cmocka_unit_test(other_jobs_run_between_slices),
		cmocka_unit_test(pause_has_bounds),
		cmocka_unit_test(duty_may_change_from_run_to_run),
		cmocka_unit_test(failure_is_logged_once_and_ends_the_slices),
		cmocka_unit_test(lost_environment_ends_the_loop),
		cmocka_unit_test(cause_of_a_recovery_is_logged),
	};

	return CHECK_RUN(tests);
}
