#pragma once
/* Shared by data_files.c, data_file_read.c, drain.c and drain_images.c. */
#include "store/bdb/data_files.h"
#include "store/bdb/doublewrite.h"

struct data_files {
	struct page_ring *ring;
	uint64_t device, inode; /* of the folder */
	int folder, doublewrite;
	bool recovering, give_up;
	unsigned given_up; /* pages that a recovery took for empty ones */
	/* A placeholder (page.h) that this process may read; page 0: none. */
	struct {
		unsigned table;
		uint32_t page;
	} in_repair;
	struct damage_table *damages;
	/* drain.c: descriptors of its own, 0: none; for which inodes. */
	int open[RING_FILES];
	uint64_t inodes[RING_FILES];
};

/*
 * Writes all pages of the ring in place, through the doublewrite file. After ENOSPC and
 * EDQUOT the pages that could not be written are still in the ring.
 */
int drain(struct data_files *files);
/*
 * Forgets the images of the doublewrite file if all pages that were written in place are on disk;
 * with sync, makes it so first. Notes these pages in the maps of the files (page_map.h). The caller
 * holds ring->drain. Returns an errno.
 */
int drain_forget_images(struct data_files *files, bool sync);
/* For drain_forget_images. */
void drain_map_images(struct data_files *files);
/* Marks batches of a file as being on disk, after a sync that began when there were `written`. */
void drain_synced(struct data_files *files, uint64_t device, uint64_t inode, uint64_t written);
/* Makes every later write and sync fail; returns the errno. */
int drain_failed(struct data_files *files, int error);
void drain_forget_files(struct data_files *files);
