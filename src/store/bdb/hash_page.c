#include "store/bdb/hash_page.h"

enum {
	META_MAX_BUCKET = 72,
	META_HIGH_MASK = 76,
	META_LOW_MASK = 80,
	META_SPARES = 96,
	META_SIZE = META_SPARES + 4 * HASH_SPARES,
	HEADER_WITHOUT_CHECKSUM = 26,
};

/* Types of pages and of items. */
enum {
	PAGE_HASH_UNSORTED = 2, /* of older versions of libdb */
	ITEM_BYTES = 1,
	ITEM_OVERFLOW = 3, /* libdb's HOFFPAGE */
	OVERFLOW_PAGE = 4,
	OVERFLOW_SIZE = 12,
};

static uint32_t read_u32(const uint8_t *page, size_t at)
{
	uint32_t value;

	memcpy(&value, page + at, sizeof(value));
	return value;
}

static uint16_t read_u16(const uint8_t *page, size_t at)
{
	uint16_t value;

	memcpy(&value, page + at, sizeof(value));
	return value;
}

/* ---- pages ---- */

int hash_read_page(DB *db, db_pgno_t number, uint8_t *copy, size_t size)
{
	DB_MPOOLFILE *file = db->get_mpf(db);
	void *page;
	int rc = file->get(file, &number, NULL, 0, &page);

	if (rc != 0)
		return rc;
	memcpy(copy, page, size);
	return file->put(file, page, DB_PRIORITY_UNCHANGED, 0);
}

int hash_read_meta(DB *db, struct hash_meta *meta)
{
	uint8_t page[META_SIZE];
	int rc = hash_read_page(db, 0, page, sizeof(page));

	if (rc != 0)
		return rc;
	meta->max_bucket = read_u32(page, META_MAX_BUCKET);
	meta->high_mask = read_u32(page, META_HIGH_MASK);
	meta->low_mask = read_u32(page, META_LOW_MASK);
	memcpy(meta->spares, page + META_SPARES, sizeof(meta->spares));
	return 0;
}

/* ---- buckets ---- */

uint32_t hash_bucket(const struct hash_meta *meta, uint32_t value)
{
	uint32_t bucket = value & meta->high_mask;

	return bucket > meta->max_bucket ? bucket & meta->low_mask : bucket;
}

/* Buckets are allocated in groups that double the table. */
db_pgno_t hash_bucket_page(const struct hash_meta *meta, uint32_t bucket)
{
	size_t group = 0;

	while (group + 1 < HASH_SPARES && (UINT64_C(1) << group) < (uint64_t)bucket + 1)
		group++;
	return bucket + meta->spares[group];
}

/* Group 0 is bucket 0; group n has the buckets from 2^(n-1) to 2^n - 1. */
bool hash_is_bucket_page(const struct hash_meta *meta, db_pgno_t page)
{
	for (size_t group = 0; group < HASH_SPARES && meta->spares[group] != 0; group++) {
		uint64_t first = group > 0 ? UINT64_C(1) << (group - 1) : 0;
		uint64_t behind = UINT64_C(1) << group;

		if (page >= meta->spares[group] + first && page < meta->spares[group] + behind)
			return true;
	}
	return false;
}

/* ---- items ---- */

size_t hash_page_header(DB *db)
{
	uint32_t flags = 0;

	db->get_flags(db, &flags);
	return flags & DB_CHKSUM ? PAGE_AT_ITEMS : HEADER_WITHOUT_CHECKSUM;
}

db_pgno_t hash_page_next(const uint8_t *page)
{
	return page_next(page);
}

bool hash_page_is_bucket(const uint8_t *page)
{
	return page_type(page) == PAGE_HASH || page_type(page) == PAGE_HASH_UNSORTED;
}

unsigned hash_page_items(const uint8_t *page)
{
	return read_u16(page, PAGE_AT_ENTRIES);
}

size_t hash_page_room(const uint8_t *page, size_t header)
{
	size_t used_end = header + sizeof(uint16_t) * hash_page_items(page);
	size_t free_end = read_u16(page, PAGE_AT_FREE_END);

	return free_end > used_end ? free_end - used_end : 0;
}

/* Items lie one before the other, the first one at the end of the page. */
static bool item(const uint8_t *page, size_t header, unsigned n, struct str *bytes)
{
	size_t at = header + sizeof(uint16_t) * n, begin, end;

	if (at + sizeof(uint16_t) > BDB_PAGE_SIZE)
		return false;
	begin = read_u16(page, at);
	end = n > 0 ? read_u16(page, at - sizeof(uint16_t)) : BDB_PAGE_SIZE;
	if (begin < header || begin >= end || end > BDB_PAGE_SIZE)
		return false;
	*bytes = (struct str){ (const char *)page + begin, end - begin };
	return true;
}

bool hash_page_key(const uint8_t *page, size_t header, unsigned n, struct str *key)
{
	struct str bytes;

	if (2 * n + 1 >= hash_page_items(page) || !item(page, header, 2 * n, &bytes) ||
		bytes.ptr[0] != ITEM_BYTES)
		return false;
	*key = str_skip(bytes, 1);
	return true;
}

db_pgno_t hash_page_overflow(const uint8_t *page, size_t header, unsigned n)
{
	struct str bytes;

	if (2 * n + 1 >= hash_page_items(page) || !item(page, header, 2 * n + 1, &bytes) ||
		bytes.len != OVERFLOW_SIZE || bytes.ptr[0] != ITEM_OVERFLOW)
		return 0;
	return read_u32((const uint8_t *)bytes.ptr, OVERFLOW_PAGE);
}
