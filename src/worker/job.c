#include "worker/job.h"

#include "base/clock.h"
#include "base/encode.h"
#include "base/id.h"
#include "worker/fatal.h"
#include "worker/worker.h"

#define TOKEN_BYTES 8

void job_set_progress(struct job *job, json_t *progress)
{
	json_decref(job->progress);
	job->progress = progress;
}

/* ---- the claim ---- */

static bool has_task(const struct worker *worker, const char *id)
{
	for (size_t i = 0; i < WORKER_JOBS_MAX; i++) {
		if (worker->jobs[i].state != JOB_FREE && strcmp(worker->jobs[i].id, id) == 0)
			return true;
	}
	return false;
}

/* The id and the token become parts of requests. */
static bool is_valid(const char *id, const char *token, const json_t *attempt)
{
	uint8_t bytes[TOKEN_BYTES];
	struct id parsed;

	return id && token && id_parse(&parsed, str_cstr(id)) &&
	       hex_decode(bytes, sizeof(bytes), str_cstr(token)) && json_is_integer(attempt) &&
	       json_integer_value(attempt) >= 0;
}

bool job_start(struct job *job, struct worker *worker, const json_t *claim)
{
	json_t *task = json_object_get(claim, "task");
	const char *id = json_string_value(json_object_get(task, "id"));
	const char *token = json_string_value(json_object_get(claim, "token"));
	const json_t *attempt = json_object_get(claim, "attempt");

	if (!is_valid(id, token, attempt) || has_task(worker, id))
		return false;
	*job = (struct job){ .worker = worker,
		.state = JOB_CONFIRMING,
		.type = worker->type,
		.task = json_incref(task),
		.id = id,
		.attempt = json_integer_value(attempt),
		.lease_ms = INT64_C(1000) * worker_confirm_seconds(worker->options),
		.timeout_at = INT64_MAX };
	job->lease_until = clock_boot_ms() + job->lease_ms;
	memcpy(job->token, token, strlen(token) + 1);
	job->watch = (struct heartbeat){ .job = job };
	job->push = (struct heartbeat){ .job = job };
	job->report.due = INT64_MAX;
	return true;
}

/* ---- the run ---- */

/* The claim is confirmed, and its lease is not over: no other worker has the task. */
static void begin_run(struct job *job, int64_t now)
{
	const struct worker_options *options = job->worker->options;
	struct err err = { 0 };

	if (options->timeout_seconds > 0)
		job->timeout_at = now + INT64_C(1000) * options->timeout_seconds;
	job->run = job->type->start(job, &err);
	if (job->run) {
		job->state = JOB_RUNNING;
		return;
	}
	say("%s", err_text(&err));
	worker_give_up(job->worker);
	job_release(job);
}

static void step_claim(struct job *job, int64_t now)
{
	if (now >= job->lease_until)
		job_end(job, END_LEASE_OVER);
	else if (job->confirmed)
		begin_run(job, now);
	else
		job_heartbeats(job, now);
}

static void step_run(struct job *job, int64_t now)
{
	if (now >= job->timeout_at) {
		job->timeout_at = INT64_MAX;
		job_end(job, END_TIMEOUT);
	}
	if (now >= job_end_time(job))
		job_end(job, END_LEASE_OVER);
	if (!job->type->step(job->run, now, &job->outcome)) {
		if (job->end < END_CANCELLED)
			job_heartbeats(job, now);
		return;
	}
	job_apply_end(job);
	job_cancel_heartbeat(&job->watch);
	job_keep_lease(job, now);
	job->state = JOB_REPORTING;
	job->report.due = now;
}

static void step_report(struct job *job, int64_t now)
{
	/* The lines of a push come before those of the last report. */
	if (!job->push.request && !job->report.request && now >= job->report.due)
		job_report(job, now);
	job_heartbeats(job, now);
}

void job_step(struct job *job, int64_t now)
{
	if (job->state == JOB_CONFIRMING)
		step_claim(job, now);
	if (job->state == JOB_RUNNING)
		step_run(job, now);
	if (job->state == JOB_REPORTING && job->outcome.kind == OUTCOME_NONE)
		job->state = JOB_ENDED;
	if (job->state == JOB_REPORTING)
		step_report(job, now);
	if (job->state == JOB_ENDED)
		job_free(job);
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int64_t job_wake_time(const struct job *job)
{
	int64_t wake;

	if (job->state == JOB_ENDED)
		return 0;
	if (job->state == JOB_CONFIRMING)
		return job->confirmed ? 0 : earlier(job->lease_until, job_heartbeat_time(job));
	if (job->state == JOB_REPORTING)
		return earlier(job_heartbeat_time(job),
			job->report.request || job->push.request ? INT64_MAX : job->report.due);
	wake = earlier(job->type->wake_time(job->run), job->timeout_at);
	if (job->end >= END_CANCELLED)
		return wake;
	return earlier(wake, earlier(job_end_time(job), job_heartbeat_time(job)));
}

void job_free(struct job *job)
{
	job_cancel_heartbeat(&job->watch);
	job_cancel_heartbeat(&job->push);
	client_cancel(job->worker->client, job->report.request);
	worker_forget(job->worker, &job->report.backoff);
	if (job->run)
		job->type->free(job->run);
	log_lines_free(&job->log);
	json_decref(job->progress);
	json_decref(job->progress_sent);
	outcome_free(&job->outcome);
	json_decref(job->task);
	*job = (struct job){ .state = JOB_FREE };
}
