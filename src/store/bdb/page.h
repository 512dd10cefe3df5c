#pragma once
/*
 * Pages of libdb 5.3's files, as they are on disk: page size 4096, with checksums (DB_CHKSUM),
 * without encryption, in the byte order of this machine. Pure functions over the bytes of a page.
 *
 * The checksum is a hash of the whole page with the checksum's own four bytes as zeros. A metadata
 * page keeps it at another place and covers its first 512 bytes only; libdb leaves the rest zero.
 */
#include <stdbool.h>
#include <stdint.h>

#define BDB_PAGE_SIZE 4096

enum page_state {
	PAGE_GOOD,
	PAGE_HOLE, /* all zero: never written, or lost (page_map.h) */
	PAGE_BAD,
};

/* page: BDB_PAGE_SIZE bytes; number: its place in the file, so that a page of another place is bad. */
enum page_state page_check(const void *page, uint32_t number);
/* The checksum that the page should have. */
uint32_t page_checksum(const void *page);
/* Whether the page is the first of a file, which describes it. */
bool page_is_meta(const void *page);

/* Fields of the header of each page; for a hole they are 0. */
uint32_t page_number(const void *page);
uint64_t page_lsn(const void *page); /* log file in the upper half, offset in the lower */

#define PAGE_FILE_ID_SIZE 20
/* The id that libdb gives a file when it creates it; page: of page_is_meta. */
const void *page_file_id(const void *page);
