#include "base/clock.h"
#include "store/bulk/run.h"
#include "store/list/list.h"
#include "store/usage/usage.h"

/* Of one transaction: others wait for its locks. */
#define TOGETHER 16
/* Each progress of the bulk's task is an event. */
#define PROGRESS_MS 1000

/* ---- the bulk ---- */

/*
 * Writes the row in place of the one that this run knows. ENGINE_NOT_FOUND if it is another one, or
 * the bulk was ended by a request. Called last, because other rows are on the same page.
 */
static int replace_row(struct bulk_work *work, const struct bulk_row *row, struct err *err)
{
	struct store *store = work->store;
	struct bulk_row now = { 0 };
	struct task task;
	struct op op = { .tenant = work->tenant };
	int rc = 0;

	/* Without a row, the task tells whether the bulk runs. */
	if (!work->has_row)
		rc = change_load(store, &op, &work->id, &task, err);
	if (rc == 0 && !work->has_row && !task_is_running_bulk(&task))
		rc = ENGINE_NOT_FOUND;
	if (rc == 0)
		rc = bulk_row_get(store, work->tenant, &work->id, true, &now);
	if (rc == ENGINE_NOT_FOUND && !work->has_row)
		rc = 0;
	else if (rc == 0 && (!work->has_row || memcmp(&now, &work->row, sizeof(now)) != 0))
		rc = ENGINE_NOT_FOUND; /* another keeper was faster */
	return rc == 0 ? bulk_row_put(store, work->tenant, &work->id, row) : rc;
}

/* Changes the task of the bulk, by the service. */
static int write_task(struct bulk_work *work, const struct change *change, struct err *err)
{
	struct result result = { 0 };
	struct op op = { .arena = &work->each,
		.tenant = work->tenant,
		.now = clock_wall_ms(),
		.tz = work->rules->tz,
		.id = work->id };
	struct write write = { .op = &op, .result = &result };
	int rc;

	work->rules->update(&op);
	op.by_bulk = true;
	op.change = *change;
	rc = write_modify(work->store, &write, err);
	store_result_free(&result);
	return rc;
}

/* ---- the tasks ---- */

/* Whether the error concerns one task only. A damaged index is made again by the keeper. */
static bool is_of_task(const struct store *store, int rc, const struct err *err)
{
	if (rc == ENGINE_DAMAGED)
		return !store->damaged_index;
	return rc == ENGINE_NOT_FOUND || (rc == STEP_FAILED && change_error_is_of_task(err));
}

static bool is_meant(const struct bulk_work *work, const struct task *task)
{
	const struct query query = { work->store, work->tenant, work->action.dialect,
		work->action.list };

	return task->updated <= work->task.created &&
	       memcmp(&task->id, &work->id, sizeof(work->id)) != 0 && query_matches(&query, task);
}

/*
 * An error before anything was written leaves the transaction as it was, unless a page is damaged.
 * Else it is begun again, without this task. A task that is not there any more counts nowhere.
 */
static int do_task(struct bulk_work *work, const struct op *each, bool *is_refused,
	struct bulk_counts *counts, struct err *err)
{
	struct store *store = work->store;
	struct result result = { 0 };
	struct write write = { .op = each, .result = &result };
	uint64_t writes = store->writes;
	struct task task;
	int rc;

	if (*is_refused) {
		counts->refused++;
		return 0;
	}
	rc = change_load(store, each, &each->id, &task, err);
	if (rc == 0 && !is_meant(work, &task))
		return 0;
	if (rc == 0)
		rc = write_modify(store, &write, err);
	store_result_free(&result);
	counts->done += rc == 0;
	if (rc == 0 || !is_of_task(store, rc, err))
		return rc;
	if (rc == ENGINE_DAMAGED || store->writes != writes) {
		*is_refused = true;
		return STEP_RETRY;
	}
	counts->refused += rc != ENGINE_NOT_FOUND;
	return 0;
}

/* What was changed is never older than the bulk, so that it is not changed again. */
static struct op make_each(struct bulk_work *work)
{
	struct op each = work->action;
	int64_t now = clock_wall_ms();

	each.arena = &work->each;
	each.tenant = work->tenant;
	each.actor = work->task.created_by;
	each.request = (struct str){ work->id_text, ID_TEXT_LEN };
	each.now = now > work->task.created ? now : work->task.created + 1;
	each.tz = work->rules->tz;
	each.only_changes = true;
	return each;
}

