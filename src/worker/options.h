#pragma once
/*
 * Command line of `polytaskctl work` (polytaskctl.8, WORKERS). Secrets are read from a file or the
 * environment, never from an argument.
 */
#include <jansson.h>
#include <stdio.h>

#include "base/err.h"

#define WORKER_JOBS_MAX	   64
#define WORKER_NAME_MAX	   100
#define WORKER_TOKEN_MAX   4096
#define WORKER_TIMEOUT_MAX 31536000 /* seconds */

struct worker_options {
	char *url;	     /* without a slash at its end */
	const char *ca_file; /* NULL: the certificates of the system */
	char token[WORKER_TOKEN_MAX + 1];
	char name[WORKER_NAME_MAX + 1];
	json_t *dialects; /* NULL: all */
	json_t *kinds;	  /* NULL: all */
	unsigned jobs;
	unsigned lease_seconds;
	unsigned timeout_seconds; /* 0: none */
	unsigned grace_seconds;
	bool once;
	bool report;
	bool verbose;
	bool simulate;
	double simulate_seconds;
	double fail_rate;
	char **command; /* ends with NULL; NULL with simulate */
	bool help;	/* only --help is asked for */
};

/* After "polytaskctl work". */
extern const char worker_usage[];

/*
 * Parses the words after "polytaskctl"; argv[0] is "work". The options borrow from argv and the
 * environment. Free them with worker_options_free in either case. getopt prints what is wrong with
 * an unknown option itself: the error has no text then (ERR_MISSING, without field).
 */
bool worker_options_parse(struct worker_options *options, int argc, char **argv, struct err *err);
void worker_options_free(struct worker_options *options);
