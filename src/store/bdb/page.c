#include "store/bdb/page.h"

#include <stddef.h>
#include <string.h>

/* Offsets of libdb's structure BTMETA33. */
enum {
	AT_FILE_ID = 52,
	AT_META_CHECKSUM = 492,
	META_SIZE = 512,
};

/* Types of metadata pages: hash, B-tree, queue, heap. */
static bool is_meta_type(uint8_t type)
{
	return type == 8 || type == 9 || type == 10 || type == 14;
}

static uint32_t load32(const uint8_t *bytes)
{
	uint32_t value;

	memcpy(&value, bytes, sizeof(value));
	return value;
}

/* Powers of the hash's factor, so that eight bytes need one multiplication that must wait. */
#define P1 33U
#define P2 (P1 * P1)
#define P3 (P2 * P1)
#define P4 (P3 * P1)
#define P5 (P4 * P1)
#define P6 (P5 * P1)
#define P7 (P6 * P1)
#define P8 (P7 * P1)

uint32_t page_hash(uint32_t h, const void *data, size_t len)
{
	const uint8_t *bytes = data;

	for (; len >= 8; bytes += 8, len -= 8)
		h = h * P8 + bytes[0] * P7 + bytes[1] * P6 + bytes[2] * P5 + bytes[3] * P4 +
		    bytes[4] * P3 + bytes[5] * P2 + bytes[6] * P1 + bytes[7];
	for (; len > 0; bytes++, len--)
		h = h * P1 + *bytes;
	return h;
}

static size_t checksum_offset(const uint8_t *page)
{
	return is_meta_type(page[PAGE_AT_TYPE]) ? AT_META_CHECKSUM : PAGE_AT_CHECKSUM;
}

uint32_t page_checksum(const void *page)
{
	static const uint8_t zeros[sizeof(uint32_t)];
	const uint8_t *bytes = page;
	size_t at = checksum_offset(bytes), behind = at + sizeof(zeros);
	size_t size = is_meta_type(bytes[PAGE_AT_TYPE]) ? META_SIZE : BDB_PAGE_SIZE;
	uint32_t h = page_hash(0, bytes, at);

	h = page_hash(h, zeros, sizeof(zeros));
	return page_hash(h, bytes + behind, size - behind);
}

static bool is_zero(const uint8_t *bytes)
{
	return bytes[0] == 0 && memcmp(bytes, bytes + 1, BDB_PAGE_SIZE - 1) == 0;
}

bool page_is_meta(const void *page)
{
	return is_meta_type(((const uint8_t *)page)[PAGE_AT_TYPE]);
}

uint32_t page_number(const void *page)
{
	return load32((const uint8_t *)page + PAGE_AT_NUMBER);
}

/* libdb leaves the number of some pages 0 when a hash table grows. */
static bool is_in_place(const uint8_t *page, uint32_t number)
{
	uint32_t own = page_number(page);

	return own == number || (own == 0 && !page_is_meta(page));
}

enum page_state page_check(const void *page, uint32_t number)
{
	const uint8_t *bytes = page;

	if (is_zero(bytes))
		return PAGE_HOLE;
	if (!is_in_place(bytes, number))
		return PAGE_BAD;
	return page_checksum(page) == load32(bytes + checksum_offset(bytes)) ? PAGE_GOOD : PAGE_BAD;
}

uint64_t page_lsn(const void *page)
{
	const uint8_t *bytes = page;

	return (uint64_t)load32(bytes + PAGE_AT_LSN_FILE) << 32 |
	       load32(bytes + PAGE_AT_LSN_OFFSET);
}

const void *page_file_id(const void *page)
{
	return (const uint8_t *)page + AT_FILE_ID;
}

unsigned page_type(const void *page)
{
	return ((const uint8_t *)page)[PAGE_AT_TYPE];
}

uint32_t page_previous(const void *page)
{
	return load32((const uint8_t *)page + PAGE_AT_PREVIOUS);
}

uint32_t page_next(const void *page)
{
	return load32((const uint8_t *)page + PAGE_AT_NEXT);
}

bool page_is_placeholder(const void *page)
{
	const uint8_t *bytes = page;
	uint16_t used;

	memcpy(&used, bytes + PAGE_AT_FREE_END, sizeof(used));
	return page_type(page) == PAGE_OVERFLOW && used == 0 &&
	       memcmp(bytes + PAGE_AT_ITEMS, PAGE_PLACEHOLDER_MARK,
		       sizeof(PAGE_PLACEHOLDER_MARK)) == 0;
}
