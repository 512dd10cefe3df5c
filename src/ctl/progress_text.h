#pragma once
/* The figures of a progress as text. */
#include <stddef.h>
#include <stdint.h>

struct progress_figures {
	const char *what, *phase; /* phase NULL: none */
	const char *unit;	  /* NULL: bytes */
	uint64_t done, total;	  /* total 0: unknown */
	int64_t ms;		  /* since the beginning of the phase */
};

/*
 * "verify: 120000 of 500000 tasks (24 %), 60000/s, 6 s left", or what is known of it: without
 * figures the time that has passed.
 */
void progress_format(const struct progress_figures *figures, char *text, size_t size);
