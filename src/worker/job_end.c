/* The end of a run by the worker, and the end of the lease. */
#include "base/clock.h"
#include "worker/fatal.h"
#include "worker/worker.h"

#define GRACE_PART    4	  /* the grace at the end of a lease is this part of it at most */
#define LOST_GRACE_MS 200 /* another worker may have the task already */

int64_t job_asked_ms(const struct job *job)
{
	return INT64_C(1000) * job->worker->options->lease_seconds;
}

int64_t job_end_time(const struct job *job)
{
	int64_t grace = INT64_C(1000) * job->worker->options->grace_seconds;
	int64_t most = job->lease_ms / GRACE_PART;

	return job->lease_until - (grace < most ? grace : most);
}

void job_tell_lease(struct job *job)
{
	if (job->type->set_lease)
		job->type->set_lease(job->run, job_end_time(job), job->lease_until);
}

void job_release(struct job *job)
{
	job->outcome.kind = OUTCOME_RELEASE;
	job->state = JOB_REPORTING;
	job->report.due = 0;
}

static void say_end(const struct job *job)
{
	static const char *const sentences[] = {
		[END_CANCELLED] = "it was cancelled",
		[END_LOST] = "another request has ended its lease",
		[END_LEASE_OVER] = "its lease could not be extended",
	};

	if (sentences[job->end])
		say("task %s: %s; its work is %s", job->id, sentences[job->end],
			job->state == JOB_CONFIRMING ? "not begun" : "ended");
}

/* When nothing of the run may be left. */
static int64_t kill_time(const struct job *job, enum job_end end)
{
	int64_t now = clock_boot_ms();

	switch (end) {
	case END_LOST:
		return now + LOST_GRACE_MS;
	case END_LEASE_OVER:
		return job->lease_until;
	case END_NONE:
	case END_TIMEOUT:
	case END_STOPPED:
	case END_CANCELLED:
		break;
	}
	return now + INT64_C(1000) * job->worker->options->grace_seconds;
}

void job_end(struct job *job, enum job_end end)
{
	if (job->state == JOB_CONFIRMING && end == END_STOPPED)
		job_release(job);
	if (job->state == JOB_CONFIRMING) {
		job->end = end;
		say_end(job);
		job->state = JOB_ENDED;
	}
	if (job->state != JOB_RUNNING || job->end >= END_CANCELLED)
		return;
	if ((job->end == END_NONE && !job->finished) || end >= END_CANCELLED) {
		job->end = end;
		say_end(job);
	}
	job->type->stop(job->run, kill_time(job, end));
}

void job_apply_end(struct job *job)
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
