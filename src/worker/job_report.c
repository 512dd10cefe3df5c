/* The last report of a job: complete, fail or release. */
#include "base/clock.h"
#include "http/json.h"
#include "worker/fatal.h"
#include "worker/worker.h"

#define REPORT_TIMEOUT_MS 30000
#define REPORT_MOST_MS	  600000 /* after this time it is given up */
#define HURRY_MOST_MS	  20000	 /* if the worker is to end */

static const char *const report_words[] = {
	[OUTCOME_COMPLETE] = "complete",
	[OUTCOME_FAIL] = "fail",
	[OUTCOME_RELEASE] = "release",
};

static void put(json_t *body, const char *name, json_t *value)
{
	if (value)
		need_zero(json_object_set(body, name, value));
}

static json_t *report_body(struct job *job)
{
	const struct outcome *outcome = &job->outcome;
	json_t *body = need(json_object());

	if (outcome->kind == OUTCOME_COMPLETE)
		put(body, "result", outcome->result);
	if (outcome->kind == OUTCOME_FAIL) {
		put(body, "error", outcome->error);
		put(body, "retryable", outcome->retryable ? json_true() : json_false());
	}
	if (outcome->kind == OUTCOME_RELEASE)
		need_zero(json_object_set_new(
			body, "delay_seconds", json_integer(outcome->delay_seconds)));
	if (job->report.content != REPORT_REFUSED)
		put(body, "fields", outcome->fields);
	if (job->report.content == REPORT_ALL) {
		job_put_news(job, body, true);
		put(body, "progress", outcome->progress);
	}
	job->report.has_news = json_object_get(body, "log") || json_object_get(body, "progress");
	return body;
}

static void give_up(struct job *job, const char *reason)
{
	say("task %s: its %s could not be reported: %s", job->id,
		job->outcome.kind == OUTCOME_COMPLETE ? "success"
		: job->outcome.kind == OUTCOME_FAIL   ? "failure"
						      : "release",
		reason);
	job->worker->status = 1;
	job->state = JOB_ENDED;
}

/* Sends less: first without log lines and progress, then the reason instead of the outcome. */
static void fall_back(struct job *job, const char *problem)
{
	if (job->report.content == REPORT_ALL && job->report.has_news) {
		say("task %s: its report was refused, and is sent without log lines and progress: "
		    "%s",
			job->id, problem);
		job->report.content = REPORT_WITHOUT_NEWS;
	} else {
		outcome_fail(&job->outcome, false, "The report was refused: %s", problem);
		say("task %s: %s", job->id, json_string_value(job->outcome.error));
		job->report.content = REPORT_REFUSED;
	}
	job->report.due = clock_boot_ms();
}

static void refused(struct job *job, const struct client_answer *answer)
{
	json_t *problem = worker_problem(answer);

	if (answer->status == 409 && job->report.uncertain &&
		job->outcome.kind != OUTCOME_COMPLETE) {
		/* Of a release, and a failure that is tried again, a repetition is 409. */
		job->state = JOB_ENDED;
	} else if (answer->status == 404 || answer->status == 409) {
		say("task %s: another request has ended its lease; its end is not reported",
			job->id);
		job->state = JOB_ENDED;
	} else if (worker_is_refused(answer) && job->report.content != REPORT_REFUSED) {
		fall_back(job, json_string_value(problem));
	} else {
		if (answer->status == 401 || answer->status == 403)
			worker_give_up(job->worker);
		give_up(job, json_string_value(problem));
	}
	json_decref(problem);
}

static void report_done(void *data, const struct client_answer *answer)
{
	struct job *job = data;
	bool stored = answer->status >= 200 && answer->status < 300;
	int64_t now = clock_boot_ms();

	job->report.request = NULL;
	job_settle_news(job, stored);
	if (stored) {
		worker_answered(job->worker, &job->report.backoff);
		job->state = JOB_ENDED;
	} else if (!worker_is_temporary(answer)) {
		worker_answered(job->worker, &job->report.backoff);
		refused(job, answer);
	} else if (now >= job->report.until) {
		give_up(job, "the service has not answered in time");
	} else {
		job->report.uncertain = true;
		job->report.due = now + worker_failed(job->worker, &job->report.backoff, answer);
		if (job->report.due > job->report.until)
			job->report.due = job->report.until;
	}
}

void job_report(struct job *job, int64_t now)
{
	if (job->report.until == 0)
		job->report.until = now + (job->worker->stop == STOP_NOW ? HURRY_MOST_MS
									 : REPORT_MOST_MS);
	job->report.due = INT64_MAX;
	job->report.request = job_post(job, report_words[job->outcome.kind], report_body(job),
		REPORT_TIMEOUT_MS, report_done, job);
}

void job_hurry(struct job *job, int64_t now)
{
	if (job->state != JOB_REPORTING || job->report.until == 0)
		return;
	if (job->report.until > now + HURRY_MOST_MS)
		job->report.until = now + HURRY_MOST_MS;
	if (!job->report.request)
		job->report.due = now;
}
