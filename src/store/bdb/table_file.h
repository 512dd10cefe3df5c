#pragma once
/*
 * Reading the pages of a table's file without libdb and its cache. Functions return 0 or an errno.
 */
#include "store/bdb/data_files.h"
#include "store/bdb/page_map.h"

struct table_file {
	struct data_file file;
	int fd; /* -1: there is no such table */
	bool has_map;
	struct page_map_file map;
	uint32_t pages;
};

/* Not a failure if the table does not exist. Close it in any case. */
int table_file_open(struct data_files *files, unsigned table, struct table_file *opened);
void table_file_close(const struct table_file *opened);
/*
 * Reads the newest image of a page that is not in libdb's cache. A page that is being written in
 * place looks damaged; under a lock, which this function takes, none is. EBADMSG: it is damaged,
 * and is now in the table of damaged pages.
 */
int table_file_read(struct table_file *opened, uint32_t page, void *bytes);
/*
 * Calls take for each page that is neither damaged nor a hole, until it returns false. Damaged ones
 * get into the table of damaged pages.
 */
typedef bool table_file_take(uint32_t number, const void *page, void *data);
int table_file_each(struct table_file *opened, table_file_take *take, void *data);
