#pragma once
/*
 * The functions that libdb calls instead of open, read, write, fsync and others. libdb has one set
 * per process: it is installed once, and finds the environment of a file by its folder. Files other
 * than the data files (logs, regions) get the plain calls.
 */
#include "store/bdb/data_files.h"

/*
 * Installs the functions at the first call; then sends the data files of `files` through them.
 * Returns false if the process has too many environments.
 */
bool file_hooks_add(struct data_files *files);
/* After libdb closed the environment. */
void file_hooks_remove(struct data_files *files);

/*
 * From now on every open, write, truncation, renaming and removal by libdb fails, with EIO, until
 * file_hooks_add.
 */
void file_hooks_forbid_changes(void);
bool file_hooks_may_change(void);

/* The damaged page that a read has met since the last clear; name NULL: none. */
struct page_failure {
	const char *name;
	uint32_t page;
};
struct page_failure file_hooks_failure(void);
void file_hooks_clear_failure(void);
