#pragma once
/*
 * Fields of the pages of libdb's hash tables; numbers are in the byte order of the host. Pages of
 * buckets that were never used are holes of the file; libdb reads them as empty pages.
 */
#include "store/bdb/bdb.h"

#define HASH_SPARES 32

/* The metadata page: how many buckets there are, and where each begins. */
struct hash_meta {
	uint32_t max_bucket, high_mask, low_mask;
	uint32_t spares[HASH_SPARES]; /* offset of each group of buckets */
};

/* Return libdb's code. A page is read from the shared cache, or through it. */
int hash_read_meta(DB *db, struct hash_meta *meta);
/*
 * Copies the first `size` bytes of a page. DB_PAGE_NOTFOUND past the end of the file: libdb would
 * create an empty page.
 */
int hash_read_page(DB *db, db_pgno_t number, uint8_t *copy, size_t size);

/* The bucket of a hash value. */
uint32_t hash_bucket(const struct hash_meta *meta, uint32_t value);
/* Whether a page is the first one of a bucket, used or not. */
bool hash_is_bucket_page(const struct hash_meta *meta, db_pgno_t page);
/*
 * The first page of a bucket. Its number is the one that libdb locks for all pages of the bucket.
 */
db_pgno_t hash_bucket_page(const struct hash_meta *meta, uint32_t bucket);

/* Bytes in front of the offsets of a page's items. */
size_t hash_page_header(DB *db);
/* The next page of the bucket; 0: none. */
db_pgno_t hash_page_next(const uint8_t *page);
/* Whether a page holds rows of a bucket. */
bool hash_page_is_bucket(const uint8_t *page);
/* Keys and values. */
unsigned hash_page_items(const uint8_t *page);
/* Bytes between the offsets of the items and the items. */
size_t hash_page_room(const uint8_t *page, size_t header);
/*
 * The key of row n, from 0. False if it is not on the page (keys of more than a quarter of a page),
 * or the page is malformed.
 */
bool hash_page_key(const uint8_t *page, size_t header, unsigned n, struct str *key);
/* The first page of the value of row n, if it lies on pages of its own; 0: it does not. */
db_pgno_t hash_page_overflow(const uint8_t *page, size_t header, unsigned n);
