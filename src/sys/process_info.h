#pragma once
/* State of a process from /proc/PID/stat and statm (proc(5)), which every process may read. */
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

/* Bytes in memory. Those of shared memory and of files count in each process that has them. */
struct process_memory {
	uint64_t resident;
	uint64_t anonymous; /* a part of it: what the process has for itself */
};

/* False if /proc has no such process: it does not exist, or hidepid hides it (proc(5)). */
bool process_info_read(pid_t pid, struct process_info *info);
bool process_memory_read(pid_t pid, struct process_memory *memory);
