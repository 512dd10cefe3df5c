/* Claims and reports in any order, by tokens and under names. */
#include <stdlib.h>

#include "work_fixture.h"

#define WORKERS 3

struct life {
	struct task task;
	int64_t now;
	struct arena arena;
	int last;		  /* worker of the last claim; -1: none */
	uint64_t token;		  /* of that claim */
	unsigned results;	  /* of the task */
	uint64_t tokens[WORKERS]; /* that each has received */
};

static struct str name_of(int worker)
{
	static const struct str names[WORKERS] = { STR("a"), STR("b"), STR("c") };

	return names[worker];
}

/* What the store does after a change. */
static void settle(struct life *life, const struct task *old)
{
	life->task.revision++;
	finish(old, &life->task, &policy_default, life->now);
}

static void claim_at_random(struct life *life, int worker)
{
	const struct op_claim claim = {
		.worker = name_of(worker), .lease_ms = 1000, .confirm_ms = rand() % 2 ? 0 : 300
	};
	struct task old = life->task;

	if (!task_is_ready(&life->task))
		return;
	work_claim(&claim, &life->task, life->now, (uint64_t)rand());
	settle(life, &old);
	life->last = worker;
	life->token = life->tokens[worker] = life->task.lease.token;
}

/* A report by token must have that of the last claim, one by name the name of its worker. */
static void check_accepted(
	struct life *life, int worker, const struct op_report *what, bool nothing)
{
	bool by_name = what->holder.len > 0;

	if (what->any_holder || what->kind == REPORT_DUE)
		return;
	if (what->kind == REPORT_LOCK) {
		life->last = worker;
		life->token = life->tokens[worker] = life->task.lease.token;
		return;
	}
	assert_true(by_name ? worker == life->last : what->token == life->token);
	life->results += what->kind == REPORT_COMPLETE && !nothing;
	assert_true(life->results <= 1);
}

static void report_at_random(struct life *life, int worker)
{
	static const enum report_kind kinds[] = { REPORT_HEARTBEAT, REPORT_FAIL, REPORT_RELEASE,
		REPORT_LOCK, REPORT_DUE, REPORT_DUE, REPORT_UNDO, REPORT_COMPLETE };
	const struct work_context context = { .policy = &policy_default,
		.now = life->now,
		.random = (uint64_t)rand(),
		.arena = &life->arena };
	struct op_report what = {
		.kind = kinds[rand() % 8], .lease_ms = 1000, .delay = optional_time(rand() % 2000)
	};
	struct task old = life->task;
	struct err err = { 0 };
	bool nothing;

	/* A result is not so frequent that each life is short. */
	if (what.kind == REPORT_COMPLETE && rand() % 4 > 0)
		what.kind = REPORT_FAIL;
	if (what.kind == REPORT_LOCK || (what.kind <= REPORT_RELEASE && rand() % 2))
		what.holder = name_of(worker);
	else if (what.kind == REPORT_RELEASE && rand() % 4 == 0)
		what.any_holder = true;
	else
		what.token = life->tokens[worker];
	if (!work_report(&what, &context, &life->task, &nothing, &err)) {
		assert_memory_equal(&life->task, &old, sizeof(old));
		return;
	}
	if (!nothing)
		settle(life, &old);
	check_accepted(life, worker, &what, nothing);
}

/* Only a running task is held, and a lease ends. */
static void check_held(const struct task *task)
{
	if (task->state == TASK_RUNNING) {
		assert_true(task->lease.token != 0 && task->lease.holder.len > 0);
		assert_true(optional_time_is_set(task->lease.expires));
		return;
	}
	assert_false(optional_time_is_set(task->lease.expires));
	assert_false(optional_time_is_set(task->attempt_by));
	assert_false(task_lease_is_due(task));
}

/* Workers with tokens and workers with names share a task. */
static void random_reports_accept_one_result(void **state)
{
	unsigned succeeded = 0;

	(void)state;
	srand(1);
	for (int i = 0; i < 2000; i++) {
		struct life life = { .task = task_in(WAITING), .now = NOW, .last = -1 };

		life.task.attempt = 0;
		for (int j = 0; j < 100; j++) {
			life.now += rand() % 700;
			if (rand() % 3 == 0)
				claim_at_random(&life, rand() % WORKERS);
			else
				report_at_random(&life, rand() % WORKERS);
			check_held(&life.task);
		}
		succeeded += life.task.state == TASK_SUCCEEDED;
		assert_int_equal(life.results, life.task.state == TASK_SUCCEEDED);
		arena_free(&life.arena);
	}
	assert_in_range(succeeded, 500, 1999);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CHECK(random_reports_accept_one_result),
	};

	return CHECK_RUN(tests);
}
