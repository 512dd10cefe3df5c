#pragma once
/*
 * Data files of one environment, as the functions that libdb calls for its I/O need them
 * (file_hooks.h): pages are verified when they are read, and reach the files through the page ring
 * and the doublewrite file.
 *
 * Write: the page goes to the ring. When three quarters of the ring are full, or at a sync, the
 * ring is drained: all images are appended to the doublewrite file, one fdatasync, then they are
 * written in place. Read: the newest image of the ring, else the page in place.
 *
 * A checkpoint of libdb writes all pages that changed and syncs each file before it records that it
 * is complete. A sync drains the ring first, so a page that is only in the ring or in the
 * doublewrite file is never older than the log that recovery needs for it.
 *
 * All functions return 0 or an errno, unless they say otherwise. After a write that cannot be
 * repeated (EIO) every later write and sync of every process fails until recovery.
 */
#include <sys/types.h>

#include "store/bdb/page_ring.h"
#include "store/damage.h"

struct data_files;

/* A data file that this process has open. */
struct data_file {
	struct data_files *files;
	uint64_t device, inode;
	char name[RING_NAME];
};

/*
 * home and regions are folders. With create, alone: restores torn pages from the doublewrite file
 * (*restored), cuts off what is left of a page that was not written whole at the end of a file, and
 * makes an empty ring. damages is borrowed.
 */
int data_files_open(struct data_files **files, const char *home, const char *regions, bool create,
	struct damage_table *damages, unsigned *restored);
void data_files_close(struct data_files *files);
/* Until this call a recovery is taken to be running: it may read pages that were never written. */
void data_files_recovered(struct data_files *files);
/*
 * From now on a recovery takes damaged pages of hash tables for empty ones, which the log records
 * of their rows do not change. They stay damaged in the file, but libdb may have the empty ones in
 * its cache: if data_files_given_up() is not 0 afterwards, the environment must be recovered once
 * more.
 */
void data_files_give_up(struct data_files *files);
/* Whether a page of the file with that name is of a hash table, and not its first page. */
bool data_files_may_give_up(const char *name, uint32_t page);
unsigned data_files_given_up(const struct data_files *files);
/* Whether the folder is that of the data files. */
bool data_files_own(const struct data_files *files, uint64_t device, uint64_t inode);

/* The table of a file, enum engine_table; ENGINE_TABLES for other files. */
unsigned data_files_table(const char *name);
/* Index and usage are made again from other tables; a snapshot ends with the service. */
bool data_files_can_be_made_again(unsigned table);
/* Idempotency-Keys: a B-tree that a repair empties as a whole. */
bool data_files_can_be_emptied(unsigned table);
/*
 * Alone: renames a damaged file that a start makes again, or that a repair empties; libdb ignores
 * the log records of a missing file. Returns false for other files, and if it cannot be renamed.
 */
bool data_files_set_aside(const struct data_files *files, const char *name);

/*
 * To be called for each file that is opened: drains the pages of the file, because libdb reads its
 * size and its first page itself. EBADMSG: the first page is damaged.
 */
int data_file_opened(struct data_file *file, int fd);
/*
 * Reads a page. Returns its size, less at the end of the file, or -1 with errno. EBADMSG: the page
 * cannot be read, its checksum or number is wrong, or it was lost (page_map.h); it is then in the
 * table of damaged pages.
 */
ssize_t data_file_read(struct data_file *file, int fd, uint32_t page, void *bytes);
/* ENOSPC or EDQUOT: the ring is full and cannot be drained; the page was not written. */
int data_file_write(struct data_file *file, int fd, uint32_t page, const void *bytes);
int data_file_sync(struct data_file *file, int fd);
int data_file_truncate(struct data_file *file, int fd, off_t size);
/* After a file of the folder was renamed. */
void data_files_renamed(
	struct data_files *files, uint64_t device, uint64_t inode, const char *name);
/* After a file was removed: drops its pages. */
void data_files_removed(struct data_files *files, uint64_t device, uint64_t inode);
