#pragma once
/*
 * Pages of libdb 5.3's files, as they are on disk: page size 4096, with checksums (DB_CHKSUM),
 * without encryption, in the byte order of this machine. Pure functions over the bytes of a page.
 *
 * The checksum is a hash of the whole page with the checksum's own four bytes as zeros. A metadata
 * page keeps it at another place and covers its first 512 bytes only; libdb leaves the rest zero.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BDB_PAGE_SIZE 4096

/*
 * Offsets of libdb's structure PAGE, with the checksum; numbers are in this machine's byte order.
 */
enum {
	PAGE_AT_LSN_FILE = 0,
	PAGE_AT_LSN_OFFSET = 4,
	PAGE_AT_NUMBER = 8,
	PAGE_AT_PREVIOUS = 12,
	PAGE_AT_NEXT = 16,
	PAGE_AT_ENTRIES = 20, /* two bytes; in an overflow page: references to it */
	PAGE_AT_FREE_END =
		22, /* two bytes: end of the free space; in an overflow page: its bytes */
	PAGE_AT_TYPE = 25,
	PAGE_AT_CHECKSUM = 28,
	PAGE_AT_ITEMS = 32, /* offsets, of two bytes each */
};

enum page_state {
	PAGE_GOOD,
	PAGE_HOLE, /* all zero: never written, or lost (page_map.h) */
	PAGE_BAD,
};

/*
 * page: BDB_PAGE_SIZE bytes; number: its place in the file, so that a page of another place is bad.
 */
enum page_state page_check(const void *page, uint32_t number);
/* The checksum that the page should have. */
uint32_t page_checksum(const void *page);
/* Continues libdb's checksum with more bytes: h = 33 * h + byte (__ham_func4). Begins with 0. */
uint32_t page_hash(uint32_t h, const void *data, size_t len);
/* Whether the page is the first of a file, which describes it. */
bool page_is_meta(const void *page);

/* Fields of the header of each page; for a hole they are 0. */
uint32_t page_number(const void *page);
uint64_t page_lsn(const void *page); /* log file in the upper half, offset in the lower */

/* Types of pages; libdb has more. */
enum { PAGE_UNUSED = 0, PAGE_OVERFLOW = 7, PAGE_HASH = 13 };

unsigned page_type(const void *page);
/*
 * A page of a long value without bytes, with PAGE_PLACEHOLDER_MARK: a repair writes it, and then
 * deletes the row. libdb makes such a page without the mark for a moment, when it undoes a deletion
 * (a rollback, a recovery), and a checkpoint may write it then.
 */
#define PAGE_PLACEHOLDER_MARK "polytask: the value was lost"
bool page_is_placeholder(const void *page);
/* Neighbours in a chain; 0: none. In the list of unused pages only next counts. */
uint32_t page_previous(const void *page);
uint32_t page_next(const void *page);

#define PAGE_FILE_ID_SIZE 20
/* The id that libdb gives a file when it creates it; page: of page_is_meta. */
const void *page_file_id(const void *page);
