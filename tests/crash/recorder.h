#pragma once
/*
 * Records of the preloaded library (recorder.c), and what its files share. A record is this struct
 * in the machine's byte order, then the path, the target and the data, without NULs. recording.py
 * reads the same layout.
 */
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define RECORD_MAGIC 0x6c616e72756f6a50

enum record_kind {
	RECORD_END = 1,	 /* of the call `begun`: result, and of a CREATE the file */
	RECORD_WRITE,	 /* length bytes at offset */
	RECORD_TRUNCATE, /* to length bytes */
	RECORD_EXTEND,	 /* to length bytes at least */
	RECORD_SYNC,	 /* fsync, fdatasync */
	RECORD_CREATE,	 /* of a file; a file that existed is not recorded */
	RECORD_MKDIR,
	RECORD_RENAME,	   /* path to target */
	RECORD_LINK,	   /* target is a new name of path */
	RECORD_SYMLINK,	   /* target is the text of the link */
	RECORD_UNLINK,	   /* files and directories */
	RECORD_UNSUPPORTED /* a change that cannot be recorded */
};

enum record_flag {
	RECORD_DSYNC = 1,  /* the file was opened with O_SYNC or O_DSYNC */
	RECORD_FOLDER = 2, /* the descriptor is of a directory */
	RECORD_DATA = 4,   /* fdatasync, not fsync */
};

struct record {
	uint64_t magic;
	uint64_t number; /* from the counter that all processes share */
	uint32_t kind;	 /* enum record_kind */
	uint32_t flags;	 /* enum record_flag */
	uint64_t device; /* of the file, 0 if there is none yet */
	uint64_t inode;
	int64_t offset, length;
	int64_t size_before; /* of the file */
	uint64_t begun;	     /* END: number of the record before the call */
	int64_t result;	     /* END: of the call; negative: it failed and changed nothing */
	uint32_t path_size, target_size;
	uint64_t data_size;
};

/*
 * Writes a record whose members are set, but for number and sizes; data NULL: none, else length
 * bytes. Returns its number and keeps errno.
 */
uint64_t recorder_begin(
	struct record *record, const char *path, const char *target, const void *data);
/* Writes the END of a call; fd: of the file that it opened, or -1. */
void recorder_end(uint64_t begun, int64_t result, int fd);
/* Fills in the file of a descriptor and its real path; returns false if it is not recorded. */
bool recorder_find(int fd, struct record *record, char path[PATH_MAX]);
/* The real path of a name, its last part not followed; false if it is not recorded. */
bool recorder_resolve(int folder, const char *name, char path[PATH_MAX]);
