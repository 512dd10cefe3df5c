#include "worker/job.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/date.h"
#include "http/json.h"
#include "worker/fatal.h"
#include "worker/worker.h"

#define PUSH_INTERVAL_MS   1000
#define REQUEST_TIMEOUT_MS 15000
/* A heartbeat that waits must have a lease that ends 10 s after the wait (the native API). */
#define WAIT_MARGIN_S 10

void job_set_progress(struct job *job, json_t *progress)
{
	json_decref(job->progress);
	job->progress = progress;
}

/* ---- heartbeats ---- */

/* Seconds that the watch waits; 0: the lease is too short for it. */
static unsigned wait_seconds(const struct job *job)
{
	unsigned lease = job->worker->options->lease_seconds, wait = lease / 3;

	return wait + WAIT_MARGIN_S > lease ? 0 : wait < 50 ? wait : 50;
}

static int64_t third_of_lease(const struct job *job, int64_t from)
{
	int64_t left = job->lease_until - from;

	return left > 0 ? from + left / 3 : from;
}

/*
 * The policy of a task may shorten leases: the response has their end by the clock of the service,
 * and its header the present time there, in whole seconds.
 */
static void extend_lease(
	struct heartbeat *beat, const json_t *body, const struct client_answer *answer, int64_t now)
{
	struct job *job = beat->job;
	int64_t until = beat->sent + (int64_t)job->worker->options->lease_seconds * 1000, end;
	struct str expires = json_str(json_object_get(body, "lease_expires_at"));

	if (answer->date_ms >= 0 && date_parse(&end, expires) &&
		now + end - answer->date_ms < until)
		until = now + end - answer->date_ms;
	/* Of two heartbeats, the answer to the first one may come last. */
	if (until > job->lease_until || !job->confirmed)
		job->lease_until = until;
	job->confirmed = true;
}

static void accept_heartbeat(struct heartbeat *beat, const struct client_answer *answer)
{
	struct job *job = beat->job;
	int64_t now = clock_mono_ms();
	struct err err = { 0 };
	json_t *body = NULL;

	if (!json_parse_object(&body, answer->body, &err)) {
		beat->due = now + worker_failed(job->worker, &beat->backoff, answer);
		return;
	}
	worker_answered(job->worker, &beat->backoff);
	if (json_is_true(json_object_get(body, "cancel"))) {
		job_end(job, END_CANCELLED);
	} else {
		extend_lease(beat, body, answer, now);
		if (beat->waits && now - beat->sent >= (int64_t)wait_seconds(job) * 1000)
			beat->due = now;
		else
			beat->due = third_of_lease(job, now);
	}
	json_decref(body);
}

static void heartbeat_done(void *data, const struct client_answer *answer)
{
	struct heartbeat *beat = data;
	struct job *job = beat->job;
	bool refused = answer->status == 413 || answer->status == 422;
	json_t *problem;

	beat->request = NULL;
	if (beat == &job->push)
		job_settle_news(job, answer->status == 200 || refused);
	if (answer->status == 200) {
		accept_heartbeat(beat, answer);
	} else if (refused) {
		/* Progress that a command has printed, for example. It is not sent again. */
		problem = worker_problem(answer);
		say("task %s: a heartbeat was refused: %s", job->id, json_string_value(problem));
		json_decref(problem);
		beat->due = clock_mono_ms() + PUSH_INTERVAL_MS;
	} else if (answer->status == 404 || answer->status == 409) {
		worker_answered(job->worker, &beat->backoff);
		job_end(job, END_LOST);
	} else {
		beat->due = clock_mono_ms() + worker_failed(job->worker, &beat->backoff, answer);
	}
}

static void send_heartbeat(struct heartbeat *beat, bool waits, int64_t now)
{
	struct job *job = beat->job;
	unsigned wait = waits ? wait_seconds(job) : 0;
	json_t *body = need(json_object());

	need_zero(json_object_set_new(body, "lease_seconds",
		json_integer((json_int_t)job->worker->options->lease_seconds)));
	if (wait > 0)
		need_zero(json_object_set_new(body, "wait", json_integer(wait)));
	if (beat == &job->push)
		job_put_news(job, body);
	beat->sent = now;
	beat->due = INT64_MAX;
	beat->waits = wait > 0;
	beat->request = job_post(job, "heartbeat", body, REQUEST_TIMEOUT_MS + (long)wait * 1000,
		heartbeat_done, beat);
}

/* Nothing is sent before the first heartbeat has confirmed the claim. */
static void step_heartbeats(struct job *job, int64_t now)
{
	bool news = job->progress || log_lines_waiting(&job->log);

	if (!job->push.request && job->confirmed && job->push.backoff.failures == 0)
		job->push.due = news ? job->push.sent + PUSH_INTERVAL_MS : INT64_MAX;
	if (!job->push.request && now >= job->push.due)
		send_heartbeat(&job->push, false, now);
	if (!job->watch.request && job->confirmed && now >= job->watch.due)
		send_heartbeat(&job->watch, true, now);
}

