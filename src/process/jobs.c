#include "process/jobs.h"

#include <string.h>

#include "base/log.h"

void jobs_add(struct jobs *jobs, const struct job *job)
{
	if (jobs->count < JOBS_MAX)
		jobs->at[jobs->count++] = *job;
	else
		log_error("keeper", "no room for the job %s", job->name);
}

static int64_t pause_ms(const struct jobs *jobs, const struct job *job, int64_t slice_ms)
{
	unsigned percent = job->duty ? job->duty(jobs->data) : job->duty_percent;
	int64_t duty = percent ? percent : JOB_DUTY_PERCENT;
	int64_t pause = slice_ms * (100 - duty) / duty;

	if (pause < 1)
		return 1;
	return pause < JOB_PAUSE_MAX_MS ? pause : JOB_PAUSE_MAX_MS;
}

/* Returns false if the environment is lost. */
/* The store has logged why it is lost; any process and job may be the first to meet that. */
static bool is_reported(const struct err *err)
{
	struct err lost;

	err_set(&lost, ERR_PANIC, NULL, NULL);
	return err->code == ERR_PANIC && strcmp(err->text, lost.text) == 0;
}

static bool run_job(struct jobs *jobs, struct job *job)
{
	int64_t begun = jobs->clock_ms(), ended;
	struct err err = { 0 };
	bool more = false, done;

	if (jobs->before_run)
		jobs->before_run(jobs->data);
	done = job->run(jobs->data, job, &more, &err);
	ended = jobs->clock_ms();
	job->next_ms = done && more ? ended + pause_ms(jobs, job, ended - begun)
				    : begun + job->interval_ms;
	if (!done && !job->failing && !is_reported(&err))
		log_warn("keeper", "%s: %s", job->name, err_text(&err));
	else if (done && job->failing)
		log_info("keeper", "%s: works again", job->name);
	job->failing = !done;
	return done || err.code != ERR_PANIC;
}

bool jobs_run_due(struct jobs *jobs)
{
	for (size_t i = 0; i < jobs->count; i++) {
		if (jobs->clock_ms() >= jobs->at[i].next_ms && !run_job(jobs, &jobs->at[i]))
			return false;
	}
	return true;
}

int64_t jobs_wait_ms(const struct jobs *jobs, int64_t max_ms)
{
	int64_t now = jobs->clock_ms(), wait = max_ms;

	for (size_t i = 0; i < jobs->count; i++) {
		if (jobs->at[i].next_ms - now < wait)
			wait = jobs->at[i].next_ms - now;
	}
	return wait > 0 ? wait : 0;
}
