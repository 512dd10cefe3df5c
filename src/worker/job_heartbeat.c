/* Heartbeats of a job, and what their responses say about its lease. */
#include "base/clock.h"
#include "base/date.h"
#include "http/json.h"
#include "worker/fatal.h"
#include "worker/worker.h"

#define PUSH_INTERVAL_MS   1000
#define REQUEST_TIMEOUT_MS 15000
/* A heartbeat that waits must have a lease that ends 10 s after the wait (the native API). */
#define WAIT_MARGIN_S  10
#define RETRY_LEAST_MS 500

/* Seconds that the watch waits; 0: the lease is too short for it. */
static unsigned wait_seconds(const struct job *job)
{
	int64_t lease = job->lease_ms / 1000, wait = lease / 3;

	return wait + WAIT_MARGIN_S > lease ? 0 : wait < 50 ? (unsigned)wait : 50;
}

static int64_t third_of_lease(const struct job *job, int64_t from)
{
	int64_t left = job->lease_until - from;

	return left > 0 ? from + left / 3 : from;
}

/* ---- the lease ---- */

/*
 * What the service says is left of the lease: its end less the header field Date, which has whole
 * seconds. -1: it does not say less than what was asked for, as without a policy that shortens
 * leases. The two may be of different clocks, so no other value is a reason to end a task.
 */
static int64_t lease_left(
	const struct job *job, const json_t *body, const struct client_answer *answer)
{
	struct str expires = json_str(json_object_get(body, "lease_expires_at"));
	int64_t end, left;

	if (answer->date_ms < 0 || !date_parse(&end, expires))
		return -1;
	left = end - answer->date_ms;
	return left > 0 && left < job_asked_ms(job) ? left : -1;
}

/*
 * The lease is counted from the time when the heartbeat was sent. Only a heartbeat that does not
 * wait shows its length; the service extends the lease at the beginning of a wait.
 */
static void extend_lease(
	struct heartbeat *beat, const json_t *body, const struct client_answer *answer, int64_t now)
{
	struct job *job = beat->job;
	int64_t left = lease_left(job, body, answer), until;

	if (!beat->waits)
		job->lease_ms = left < 0 ? job_asked_ms(job) : left > 2000 ? left - 1000 : left / 2;
	until = beat->sent + job->lease_ms;
	if (left >= 0 && now + left < until)
		until = now + left;
	/* Of two heartbeats, the answer to the first one may come last. */
	if (until > job->lease_until || !job->confirmed)
		job->lease_until = until;
	job->confirmed = true;
	if (job->state == JOB_RUNNING)
		job_tell_lease(job);
}

/* ---- responses ---- */

/*
 * A long Retry-After must not let the lease end, which is extended by the watch, after the first
 * push has confirmed the claim.
 */
static int64_t retry_time(struct heartbeat *beat, const struct client_answer *answer, int64_t now)
{
	struct job *job = beat->job;
	int64_t delay = worker_failed(job->worker, &beat->backoff, answer);
	int64_t most = third_of_lease(job, now) - now;

	if (beat == &job->push && job->confirmed)
		return now + delay;
	if (most < RETRY_LEAST_MS)
		most = RETRY_LEAST_MS;
	return now + (delay < most ? delay : most);
}

static void accept_heartbeat(struct heartbeat *beat, const struct client_answer *answer)
{
	struct job *job = beat->job;
	int64_t now = clock_boot_ms();
	struct err err = { 0 };
	json_t *body = NULL;

	if (!json_parse_object(&body, answer->body, &err)) {
		beat->due = retry_time(beat, answer, now);
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
	int64_t now = clock_boot_ms();
	bool refused = false;
	json_t *problem;

	beat->request = NULL;
	if (beat == &job->push && worker_is_refused(answer))
		refused = job_refuse_news(job);
	else if (beat == &job->push)
		job_settle_news(job, answer->status == 200);
	if (answer->status == 200) {
		accept_heartbeat(beat, answer);
	} else if (refused) {
		problem = worker_problem(answer);
		say("task %s: a heartbeat was refused: %s", job->id, json_string_value(problem));
		json_decref(problem);
		beat->due = now + PUSH_INTERVAL_MS;
	} else if (answer->status == 404 || answer->status == 409) {
		/* After the end of the run, its report may have ended the lease. */
		worker_answered(job->worker, &beat->backoff);
		job_end(job, END_LOST);
	} else {
		beat->due = retry_time(beat, answer, now);
	}
}

/* ---- requests ---- */

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
		job_put_news(job, body, false);
	beat->sent = now;
	beat->due = INT64_MAX;
	beat->waits = wait > 0;
	beat->request = job_post(job, "heartbeat", body, REQUEST_TIMEOUT_MS + (long)wait * 1000,
		heartbeat_done, beat);
}

static int64_t watch_time(const struct job *job)
{
	return !job->watch.request && job->confirmed ? job->watch.due : INT64_MAX;
}

/* Nothing else is sent before the first heartbeat has confirmed the claim. */
void job_heartbeats(struct job *job, int64_t now)
{
	bool news = job->progress || log_lines_waiting(&job->log);
	bool runs = job->state != JOB_REPORTING;

	if (runs && !job->push.request && job->confirmed && job->push.backoff.failures == 0)
		job->push.due = news ? job->push.sent + PUSH_INTERVAL_MS : INT64_MAX;
	if (runs && !job->push.request && now >= job->push.due)
		send_heartbeat(&job->push, false, now);
	/* Only a report can be answered when the lease is over. */
	if (!runs && now >= job->lease_until)
		job->watch.due = INT64_MAX;
	if (now >= watch_time(job))
		send_heartbeat(&job->watch, runs, now);
}

void job_keep_lease(struct job *job, int64_t now)
{
	job->watch.due = third_of_lease(job, now);
}

int64_t job_heartbeat_time(const struct job *job)
{
	bool runs = job->state != JOB_REPORTING;
	int64_t push = runs && !job->push.request ? job->push.due : INT64_MAX;

	return push < watch_time(job) ? push : watch_time(job);
}

void job_cancel_heartbeat(struct heartbeat *beat)
{
	client_cancel(beat->job->worker->client, beat->request);
	beat->request = NULL;
	worker_forget(beat->job->worker, &beat->backoff);
}
