#include <errno.h>
#include <string.h>

#include "store/bdb/hash_page.h"
#include "store/bdb/repair.h"

struct search {
	struct table_file *file;
	uint32_t page;
	struct page_place *place;
	bool in_bucket, in_value; /* a page of a bucket, of a long value refers to it */
	bool follow;		  /* long values to their end */
	int rc;
};

/* ---- rows with long values ---- */

/* Whether the page is in the chain behind `first`. */
static bool leads_to(struct search *search, uint32_t first)
{
	unsigned char page[BDB_PAGE_SIZE];

	for (uint32_t steps = 0; first != 0 && steps < search->file->pages; steps++) {
		if (first == search->page)
			return true;
		if (table_file_read(search->file, first, page) != 0 ||
			page_type(page) != PAGE_OVERFLOW)
			return false;
		first = page_next(page);
	}
	return false;
}

static void note_row(struct search *search, struct str key)
{
	memcpy(search->place->key, key.ptr, key.len);
	search->place->key_len = key.len;
	search->in_value = true;
}

static void look_at_rows(struct search *search, const void *page)
{
	for (unsigned i = 0; i < hash_page_items(page) / 2; i++) {
		uint32_t first = hash_page_overflow(page, PAGE_AT_ITEMS, i);
		struct str key;

		if (first != 0 && hash_page_key(page, PAGE_AT_ITEMS, i, &key) &&
			(first == search->page || (search->follow && leads_to(search, first))))
			note_row(search, key);
	}
}

/* ---- links ---- */

static bool look_at(uint32_t number, const void *page, void *data)
{
	struct search *search = data;
	struct page_links *links = &search->place->links;
	unsigned type = page_type(page);
	bool *refers = type == PAGE_HASH ? &search->in_bucket : &search->in_value;

	if (type != PAGE_HASH && type != PAGE_OVERFLOW)
		return true;
	if (page_previous(page) == search->page) {
		links->next = number;
		*refers = true;
	}
	if (page_next(page) == search->page) {
		links->previous = number;
		*refers = true;
	}
	if (type == PAGE_HASH)
		look_at_rows(search, page);
	return true;
}

static int look_at_all(struct search *search)
{
	search->place->links = (struct page_links){ 0 };
	search->in_bucket = search->in_value = false;
	return table_file_each(search->file, look_at, search);
}

int repair_find(DB *db, struct table_file *file, uint32_t page, struct page_place *place)
{
	struct search search = { .file = file, .page = page, .place = place };
	struct hash_meta meta;
	int rc = hash_read_meta(db, &meta);

	place->key_len = 0;
	if (rc == 0)
		rc = look_at_all(&search);
	if (rc != 0)
		return rc;
	if (hash_is_bucket_page(&meta, page)) {
		place->use = USE_BUCKET;
		place->links.previous = 0;
		return 0;
	}
	place->use = search.in_value ? USE_OVERFLOW : search.in_bucket ? USE_CHAIN : USE_UNUSED;
	/* A page in the middle of a value: its row refers to another page. */
	search.follow = true;
	return place->use == USE_OVERFLOW && place->key_len == 0 ? look_at_all(&search) : 0;
}
