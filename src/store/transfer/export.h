#pragma once
/*
 * Export and import, and what can still be exported from damaged files. Part of the contract of the
 * store (store.h).
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "task/task.h"

struct store;

/*
 * Takes the parts of an export, in this order. A function that returns false ends it, as a success.
 * Its arguments are borrowed until it returns. It must not use the store.
 */
struct store_sink {
	bool (*begin)(int64_t moment, void *data); /* ms; may be NULL */
	bool (*task)(const struct task *task, void *data);
	/*
	 * NULL: tasks only. A row of everything else that a store needs to go on as before, for
	 * store_import_row: users, tokens, keys, numbers, quotas, webhooks, idempotency keys.
	 * Secrets are in it.
	 */
	bool (*row)(const char *table, struct str key, struct str value, void *data);
	void *data;
};

/*
 * Every task, in no order, and every Idempotency-Key, as all of them were at one moment; users,
 * tokens and keys as they are at one moment a little later, then numbers, quotas and webhooks.
 * Writers go on meanwhile. ERR_BUSY while another process exports, or if the sink takes nothing for
 * 10 minutes.
 */
bool store_export(struct store *store, const struct store_sink *sink, struct err *err);
/*
 * Writes a row of an export that was checked (row_check.h; rows of users, tokens and keys by their
 * module); one with its key is replaced. Numbers only grow. A new webhook begins with the events
 * behind the last flush; ERR_BUSY if it was removed a moment ago, ERR_CONFLICT if its tenant has
 * too many. ERR_INVALID for an unknown table or a malformed row. Not durable until the next flush.
 */
bool store_import_row(
	struct store *store, struct str table, struct str key, struct str value, struct err *err);
/*
 * Takes all tasks that can be read, and the keys (tenant NUL id) of the others with the reason. A
 * function that returns false ends it. unnamed, called at most once: others are lost whose keys are
 * not known, because the index is being rebuilt or damaged too.
 */
struct store_salvage_sink {
	bool (*task)(const struct task *task, void *data);
	bool (*lost)(struct str key, const char *why, void *data);
	void (*unnamed)(void *data);
	void *data;
};

/*
 * Reads every task that lies on no damaged page, each as it is when it is read, whatever the state
 * of the index.
 */
bool store_salvage(struct store *store, const struct store_salvage_sink *sink, struct err *err);
/* store_export of tasks only. */
bool store_each_task(struct store *store, bool (*take)(const struct task *task, void *data),
	void *data, struct err *err);
/*
 * Tasks to write with their ids, times and revisions. A revision that is not higher than that of
 * the task that it replaces becomes the next one, because clients hold ETags of the others.
 */
struct store_task_batch {
	const struct task *tasks;
	/* For each task: its revision was made by the caller, and is not compared. NULL: none. */
	const bool *assigned;
	size_t count;
	bool keep;	   /* ERR_CONFLICT if a task of that id exists; else it is replaced */
	bool keep_foreign; /* ERR_CONFLICT if a task of that id exists in another dialect */
	bool keep_changed; /* leave tasks that have an updated_by: a client has changed them here */
	bool timeless;	   /* times are not compared, and a replaced task keeps `created` */
	size_t failed;	   /* set by ERR_CONFLICT and ERR_TOO_LARGE: the task at fault */
	/* Set on success: tasks that were replaced, equal, or left because of keep_changed. */
	size_t replaced, unchanged, kept;
};
/*
 * Writes the batch in one transaction, for import; not durable until the next flush. ERR_CONFLICT
 * if the number belongs to another task of the tenant and dialect. Needs the index if tasks have
 * numbers (ERR_REBUILDING).
 */
bool store_put_batch(struct store *store, struct store_task_batch *batch, struct err *err);
/* store_put_batch of tasks that replace others. */
bool store_put_tasks(struct store *store, const struct task *tasks, size_t count, struct err *err);
