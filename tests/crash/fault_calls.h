#pragma once
/*
 * Faults of system calls and of malloc, for a test program: fault_calls.c defines these functions,
 * so the program and the libraries that it is linked with use them instead of libc's. Outside
 * fault_enter() and fault_leave() they only call the kernel or libc.
 */
#include <stdbool.h>

enum fault_kind {
	FAULT_OPEN,
	FAULT_READ,
	FAULT_WRITE,
	FAULT_SYNC,
	FAULT_SIZE, /* ftruncate, fallocate */
	FAULT_NAME, /* rename, unlink, mkdir */
	FAULT_MAP,
	FAULT_MEMORY, /* malloc, calloc, realloc */
	FAULT_KINDS
};

enum fault_mode {
	FAULT_ONCE,	   /* the call fails */
	FAULT_ALWAYS,	   /* it and all later ones fail */
	FAULT_HALF,	   /* WRITE: half of the bytes are written, then the process is killed */
	FAULT_KILL_BEFORE, /* the process is killed instead of the call */
	FAULT_KILL_AFTER,
	FAULT_MODES
};

struct fault {
	enum fault_kind kind;
	enum fault_mode mode;
	unsigned number; /* of the call, from 1; 0: none */
	int error;	 /* errno of a call that fails */
};

/* False in a build with a sanitizer, which replaces the same functions. */
extern const bool fault_available;
/* Arms one fault and sets the count of calls to 0. */
void fault_arm(const struct fault *fault);
/* Calls between the two count and fail. */
void fault_enter(void);
void fault_leave(void);
/* Calls of the armed kind so far. */
unsigned fault_count(void);
