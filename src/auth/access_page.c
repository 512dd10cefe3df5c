#include <stdlib.h>

#include "auth/access_run.h"

bool access_page_init(struct access_page *page, size_t row_size, size_t limit,
	bool (*precedes)(const void *a, const void *b), struct err *err)
{
	*page = (struct access_page){
		.row_size = row_size, .most = limit + 1, .precedes = precedes
	};
	page->rows = calloc(page->most, row_size);
	page->order = calloc(page->most, sizeof(*page->order));
	return (page->rows && page->order) || err_no_memory(err);
}

bool access_page_takes(const struct access_page *page, const void *row)
{
	return page->count < page->most || page->precedes(row, page->order[page->count - 1]);
}

/* A full page reuses the memory of its last row. */
void access_page_add(struct access_page *page, const void *row)
{
	size_t at = page->count;
	void *place;

	if (!access_page_takes(page, row))
		return;
	if (page->count == page->most)
		place = page->order[--at];
	else
		place = page->rows + page->count++ * page->row_size;
	for (; at > 0 && page->precedes(row, page->order[at - 1]); at--)
		page->order[at] = page->order[at - 1];
	memcpy(place, row, page->row_size);
	page->order[at] = place;
}

void access_page_free(struct access_page *page)
{
	free(page->rows);
	free(page->order);
	*page = (struct access_page){ 0 };
}
