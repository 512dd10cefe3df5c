#pragma once
/* Damaged pages of stores, and their repair. */
#include "store/bdb/damage_fixture.h"

#define REPAIR_TASKS_MAX 4000

/* What a repair has said. */
struct repair_outcome {
	struct store_repair_report report;
	char pages[1024]; /* one line for each */
	bool lost[REPAIR_TASKS_MAX + 1];
	unsigned lost_count;
	unsigned stop_after; /* lost tasks; 0: never */
};

/* Repairs; false if it was stopped. */
bool repair_run(struct store *store, bool dry, struct repair_outcome *outcome);
/* The first page from `page` on of that type with these links; 0: any, 1: there is one. */
uint32_t repair_find_page(const struct store_options *options, enum engine_table table,
	unsigned type, bool previous, bool next);
/* The next page of a bucket or a long value. */
uint32_t repair_next_page(
	const struct store_options *options, enum engine_table table, uint32_t page);
/* Replaces a page of a long value as a repair does before it deletes the row. */
void repair_empty_value_page(
	const struct store_options *options, enum engine_table table, uint32_t page);
/* Tasks whose rows are on a page. */
unsigned repair_count_tasks(
	const struct store_options *options, enum engine_table table, uint32_t page);
/* Opens the store after a damage, without copies of its pages. */
struct store *repair_reopen(const struct store_options *options);
/* Makes tasks 1 to count with a field of `size` bytes, and closes the store. */
void repair_make_store(const struct store_options *options, unsigned count, size_t size);
