#pragma once
/*
 * How many descriptors a process has open, for monitoring. A process counts its own, because /proc
 * does not show those of one that is not dumpable. It counts in slices, so that a process with many
 * descriptors does not stop for it: 512 numbers of descriptors each 200 ms take about 50 us.
 *
 * The memory may be shared. Only the process that counts writes it.
 */
#include <stdatomic.h>
#include <stdint.h>

struct open_files {
	_Atomic uint32_t open;	/* when they were last counted; 0: not yet */
	_Atomic uint32_t limit; /* RLIMIT_NOFILE at that time */
	/* of the count under way: */
	uint32_t next, found, end;
	int64_t next_ms;
};

/* Before the process that counts is started. */
void open_files_reset(struct open_files *files);
/* Goes on with the count if it is time to; now_ms is monotonic. */
void open_files_count(struct open_files *files, int64_t now_ms);
