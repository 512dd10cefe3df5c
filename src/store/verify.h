#pragma once
/*
 * Verification of a store as a whole. Part of the contract of the store (store.h).
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "store/damage.h"
#include "task/task.h"

struct store;
struct store_shared;

/* Pages that could not be read, or have a wrong checksum. */
struct store_damage {
	const char *table;
	uint32_t page;
	int64_t first_seen;	     /* ms since the epoch */
	uint64_t reads;		     /* that failed */
	char task[DAMAGE_TASK_SIZE]; /* "task ID of tenant NAME", one on the page; "": not known */
};
/* At most max of them, those known at this moment; returns their number. */
size_t store_damages(const struct store_shared *shared, struct store_damage *list, size_t max);

struct store_report {
	size_t damaged;
	struct store_damage damages[DAMAGED_PAGES_MAX];
	bool index_compared; /* not if a page of it is damaged */
	bool usage_compared; /* not if a page of it or of the tasks is damaged */
	/*
	 * Places in the tables of tasks that were left out because of damaged pages. The tasks
	 * there: lost_tasks, and others unless all_lost_known; stray_entries is then 0.
	 */
	uint64_t left_out, lost_tasks;
	bool all_lost_known;
	uint64_t tasks;
	uint64_t index_entries;
	uint64_t missing_entries;    /* that a task should have */
	uint64_t stray_entries;	     /* that no task has */
	uint64_t unreadable_records; /* that cannot be decoded */
	uint64_t doubled;	     /* whose number another task of tenant and dialect has */
	uint64_t unreachable;	     /* refused by store_verify_sink.check */
	uint64_t wrong_counts;	     /* tenants with another usage than counted; store_recount */
};
/* NULL for either function: it is not called. */
struct store_verify_sink {
	/* Whether clients reach the task; false with the reason in `why`. Pure. */
	bool (*check)(const struct task *task, struct err *why);
	/* A task that was refused, or that is doubled; `why` is a clause. */
	void (*found)(const struct task *task, const char *why, void *data);
	void *data;
};
/*
 * Verifies all pages, then compares tasks, index and usage as far as they can be read, and looks
 * for tasks that share a number; each task is read by itself, without a lock in between. The counts
 * are exact only without concurrent writers. With sink NULL, doubled and unreachable are 0: finding
 * them costs a look-up for each number.
 */
bool store_verify(struct store *store, const struct store_verify_sink *sink,
	struct store_report *report, struct err *err);
