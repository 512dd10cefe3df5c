#pragma once
/*
 * New pages for libdb 5.3's hash files (page.h), for a repair: pages without rows, of each kind.
 * They need page_finish(). lsn: as page_lsn().
 */
#include "base/str.h"
#include "store/bdb/page.h"

struct page_links {
	uint32_t previous, next; /* 0: none */
};
void page_make_hash(void *page, uint32_t number, uint64_t lsn, struct page_links links);
/* page_is_placeholder() */
void page_make_placeholder(void *page, uint32_t number, uint64_t lsn, struct page_links links);
void page_make_unused(void *page, uint32_t number, uint64_t lsn);
/* Adds a row behind the others of a new hash page that has room for it; keys ascend. */
void page_add_row(void *page, struct str key, struct str value);
/* Sets the checksum. */
void page_finish(void *page);