static void cancel_heartbeat(struct heartbeat *beat)
{
	client_cancel(beat->job->worker->client, beat->request);
	beat->request = NULL;
	worker_forget(beat->job->worker, &beat->backoff);
}

/* ---- the run ---- */

static int64_t confirm_ms(const struct worker_options *options)
{
	return INT64_C(1000) * worker_confirm_seconds(options);
}

bool job_start(struct job *job, struct worker *worker, const json_t *claim)
{
	json_t *task = json_object_get(claim, "task");
	const char *id = json_string_value(json_object_get(task, "id"));
	const char *token = json_string_value(json_object_get(claim, "token"));
	struct err err = { 0 };

	if (!id || strlen(id) != 36 || id[strspn(id, "0123456789abcdef-")] || !token ||
		strlen(token) >= sizeof(job->token))
		return false;
	*job = (struct job){ .worker = worker,
		.state = JOB_RUNNING,
		.type = worker->type,
		.task = json_incref(task),
		.id = id,
		.attempt = json_integer_value(json_object_get(claim, "attempt")),
		.lease_until = clock_mono_ms() + confirm_ms(worker->options),
		.timeout_at = INT64_MAX };
	memcpy(job->token, token, strlen(token) + 1);
	job->watch = (struct heartbeat){ .job = job };
	job->push = (struct heartbeat){ .job = job };
	job->report.due = INT64_MAX;
	if (worker->options->timeout_seconds > 0)
		job->timeout_at = clock_mono_ms() +
				  (int64_t)worker->options->timeout_seconds * 1000;
	job->run = job->type->start(job, &err);
	if (!job->run) {
		say("%s", err_text(&err));
		worker_give_up(worker);
		job->outcome.kind = OUTCOME_RELEASE;
		job->state = JOB_REPORTING;
		job->report.due = 0;
	}
	return true;
}

static void say_end(const struct job *job)
{
	static const char *const sentences[] = {
		[END_CANCELLED] = "it was cancelled",
		[END_LOST] = "another request has ended its lease",
		[END_LEASE_OVER] = "its lease could not be extended",
	};

	if (sentences[job->end])
		say("task %s: %s; its work is ended", job->id, sentences[job->end]);
}

void job_end(struct job *job, enum job_end end)
{
	if (job->state != JOB_RUNNING || job->end >= END_CANCELLED)
		return;
	if ((job->end == END_NONE && !job->finished) || end >= END_CANCELLED) {
		job->end = end;
		say_end(job);
	}
	job->type->stop(job->run);
}

/* A run that the worker has ended has the outcome of this end. */
static void apply_end(struct job *job)
{
	switch (job->end) {
	case END_NONE:
		return;
	case END_TIMEOUT:
		outcome_fail(&job->outcome, true, "The %s took longer than %u s.",
			job->worker->options->simulate ? "simulation" : "command",
			job->worker->options->timeout_seconds);
		return;
	case END_STOPPED:
		outcome_free(&job->outcome);
		job->outcome.kind = OUTCOME_RELEASE;
		return;
	case END_CANCELLED:
	case END_LOST:
	case END_LEASE_OVER:
		outcome_free(&job->outcome);
	}
}

static void step_run(struct job *job, int64_t now)
{
	if (now >= job->timeout_at) {
		job->timeout_at = INT64_MAX;
		job_end(job, END_TIMEOUT);
	}
	if (now >= job->lease_until)
		job_end(job, END_LEASE_OVER);
	if (!job->type->step(job->run, now, &job->outcome)) {
		if (job->end < END_CANCELLED)
			step_heartbeats(job, now);
		return;
	}
	apply_end(job);
	cancel_heartbeat(&job->watch);
	job->state = JOB_REPORTING;
	job->report.due = now;
}

void job_step(struct job *job, int64_t now)
{
	if (job->state == JOB_RUNNING)
		step_run(job, now);
	if (job->state == JOB_REPORTING && job->outcome.kind == OUTCOME_NONE)
		job->state = JOB_ENDED;
	/* The lines of a push come before those of the last report. */
	if (job->state == JOB_REPORTING && !job->push.request && !job->report.request &&
		now >= job->report.due)
		job_report(job, now);
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
	if (job->state != JOB_RUNNING)
		return job->report.request || job->push.request ? INT64_MAX : job->report.due;
	wake = earlier(job->type->wake_time(job->run), job->timeout_at);
	if (job->end >= END_CANCELLED)
		return wake;
	wake = earlier(wake, job->lease_until);
	if (!job->push.request)
		wake = earlier(wake, job->push.due);
	if (!job->watch.request && job->confirmed)
		wake = earlier(wake, job->watch.due);
	return wake;
}

void job_free(struct job *job)
{
	cancel_heartbeat(&job->watch);
	cancel_heartbeat(&job->push);
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
