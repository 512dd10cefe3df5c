#pragma once
/* Stores on disk with damaged pages. */
#include "store/engine.h"
#include "store/fixture.h"

#define DAMAGE_TASKS 400

/* Of the stores that damage_options() opens. */
extern struct store_shared damage_shared;

/* Options of fixture_options(), with damage_shared, which is zeroed. */
struct store_options damage_options(const char *name);
/* Makes a store with DAMAGE_TASKS tasks and nothing to recover, also no doublewrite file. */
void damage_make_store(const struct store_options *options);
/*
 * Reads tasks 1 to count. Returns how many are ERR_DAMAGED, unreadable[n] if it is not NULL; all
 * others can be read.
 */
unsigned damage_read_all(struct store *store, unsigned count, bool *unreadable);
/* Opens the file of a table; the caller closes it. */
int damage_open_table(const struct store_options *options, enum engine_table table);
/* Writes random bytes into the middle of a page. */
void damage_page(const struct store_options *options, enum engine_table table, uint32_t page);
/* The last page of that type (of libdb) that has these bytes: a split leaves old bytes behind. */
uint32_t damage_page_with(const struct store_options *options, enum engine_table table,
	uint8_t type, struct str bytes);
/* The first page from `page` on that is in use. */
uint32_t damage_used_page(
	const struct store_options *options, enum engine_table table, uint32_t page);
/* Damages the first page, which tells libdb what the file is. */
void damage_metadata(const struct store_options *options, enum engine_table table);
