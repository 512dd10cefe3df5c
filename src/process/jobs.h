#pragma once
/*
 * Periodic jobs of one process, run one after the other in its loop.
 *
 * One call of a job is a slice of at most about STORE_SLICE_MS. If more work waits, the job is run
 * again after a pause that limits it to its share of the process's time (duty_percent), and the
 * other jobs run meanwhile. Otherwise it is run again after its interval.
 */
#include "base/err.h"

#define JOBS_MAX	 24
#define JOB_DUTY_PERCENT 25  /* the default share of a job with more to do */
#define JOB_PAUSE_MAX_MS 200 /* also after a slice that waited for a slow disk */

struct job;
/* Sets *more, which is false before, if more work waits. */
typedef bool job_run(void *data, const struct job *job, bool *more, struct err *err);

struct job {
	const char *name; /* for messages */
	int64_t interval_ms;
	job_run *run;
	size_t number;		      /* for run */
	unsigned duty_percent;	      /* 1 to 100; 0: JOB_DUTY_PERCENT */
	unsigned (*duty)(void *data); /* the same after each run; NULL: duty_percent */

	/* Set by the loop: */
	int64_t next_ms; /* monotonic; 0: due at once */
	bool failing;	 /* the last run failed; further failures are not logged */
};

/* Zero-initialise, then set data and clock_ms. */
struct jobs {
	struct job at[JOBS_MAX];
	size_t count;
	void *data; /* for run */
	int64_t (*clock_ms)(void);
	void (*before_run)(void *data); /* called before each run; NULL: nothing */
};

/* Logs an error if there is no room. */
void jobs_add(struct jobs *jobs, const struct job *job);
/*
 * Runs each job that is due once, in the order in which they were added. Returns false after
 * ERR_PANIC: the environment of the store is lost; it is logged only if the error has a text of its
 * own. Other errors are logged; the job is run again after its interval.
 */
bool jobs_run_due(struct jobs *jobs);
/* Milliseconds until the next job is due, from 0 to max_ms. */
int64_t jobs_wait_ms(const struct jobs *jobs, int64_t max_ms);
