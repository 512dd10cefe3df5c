#pragma once
/*
 * The end of the logs: how far their records are whole, and how far they were synced.
 *
 * libdb takes the first record with a wrong checksum for the end of the log, because a crash leaves
 * such a record behind the last sync. A damaged record before that point looks the same, and libdb
 * would drop the committed changes behind it. So each flush writes its position to the file
 * log/synced, and a start compares the two (home.c).
 *
 * The position is written after the sync that it names and is not synced itself. After kill -9 it
 * is exact; after a power cut it may be some seconds old, and damage behind it is not noticed.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The first byte behind a record. Number 0: no log, or not known. */
struct log_position {
	uint32_t number, offset;
};

static inline bool log_position_is_before(struct log_position a, struct log_position b)
{
	return a.number < b.number || (a.number == b.number && a.offset < b.offset);
}

/* Of each record of libdb 5.3 (struct HDR), in this machine's byte order; its data follow. */
struct log_record_head {
	uint32_t
		previous; /* offset of the record before; in the first of a file: in the file before */
	uint32_t size;	  /* with this head */
	uint32_t checksum;
};

/* Bytes of whole records at the beginning of a log file. The first record describes the file. */
size_t log_whole_bytes(const void *log, size_t size);

/* folder: a descriptor. Sets *newest to the highest number of a log, or 0. Returns an errno. */
int log_find_newest(int folder, uint32_t *newest);
/*
 * folder: descriptor of the logs' folder. Finds the end of the newest log; if it has no whole
 * record, that of the log before, as libdb does. Offset 0: no log has a whole record.
 * Returns 0 or an errno.
 */
int log_end_find(int folder, struct log_position *end);

/* Opens the file `synced`. Returns -1 if it cannot be opened; a store works without it. */
int log_synced_open(int folder, bool create);
/* Number 0: the file has no position, or it is damaged. */
struct log_position log_synced_read(int fd);
/* fd -1: does nothing. A failure is ignored: the older position remains. */
void log_synced_write(int fd, struct log_position position);
