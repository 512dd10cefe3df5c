#pragma once
/*
 * Map of the pages of a data file that have been on disk: a bit for each, in a file beside it.
 *
 * libdb takes a page of zeros for one that was never written: an empty bucket of a hash table. A
 * disk that has lost a page reads as zeros, too; the map tells the two apart. A page whose bit is
 * set was written and synced, so it never is all zeros again.
 *
 * A bit that is missing, because the map was not on disk before a power cut or could not grow, only
 * means that the loss of this page is not noticed. A bit that should not be there would make a good
 * page unreadable; so a map names the id of its file, a new file gets a new map, pages get their
 * bits after a sync of the file (drain_images.c, scrub.c), and lose them before they are cut off.
 *
 * folder is a descriptor, name that of the data file. One process at a time changes a map.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/bdb/page.h"

struct page_map_file {
	int folder;
	const char *name;
	uint8_t id[PAGE_FILE_ID_SIZE];
};

/* Whether the file has or had a map, with whatever id. */
bool page_map_exists(int folder, const char *name);
/* The file's id is read from its first page. False if that page is not good. */
bool page_map_identify(struct page_map_file *map, int folder, const char *name, int fd);
bool page_map_has(const struct page_map_file *map, uint32_t page);
bool page_map_has_all(const struct page_map_file *map, const uint32_t *pages, size_t count);
/* The first page of a range that the map has; `end` if it has none. */
uint32_t page_map_next(const struct page_map_file *map, uint32_t begin, uint32_t end);
/* Adds pages, in ascending order. A failure is ignored; the map is kept. */
void page_map_add(const struct page_map_file *map, const uint32_t *pages, size_t count);
/* Removes the map of a file that is made again: the log may make it with the same id. */
void page_map_remove(int folder, const char *name);
/* Durably removes the pages from `first` on. Returns an errno. */
int page_map_cut(const struct page_map_file *map, uint32_t first);
