#include "worker/simulation.h"

#include <stdlib.h>

#include "base/clock.h"
#include "worker/fatal.h"
#include "worker/sandbox.h"
#include "worker/worker.h"

#define STEPS		  4 /* with progress between them */
#define CANCEL_TIMEOUT_MS 15000
#define CANCEL_ANSWER_MAX ((size_t)4 * 1024 * 1024) /* the whole task */
#define RANDOM_RANGE	  1000000U

struct simulation {
	struct job *job;
	enum sandbox_word word;
	int64_t began, length; /* milliseconds */
	unsigned steps;	       /* that have passed */
	bool stopped;
	struct {
		struct client_request *request;
		struct backoff backoff;
		int64_t due;
	} cancel;
	bool cancelled, cannot_cancel;
	json_t *problem; /* why it cannot be cancelled */
};

/* From 0 to 1. */
static double draw(void)
{
	return arc4random_uniform(RANDOM_RANGE + 1) / (double)RANDOM_RANGE;
}

static void *start(struct job *job, struct err *err)
{
	struct simulation *run = need(calloc(1, sizeof(*run)));
	double seconds = job->worker->options->simulate_seconds;

	(void)err;
	run->job = job;
	run->word = sandbox_find(job->task);
	run->began = clock_boot_ms();
	/* 50 % shorter or longer. */
	run->length = (int64_t)(seconds * 1000 * (0.5 + draw()));
	return run;
}

static void stop(void *data, int64_t kill_at)
{
	struct simulation *run = data;

	(void)kill_at;
	run->stopped = true;
}

/* ---- the end ---- */

static void cancel_done(void *data, const struct client_answer *answer)
{
	struct simulation *run = data;
	struct worker *worker = run->job->worker;

	run->cancel.request = NULL;
	/* 412: the task was changed meanwhile. */
	if (answer->status != 200 && (worker_is_temporary(answer) || answer->status == 412)) {
		run->cancel.due = clock_boot_ms() +
				  worker_failed(worker, &run->cancel.backoff, answer);
		return;
	}
	worker_answered(worker, &run->cancel.backoff);
	if (answer->status == 200 || answer->status == 404 || answer->status == 409) {
		run->cancelled = true;
	} else {
		run->problem = worker_problem(answer);
		run->cannot_cancel = true;
	}
}

/* As a client of the native API would do it. */
static void send_cancel(struct simulation *run)
{
	struct buf path = BUF_INIT;

	buf_printf(&path, "/v1/tasks/%s", run->job->id);
	buf_putc(&path, '\0');
	need_buf(&path);
	run->cancel.request = client_send(
		run->job->worker->client, &(struct client_call){ .method = "PATCH",
						  .path = path.data,
						  .body = STR("{\"state\":\"cancelled\"}"),
						  .timeout_ms = CANCEL_TIMEOUT_MS,
						  .answer_max = CANCEL_ANSWER_MAX,
						  .done = cancel_done,
						  .data = run });
	buf_free(&path);
}

static bool step_cancel(struct simulation *run, int64_t now, struct outcome *outcome)
{
	if (run->cannot_cancel) {
		outcome_fail(outcome, false, "The sandbox could not cancel the task: %s",
			json_string_value(run->problem));
		return true;
	}
	if (!run->cancelled && !run->cancel.request && now >= run->cancel.due)
		send_cancel(run);
	return run->cancelled;
}

/* Attempts before the task last left a final state do not count. */
static int64_t attempt_number(const struct job *job)
{
	return job->attempt - json_integer_value(json_object_get(job->task, "attempts_before"));
}

static bool finish(struct simulation *run, int64_t now, struct outcome *outcome)
{
	switch (run->word) {
	case SANDBOX_FAIL:
		outcome_fail(outcome, false, "The sandbox was asked to fail.");
		return true;
	case SANDBOX_RETRY:
		if (attempt_number(run->job) > 1)
			break;
		outcome_fail(outcome, true, "The sandbox was asked to fail once.");
		return true;
	case SANDBOX_STALL:
		return false;
	case SANDBOX_CANCEL:
		return step_cancel(run, now, outcome);
	case SANDBOX_CRASH:
		return true;
	case SANDBOX_NONE:
	case SANDBOX_WORDS:
		if (draw() >= run->job->worker->options->fail_rate)
			break;
		outcome_fail(outcome, true, "The simulation has failed at random.");
		return true;
	}
	outcome->kind = OUTCOME_COMPLETE;
	return true;
}

static int64_t step_time(const struct simulation *run)
{
	return run->began + run->length * (run->steps + 1) / STEPS;
}

static bool step(void *data, int64_t now, struct outcome *outcome)
{
	struct simulation *run = data;

	if (run->stopped)
		return true;
	for (; run->steps < STEPS - 1 && now >= step_time(run); run->steps++)
		job_set_progress(run->job,
			need(json_pack("{s:i}", "percent", (int)(run->steps + 1) * 100 / STEPS)));
	return now >= run->began + run->length && finish(run, now, outcome);
}

static int64_t wake_time(void *data)
{
	const struct simulation *run = data;
	int64_t now = clock_boot_ms();

	if (run->stopped)
		return 0;
	if (now < run->began + run->length)
		return step_time(run);
	/* After its end only requests, which wake the worker as well, change something. */
	return run->cancel.due > now ? run->cancel.due : INT64_MAX;
}

static void free_run(void *data)
{
	struct simulation *run = data;

	client_cancel(run->job->worker->client, run->cancel.request);
	worker_forget(run->job->worker, &run->cancel.backoff);
	json_decref(run->problem);
	free(run);
}

const struct run_type simulation_run = {
	.start = start,
	.stop = stop,
	.step = step,
	.wake_time = wake_time,
	.free = free_run,
};
