#pragma once
/*
 * A bulk that is carried out. Private to bulk/.
 *
 *     run.c    which bulk goes on, for how long, and its end
 *     page.c   its next tasks
 *     piece.c  one transaction: some of these tasks, counts and place
 */
#include "store/bulk/bulk.h"
#include "store/bulks.h"

#define BULK_PAGE_TASKS LIST_PAGE_MAX

struct bulk_page_task {
	struct id id;
	struct bulk_place place;
	bool is_refused; /* after it had written: it is left out of its transaction */
};

/*
 * The next tasks of the list. A list without an index reads many rows to find some tasks, so a page
 * is large, and stays until it is used up.
 */
struct bulk_page {
	struct result list; /* while it is read */
	bool is_read, is_used_up;
	size_t at, count;
	struct bulk_place next; /* where the list goes on behind the page; len 0: nowhere */
	struct bulk_page_task tasks[BULK_PAGE_TASKS];
};

struct bulk_work {
	struct store *store;
	const struct store_bulk_rules *rules;
	struct str tenant; /* in arena */
	struct id id;
	char id_text[ID_TEXT_LEN + 1];
	struct arena arena; /* of the action */
	struct arena each;  /* of a transaction */
	struct buf record;  /* of the bulk's task */
	struct task task;
	struct op action; /* what to do to each task; its list: to which */
	struct bulk_row row;
	bool has_row; /* row is the one in the store; else there is none */
	bool has_ended;
	int64_t shown_ms; /* when the task was last written, wall clock */
	struct bulk_page page;
};

/* Reads the page behind work->row.place, until until_us (monotonic): then page.is_read is false. */
bool bulk_page_read(struct bulk_work *work, int64_t until_us, struct err *err);
/* Forgets the tasks that are left. */
void bulk_page_reset(struct bulk_page *page);

/*
 * One transaction: the next tasks of the page, the row and, once in a while, the progress of the
 * bulk's task. ERR_NOT_FOUND: the row, or the bulk, is not as it was; nothing was done.
 */
bool bulk_piece_run(struct bulk_work *work, struct err *err);
/* The bulk has succeeded; the same error. */
bool bulk_piece_end(struct bulk_work *work, struct err *err);
/* The bulk has failed, because its task does not say what to do. */
bool bulk_piece_fail(struct bulk_work *work, struct err *err);
