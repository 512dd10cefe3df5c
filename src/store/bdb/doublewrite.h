#pragma once
/*
 * Doublewrite file: images of pages, durable before the pages are overwritten in place. A power cut
 * can tear a page that is being written, and libdb cannot recover from a torn page; its image here
 * is whole.
 *
 * The file has blocks of the size of a page. Block 0 is a header with the sequence of the first
 * image that counts; then come batches: a block that describes up to 63 images, and the images. The
 * file is filled from block 1 again when all pages that were written in place are on disk
 * (page_ring.h, written and synced). Images of earlier rounds then lie behind the new ones and do
 * not count, by their sequence: they may be older than the page in place.
 *
 * The file keeps its size, because a flush of overwritten blocks is cheaper than one of new ones.
 */
#include "store/bdb/page_ring.h"

#define DOUBLEWRITE_NAME "doublewrite"

/*
 * Opens the file in the folder of the data files, with create makes it large enough for one full
 * batch. Returns an errno.
 */
int doublewrite_open(int *fd, int folder, bool create);
/* Whether a batch of that many images fits behind those in the file. */
bool doublewrite_has_room(const struct page_ring *ring, unsigned count);
/* Starts again at block 1; only when all pages written in place are on disk. */
void doublewrite_reset(struct page_ring *ring);
/* Appends the images of a batch and makes them durable. Returns an errno. Needs ring->drain. */
int doublewrite_append(int fd, struct page_ring *ring, const uint16_t *batch, unsigned count);

struct dw_group;
/* False if the block does not describe a group of images (doublewrite_format.h). */
bool doublewrite_read_group(int fd, uint64_t block, struct dw_group *group);

/*
 * Before a recovery: writes each page that is bad, lost or not written yet in place from its newest
 * image, and makes the files durable. Only files that still have the id that the image's file had
 * are changed. *sequence: a sequence behind those of all images; *restored: the bad and lost pages.
 * Returns an errno.
 */
int doublewrite_restore(int folder, uint64_t *sequence, unsigned *restored);
/*
 * While the environment is open: copies the newest image of a page of the file with that name and
 * id. This image is the last one that was written in place. ENOENT: the page has no image. Needs
 * ring->drain.
 */
int doublewrite_find(int folder, const char *name, const void *file_id, uint32_t page, void *bytes);
