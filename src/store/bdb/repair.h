#pragma once
/*
 * Repair of a page of a hash table that cannot be read (HACKING, "Repair of a damaged page").
 *
 *     repair.c       the operation of the engine: tries copies, then replaces the page
 *     repair_find.c  what the page was, by the pages that refer to it
 */
#include "store/bdb/bdb.h"
#include "store/bdb/page_make.h"
#include "store/bdb/table_file.h"

enum page_use {
	USE_UNUSED,   /* nothing refers to it */
	USE_BUCKET,   /* the first page of a bucket */
	USE_CHAIN,    /* a further page of a bucket */
	USE_OVERFLOW, /* of a long value */
};

struct page_place {
	enum page_use use;
	struct page_links links;
	/* USE_OVERFLOW: of the row with the value; 0: no page has it. */
	size_t key_len;
	char key[BDB_PAGE_SIZE];
};

/*
 * After a checkpoint, so that the files have all links. Nothing changes a link to a page that
 * cannot be read. Returns a code of libdb.
 */
int repair_find(DB *db, struct table_file *file, uint32_t page, struct page_place *place);
