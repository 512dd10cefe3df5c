#pragma once
/* State of a process from /proc/PID/stat (proc(5)). */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define PROCESS_NAME_SIZE 16

struct process_info {
	char name[PROCESS_NAME_SIZE]; /* of the program, cut */
	char state;		      /* R, S, D, T, t, Z, ... */
	pid_t parent, group;
	uint64_t cpu;	/* processor time, clock ticks */
	uint64_t start; /* clock ticks after boot; unique together with the pid */
};

/* False if /proc has no such process: it does not exist, or hidepid hides it (proc(5)). */
bool process_info_read(pid_t pid, struct process_info *info);
