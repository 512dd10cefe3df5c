#include <stdlib.h>
#include <string.h>

#include "store/bdb/data_files_internal.h"
#include "store/bdb/doublewrite_format.h"
#include "store/bdb/page_map.h"

/* Pages of one file that have an image. */
struct pages {
	const struct ring_file *file;
	uint32_t numbers[DW_BLOCKS_MAX];
	size_t count;
};

/* A page that is still in the ring may never have been in place: the disk was full. */
static void add_group(struct page_ring *ring, struct pages *pages, const struct dw_group *group)
{
	unsigned file = (unsigned)(pages->file - ring->files);

	pthread_mutex_lock(&ring->lock);
	for (uint32_t i = 0; i < group->count; i++) {
		const struct dw_image *image = &group->images[i];

		if (memcmp(image->id, pages->file->id, sizeof(image->id)) == 0 &&
			!ring_find(ring, file, image->page))
			pages->numbers[pages->count++] = image->page;
	}
	pthread_mutex_unlock(&ring->lock);
}

static void collect(const struct data_files *files, struct pages *pages)
{
	struct dw_group group;

	pages->count = 0;
	for (uint64_t block = 1; block < files->ring->dw_used; block += 1 + group.count) {
		if (!doublewrite_read_group(files->doublewrite, block, &group))
			break;
		add_group(files->ring, pages, &group);
	}
}

static int compare(const void *left, const void *right)
{
	const uint32_t *a = left, *b = right;

	return *a < *b ? -1 : *a > *b;
}

static void map_file(const struct data_files *files, const struct ring_file *file)
{
	static struct pages pages;
	struct page_map_file map = { .folder = files->folder, .name = file->name };

	pages.file = file;
	collect(files, &pages);
	if (pages.count == 0)
		return;
	qsort(pages.numbers, pages.count, sizeof(*pages.numbers), compare);
	memcpy(map.id, file->id, sizeof(map.id));
	page_map_add(&map, pages.numbers, pages.count);
}

void drain_map_images(struct data_files *files)
{
	for (unsigned i = 0; i < RING_FILES; i++) {
		const struct ring_file *file = &files->ring->files[i];

		if (file->inode != 0 && !file->dead && file->has_id && *file->name)
			map_file(files, file);
	}
}
