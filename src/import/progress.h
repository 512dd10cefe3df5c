#pragma once
/*
 * Progress of a download, for the worker that runs the program: JSON lines on a pipe, at most one a
 * second. A pipe that is full or closed loses lines and delays nothing.
 */
#include <stdint.h>

#define PROGRESS_TOTAL_UNKNOWN UINT64_MAX

struct progress {
	int fd;		 /* -1: not wanted */
	int64_t next_ms; /* monotonic: no line before */
};

/* The descriptor that the environment names; one that is not open counts as not wanted. */
struct progress progress_from(const char *fd_text);
void progress_report(struct progress *progress, uint64_t bytes, uint64_t total);