/* ---- transactions ---- */

static int show_progress(struct bulk_work *work, const struct bulk_counts *counts, struct err *err)
{
	struct task shown = { 0 };
	const struct op op = { .arena = &work->each };
	struct change change = { .set = CHANGE_PROGRESS };
	int rc = bulk_show_counts(&op, counts, &shown);

	change.progress = shown.progress;
	return rc == 0 ? write_task(work, &change, err) : rc;
}

struct piece {
	struct bulk_work *work;
	size_t at; /* in the page, behind the last task */
	struct bulk_row row;
	bool shows;
};

/* A bulk that has begun again does not know how many tasks there were. */
static void raise_total(struct bulk_counts *counts)
{
	if (counts->total < counts->done + counts->refused)
		counts->total = counts->done + counts->refused;
}

static int do_tasks(struct piece *piece, struct err *err)
{
	struct bulk_work *work = piece->work;
	struct bulk_page *page = &work->page;
	int64_t until = clock_mono_us() + BULK_TOGETHER_US;
	struct op each = make_each(work);
	int rc = 0;

	piece->at = page->at;
	while (rc == 0 && piece->at < page->count && piece->at < page->at + TOGETHER &&
		clock_mono_us() < until) {
		struct bulk_page_task *task = &page->tasks[piece->at++];

		each.id = task->id;
		rc = do_task(work, &each, &task->is_refused, &piece->row.counts, err);
		piece->row.place = task->place;
	}
	/* Behind the page there may be rows that do not match: they are not read again. */
	if (piece->at == page->count && page->next.len > 0)
		piece->row.place = page->next;
	raise_total(&piece->row.counts);
	return rc;
}

static int step_piece(struct store *store, void *data, struct err *err)
{
	struct piece *piece = data;
	struct bulk_work *work = piece->work;
	int rc;

	arena_reset(&work->each);
	store->enforce_quota = false;
	piece->row = work->row;
	rc = do_tasks(piece, err);
	if (rc == 0 && piece->shows)
		rc = show_progress(work, &piece->row.counts, err);
	return rc == 0 ? replace_row(work, &piece->row, err) : rc;
}

_Static_assert(TOGETHER + 2 <= ENGINE_EXPECTED_MAX, "all rows of a transaction are expected");

/* A shared engine reads these rows when it locks the tenant. */
static void expect_rows(const struct bulk_work *work)
{
	const struct bulk_page *page = &work->page;
	struct store *store = work->store;

	usage_expect(store, work->tenant);
	bulk_row_expect(store, work->tenant, &work->id);
	for (size_t i = page->at; i < page->count && i < page->at + TOGETHER; i++)
		row_expect(store, work->tenant, &page->tasks[i].id);
}

bool bulk_piece_run(struct bulk_work *work, struct err *err)
{
	struct piece piece = { .work = work,
		.shows = clock_wall_ms() - work->shown_ms >= PROGRESS_MS };

	expect_rows(work);
	if (!step_run_write(work->store, work->task.tenant, step_piece, &piece, err))
		return false;
	work->row = piece.row;
	work->has_row = true;
	work->page.at = piece.at;
	work->page.is_used_up = piece.at == work->page.count;
	if (piece.shows)
		work->shown_ms = clock_wall_ms();
	return true;
}

static int step_end(struct store *store, void *data, struct err *err)
{
	struct bulk_work *work = data;
	const struct change change = { .state = TASK_SUCCEEDED };
	int rc;

	arena_reset(&work->each);
	store->enforce_quota = false;
	rc = replace_row(work, &work->row, err);
	return rc == 0 ? write_task(work, &change, err) : rc;
}

bool bulk_piece_end(struct bulk_work *work, struct err *err)
{
	work->has_ended = step_run_write(work->store, work->task.tenant, step_end, work, err);
	return work->has_ended;
}

static int step_fail(struct store *store, void *data, struct err *err)
{
	const struct change change = { .state = TASK_FAILED,
		.set = CHANGE_ERROR,
		.error = STR("\"The task does not say what to do.\"") };
	struct bulk_work *work = data;

	arena_reset(&work->each);
	store->enforce_quota = false;
	return write_task(work, &change, err);
}

bool bulk_piece_fail(struct bulk_work *work, struct err *err)
{
	work->has_ended = step_run_write(work->store, work->task.tenant, step_fail, work, err);
	return work->has_ended;
}
