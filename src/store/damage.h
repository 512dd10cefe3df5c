#pragma once
/*
 * Table of damaged pages, which a process could not read from a table's file. It is in memory
 * shared by all processes (struct store_shared). An engine adds a page when a read meets it and
 * removes it when it is read or written again without an error. Without locks: every function may
 * run in several processes at once.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DAMAGED_PAGES_MAX 64

/* Text that names a task and its tenant, with its NUL. */
#define DAMAGE_TASK_SIZE 128

enum damage_naming { DAMAGE_UNNAMED, DAMAGE_BEING_NAMED, DAMAGE_NAMED };

struct damaged_page {
	_Atomic uint64_t place; /* 0: free; otherwise the table and the page */
	_Atomic int64_t first_seen;
	_Atomic uint64_t reads;
	_Atomic int naming;	     /* enum damage_naming */
	char task[DAMAGE_TASK_SIZE]; /* DAMAGE_NAMED: one of those on the page */
};

/* A full table drops further pages. */
struct damage_table {
	_Atomic uint64_t count;
	struct damaged_page pages[DAMAGED_PAGES_MAX];
};

/* One entry, for lists. */
struct damage {
	unsigned table; /* enum engine_table */
	uint32_t page;
	int64_t first_seen;	     /* ms since the epoch */
	uint64_t reads;		     /* that failed */
	char task[DAMAGE_TASK_SIZE]; /* one of those on the page; empty: none is known */
};

/* Counts a failed read. Returns whether the page is new. */
bool damage_add(struct damage_table *damages, unsigned table, uint32_t page, int64_t now);
/*
 * Keeps the text, which is cut, as the task of the page. False if the page has one already, or is
 * not in the table.
 */
bool damage_name(struct damage_table *damages, unsigned table, uint32_t page, const char *task);
/* Does nothing if the page is not in the table. */
void damage_remove(struct damage_table *damages, unsigned table, uint32_t page);
/* Removes all pages of a file that was replaced. */
void damage_forget(struct damage_table *damages, unsigned table);
/* Whether a page of that table is in it. */
bool damage_has(const struct damage_table *damages, unsigned table);
/* Writes at most max entries, by table and page, and returns their number. */
size_t damage_list(const struct damage_table *damages, struct damage *list, size_t max);
static inline uint64_t damage_count(const struct damage_table *damages)
{
	return atomic_load_explicit(&damages->count, memory_order_relaxed);
}
/* Zeroes the table; before a recovery, while no other process uses it. */
void damage_reset(struct damage_table *damages);
