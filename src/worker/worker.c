#include "worker/worker.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "worker/claim.h"
#include "worker/command.h"
#include "worker/fatal.h"
#include "worker/orphans.h"
#include "worker/program.h"
#include "worker/simulation.h"

#define SLEEP_MOST_MS 60000
#define USAGE_STATUS  2

/* ---- signals ---- */

static void open_signals(struct worker *worker)
{
	static const int numbers[] = { SIGTERM, SIGINT, SIGHUP };
	struct sigaction action;
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		/* As by nohup(1); if it were blocked, it would no longer be ignored. */
		if (sigaction(numbers[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
			sigaddset(&set, numbers[i]);
	}
	/* Also for the threads in which libcurl looks up names. */
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	/* If it is ignored, the kernel reaps the guards. */
	signal(SIGCHLD, SIG_DFL);
	worker->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (worker->signals < 0) {
		say("cannot receive signals: %s", strerror(errno));
		exit(1);
	}
}

/* The third signal does not wait for the commands to end. */
static void take_signal(struct worker *worker, int number)
{
	switch (worker->stop) {
	case STOP_NONE:
		worker->stop = STOP_CLAIMING;
		return;
	case STOP_CLAIMING:
		worker->stop = STOP_NOW;
		worker->status = 128 + number;
		for (size_t i = 0; i < WORKER_JOBS_MAX; i++) {
			job_end(&worker->jobs[i], END_STOPPED);
			job_hurry(&worker->jobs[i], clock_boot_ms());
		}
		return;
	case STOP_NOW:
		orphans_end_all();
		exit(128 + number);
	}
}

static void take_signals(struct worker *worker)
{
	struct signalfd_siginfo info;

	while (read(worker->signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
		take_signal(worker, (int)info.ssi_signo);
}

/* ---- the loop ---- */

static size_t count_jobs(const struct worker *worker)
{
	size_t count = 0;

	for (size_t i = 0; i < WORKER_JOBS_MAX; i++)
		count += worker->jobs[i].state != JOB_FREE;
	return count;
}

static void wait_for_events(struct worker *worker)
{
	struct pollfd fds[1 + WORKER_JOBS_MAX * RUN_FDS];
	size_t count = 1;
	int64_t now, wake = claim_wake_time(worker), job_wake;

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		fds[i] = (struct pollfd){ .fd = -1 };
	fds[0] = (struct pollfd){ .fd = worker->signals, .events = POLLIN };
	for (size_t i = 0; i < WORKER_JOBS_MAX; i++) {
		struct job *job = &worker->jobs[i];

		if (job->state == JOB_FREE)
			continue;
		job_wake = job_wake_time(job);
		wake = job_wake < wake ? job_wake : wake;
		if (job->state != JOB_RUNNING || !job->type->fill_fds)
			continue;
		job->type->fill_fds(job->run, fds + count);
		count += RUN_FDS;
	}
	now = clock_boot_ms();
	wake = wake > now + SLEEP_MOST_MS ? now + SLEEP_MOST_MS : wake;
	client_wait(worker->client, fds, count, wake > now ? (int)(wake - now) : 0);
}

static bool has_ended(const struct worker *worker)
{
	return (worker->stop != STOP_NONE || worker->nothing_ready) && count_jobs(worker) == 0;
}

static void run(struct worker *worker)
{
	for (;;) {
		take_signals(worker);
		for (size_t i = 0; i < WORKER_JOBS_MAX; i++)
			job_step(&worker->jobs[i], clock_boot_ms());
		claim_step(worker, clock_boot_ms());
		if (has_ended(worker))
			return;
		wait_for_events(worker);
	}
}

/* ---- beginning and end ---- */

static int work(const struct worker_options *options)
{
	struct client_config config = {
		.url = options->url, .token = options->token, .ca_file = options->ca_file
	};
	struct worker *worker = need(calloc(1, sizeof(*worker)));
	struct err err = { 0 };
	int status;

	worker->options = options;
	worker->type = options->simulate ? &simulation_run : &command_run;
	/* It gets the processes of a command whose guard was killed. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	open_signals(worker);
	if ((!options->simulate && !program_find(&worker->program, options->command[0], &err)) ||
		!client_new(&worker->client, &config, &err)) {
		say("%s", err_text(&err));
		worker->status = 1;
	} else {
		run(worker);
	}
	status = worker->status;
	client_free(worker->client);
	close(worker->signals);
	free(worker->program);
	free(worker);
	return status;
}

int worker_main(int argc, char **argv)
{
	struct worker_options options;
	struct err err = { 0 };
	int status = 0;

#ifndef POLYTASK_SANITIZED
	/* Other processes of the user, such as commands, cannot read the token from its memory. */
	prctl(PR_SET_DUMPABLE, 0);
#endif
	if (!worker_options_parse(&options, argc, argv, &err)) {
		if (err.text[0])
			say("%s", err.text);
		fprintf(stderr, "usage: polytaskctl work%s\n", worker_usage);
		status = USAGE_STATUS;
	} else if (options.help) {
		printf("usage: polytaskctl work%s\n", worker_usage);
	} else {
		status = work(&options);
	}
	worker_options_free(&options);
	return status;
}
