#include "store/bdb/page_make.h"

#include <string.h>

/* libdb's HKEYDATA: a byte with the type, the bytes of a key or a value. */
enum { ITEM_BYTES = 1, ITEM_HEADER = 1 };

static uint16_t load16(const void *page, size_t at)
{
	uint16_t value;

	memcpy(&value, (const char *)page + at, sizeof(value));
	return value;
}

static void store16(void *page, size_t at, size_t value)
{
	uint16_t bytes = (uint16_t)value;

	memcpy((char *)page + at, &bytes, sizeof(bytes));
}

static void store32(void *page, size_t at, uint32_t value)
{
	memcpy((char *)page + at, &value, sizeof(value));
}

static void make(void *page, uint32_t number, uint64_t lsn, unsigned type)
{
	memset(page, 0, BDB_PAGE_SIZE);
	store32(page, PAGE_AT_LSN_FILE, (uint32_t)(lsn >> 32));
	store32(page, PAGE_AT_LSN_OFFSET, (uint32_t)lsn);
	store32(page, PAGE_AT_NUMBER, number);
	((uint8_t *)page)[PAGE_AT_TYPE] = (uint8_t)type;
}

static void set_links(void *page, struct page_links links)
{
	store32(page, PAGE_AT_PREVIOUS, links.previous);
	store32(page, PAGE_AT_NEXT, links.next);
}

void page_make_hash(void *page, uint32_t number, uint64_t lsn, struct page_links links)
{
	make(page, number, lsn, PAGE_HASH);
	set_links(page, links);
	store16(page, PAGE_AT_FREE_END, BDB_PAGE_SIZE);
}

/* With one reference and no bytes. The mark is where the first bytes would be. */
void page_make_placeholder(void *page, uint32_t number, uint64_t lsn, struct page_links links)
{
	make(page, number, lsn, PAGE_OVERFLOW);
	set_links(page, links);
	store16(page, PAGE_AT_ENTRIES, 1);
	memcpy((char *)page + PAGE_AT_ITEMS, PAGE_PLACEHOLDER_MARK, sizeof(PAGE_PLACEHOLDER_MARK));
}

void page_make_unused(void *page, uint32_t number, uint64_t lsn)
{
	make(page, number, lsn, PAGE_UNUSED);
	store16(page, PAGE_AT_FREE_END, BDB_PAGE_SIZE);
}

static void add_item(void *page, struct str bytes)
{
	unsigned items = load16(page, PAGE_AT_ENTRIES);
	size_t start = load16(page, PAGE_AT_FREE_END) - ITEM_HEADER - bytes.len;

	((char *)page)[start] = ITEM_BYTES;
	memcpy((char *)page + start + ITEM_HEADER, bytes.ptr, bytes.len);
	store16(page, PAGE_AT_FREE_END, start);
	store16(page, PAGE_AT_ITEMS + sizeof(uint16_t) * (size_t)items, start);
	store16(page, PAGE_AT_ENTRIES, items + 1);
}

void page_add_row(void *page, struct str key, struct str value)
{
	add_item(page, key);
	add_item(page, value);
}

void page_finish(void *page)
{
	store32(page, PAGE_AT_CHECKSUM, page_checksum(page));
}
