#pragma once
/*
 * What the kernel says of a process (proc(5)).
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct process_info {
	char state;	/* R, S, D, T, t, Z, ... */
	uint64_t start; /* clock ticks after boot: with the pid, names one process for good */
};

/* False when there is no such process. */
bool process_info_read(pid_t pid, struct process_info *stat);
