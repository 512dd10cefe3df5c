#pragma once
/*
 * What the kernel says of a process (proc(5)).
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct proc_stat {
	char state;	/* R, S, D, T, t, Z, ... */
	uint64_t start; /* clock ticks after boot: with the pid, names one process for good */
};

/* False when there is no such process. */
bool proc_stat(pid_t pid, struct proc_stat *stat);
