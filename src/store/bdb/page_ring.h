#pragma once
/*
 * Pages on their way to the data files, in memory shared by all processes of one environment: a
 * file of the folder of the regions. libdb's writes of pages end here; a batch of them is later
 * written to the doublewrite file, made durable there, and then written in place (data_files.h).
 *
 * A slot holds one image of one page. A page has at most one FULL image, the newest one, and at
 * most one in the batch that is being written. The content is lost with the memory: nothing
 * depends on it, because the log of all changes since the last checkpoint is on disk, and a
 * checkpoint ends only when the ring was drained (data_file_sync).
 *
 * `lock` protects slots and files and is held for microseconds. The process that writes a batch
 * holds `drain`; it is taken before `lock`. A process that dies with one of them dies in a call of
 * the store, so all processes end and a recovery makes a new ring.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "store/bdb/page.h"

#define RING_FILE  "pages" /* in the folder of the regions */
#define RING_SLOTS 256
#define RING_FILES 32
#define RING_NAME  20 /* longer names are those of temporary files, which no recovery needs */

enum slot_state { SLOT_FREE, SLOT_FULL, SLOT_WRITING };

struct ring_slot {
	uint64_t sequence; /* ascending over all images */
	uint32_t page;
	uint16_t next; /* in its list, RING_SLOTS at the end */
	uint8_t file;  /* index of files */
	uint8_t state; /* enum slot_state */
};

struct ring_file {
	uint64_t device, inode; /* inode 0: free */
	char name[RING_NAME];	/* "" if it is too long */
	bool dead;		/* removed: its pages are dropped */
	bool has_id;
	uint8_t id[PAGE_FILE_ID_SIZE];
	unsigned slots;		  /* in use */
	uint64_t written, synced; /* batches written in place, and of these on disk */
};

struct page_ring {
	uint32_t version;
	int failed; /* errno of a write that cannot be repeated; 0 while all is well */
	pthread_mutex_t lock, drain;
	uint64_t sequence; /* of the newest image */
	/* For doublewrite.c, under drain: */
	uint64_t dw_used; /* blocks in use */
	bool dw_header_written;
	unsigned full; /* slots */
	uint16_t free; /* list */
	uint16_t buckets[2 * RING_SLOTS];
	struct ring_file files[RING_FILES];
	struct ring_slot slots[RING_SLOTS];
	unsigned char pages[RING_SLOTS][BDB_PAGE_SIZE];
};

/* Makes an empty ring, replacing a file of that name. Returns an errno. */
int ring_create(struct page_ring **ring, const char *path);
/* Joins the ring of a running environment. Returns an errno. */
int ring_attach(struct page_ring **ring, const char *path);
void ring_close(struct page_ring *ring);

/* The functions below need `lock`. */

/* Returns the index of the file, -1 if it has no entry. */
int ring_find_file(struct page_ring *ring, uint64_t device, uint64_t inode);
/* Adds a file; -1 if the table is full. */
int ring_add_file(struct page_ring *ring, uint64_t device, uint64_t inode, const char *name);
/* For an index in files; a name that is too long counts as none. */
void ring_set_name(struct page_ring *ring, unsigned file, const char *name);
/* Returns the newest image of a page, or NULL if the ring has none. */
const unsigned char *ring_find(const struct page_ring *ring, unsigned file, uint32_t page);
/* Copies an image into a slot; false if none is free. */
bool ring_put(struct page_ring *ring, unsigned file, uint32_t page, const void *image);
/* Drops the images of pages from `first` on that are not being written. */
void ring_drop(struct page_ring *ring, unsigned file, uint32_t first);

/*
 * Marks all FULL slots as the batch and writes their numbers by file and page. Returns their
 * count. Needs drain too.
 */
unsigned ring_take(struct page_ring *ring, uint16_t batch[RING_SLOTS]);
/* Ends the batch for one slot: written frees it; otherwise it is FULL again, or free if a newer
 * image came. */
void ring_release(struct page_ring *ring, uint16_t slot, bool written);
