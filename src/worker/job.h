#pragma once
/*
 * One claimed task: its run (a command or a simulation), its heartbeats and its last report.
 *
 *	free --job_start--> confirming --first heartbeat--> running --the run has ended--> reporting
 *	reporting --answered--> ended, free
 *
 * The run begins when a heartbeat has confirmed the claim: the response to the claim may have
 * waited here while the task went to another worker.
 *
 * Two heartbeats serve a running task. `watch` waits at the service for a cancellation, for a third
 * of the lease; `push` brings progress and log lines at most once a second, and confirms the claim.
 * After the run, `watch` goes on without waiting, so that the lease does not end before the last
 * report if the service is slow or asks for a delay.
 *
 * Each extends the lease, and job.lease_until is the time until which no other worker can have the
 * task. All times are milliseconds of clock_boot_ms().
 */
#include <poll.h>
#include <sys/types.h>

#include "worker/backoff.h"
#include "worker/client.h"
#include "worker/log_lines.h"
#include "worker/outcome.h"

struct worker;
struct job;

#define RUN_FDS 5

/* A way to work on a task. `run` is the value that start has returned. */
struct run_type {
	/* NULL: it cannot be started; the task is released, and the worker ends. */
	void *(*start)(struct job *job, struct err *err);
	/* Begins to end it; at kill_at nothing of it is left. May be called more than once. */
	void (*stop)(void *run, int64_t kill_at);
	/*
	 * The lease ends at kill_at. A run that has processes begins to end them at end_at, also
	 * if the worker does not go on. Called after each extension; NULL: it has none.
	 */
	void (*set_lease)(void *run, int64_t end_at, int64_t kill_at);
	/* Fills in the descriptors that it waits for; the others have fd -1. NULL: it has none. */
	void (*fill_fds)(void *run, struct pollfd fds[RUN_FDS]);
	/* Does what is possible without waiting. Returns true when it has ended: the outcome is set. */
	bool (*step)(void *run, int64_t now, struct outcome *outcome);
	/* When step is to be called even if no descriptor is ready; INT64_MAX: not at all. */
	int64_t (*wake_time)(void *run);
	void (*free)(void *run);
};

enum job_state { JOB_FREE, JOB_CONFIRMING, JOB_RUNNING, JOB_REPORTING, JOB_ENDED };

/* Why the worker ended the run. */
enum job_end {
	END_NONE,
	END_TIMEOUT,   /* --timeout */
	END_STOPPED,   /* the worker stops: the task is released */
	END_CANCELLED, /* from here on nothing is reported */
	END_LOST,
	END_LEASE_OVER,
};

/* The part of a report that the service refuses may be in any member. */
enum report_content {
	REPORT_ALL,
	REPORT_WITHOUT_NEWS,
	REPORT_REFUSED, /* a failure with the reason */
};

struct heartbeat {
	struct job *job;
	struct client_request *request; /* NULL: none is in flight */
	int64_t sent, due;		/* due INT64_MAX: never */
	bool waits;
	struct backoff backoff;
};

struct job {
	struct worker *worker;
	enum job_state state;
	const struct run_type *type;
	void *run;
	pid_t guard;	/* of the run, until it was reaped; 0: none */
	json_t *task;	/* as claimed */
	const char *id; /* of task */
	char token[40];
	int64_t attempt;
	int64_t lease_ms; /* length of a lease, as the service grants it */
	int64_t lease_until, timeout_at;
	struct heartbeat watch, push;
	bool confirmed;
	struct log_lines log;
	json_t *progress;      /* for the next report; NULL: none */
	json_t *progress_sent; /* in the push in flight */
	enum job_end end;
	bool finished; /* set by the run: it has ended by itself, and tidies up */
	struct outcome outcome;
	struct {
		struct client_request *request;
		int64_t due, until; /* until 0: nothing was sent yet */
		struct backoff backoff;
		enum report_content content;
		bool has_news;	/* as sent: log lines or progress */
		bool uncertain; /* a try without an answer may have been carried out */
	} report;
};

/*
 * Takes an element of `claims`. False: the response is not as documented, or the worker has a job
 * with this task.
 */
bool job_start(struct job *job, struct worker *worker, const json_t *claim);
/* Does everything that is due. */
void job_step(struct job *job, int64_t now);
int64_t job_wake_time(const struct job *job);
/*
 * Ends the run for this reason, unless there is one already that allows no report. A run that has
 * finished is reported as it ended, unless this reason allows no report.
 */
void job_end(struct job *job, enum job_end end);
/* The worker is to end: the last report is sent now, and given up soon. */
void job_hurry(struct job *job, int64_t now);
/* Takes the value. */
void job_set_progress(struct job *job, json_t *progress);
/* Forgets the task without a report. */
void job_free(struct job *job);

/* When the run begins to end because its lease ends: the grace, or a part of the lease, before. */
int64_t job_end_time(const struct job *job);

/* ---- for job.c: the end (job_end.c), heartbeats, the last report, requests ---- */

/* Reports a release instead of an outcome. */
void job_release(struct job *job);
/* A run that the worker has ended has the outcome of this end. */
void job_apply_end(struct job *job);
/* The length of the lease that is asked for. */
int64_t job_asked_ms(const struct job *job);
/* Tells the run when its lease ends. */
void job_tell_lease(struct job *job);
/* Sends the heartbeats that are due. */
void job_heartbeats(struct job *job, int64_t now);
/* When the next one is due; INT64_MAX: unknown until a response arrives. */
int64_t job_heartbeat_time(const struct job *job);
/* The run has ended: heartbeats only extend the lease until the last report is answered. */
void job_keep_lease(struct job *job, int64_t now);
void job_cancel_heartbeat(struct heartbeat *beat);

/* Sends the last report, or repeats it. */
void job_report(struct job *job, int64_t now);
/* Appends the members that each report may have; last: it is the last one. */
void job_put_news(struct job *job, json_t *body, bool last);
void job_settle_news(struct job *job, bool stored);
/*
 * The news of the heartbeat were refused. Progress is dropped, so that its log lines can be sent
 * without it; without progress the lines are dropped. False: there were no news.
 */
bool job_refuse_news(struct job *job);
/* POST /v1/tasks/{id}/<kind> with this body, which is freed. */
struct client_request *job_post(struct job *job, const char *kind, json_t *body, long timeout_ms,
	client_done *done, void *data);
