#include "base/clock.h"
#include "base/log.h"
#include "store/bulk/bulk.h"
#include "store/bulks.h"
#include "store/index/state.h"
#include "store/list/list.h"

#define PAGE_TASKS 64
/* Of one transaction: others wait for its locks. */
#define TOGETHER 16
/* Each progress of the bulk's task is an event. */
#define PROGRESS_MS 1000

struct page {
	struct {
		struct id id;
		bool is_refused;
	} tasks[PAGE_TASKS];
	struct bulk_place places[PAGE_TASKS];
	size_t at, count;
	struct bulk_place next; /* where the list goes on behind the page; len 0: it has ended */
};

struct run {
	struct store *store;
	struct store_bulks *bulks;
	const struct store_bulk_rules *rules;
	struct str tenant;
	struct id id;
	char id_text[ID_TEXT_LEN + 1];
	struct buf record; /* of the bulk's task */
	struct task task;
	struct op action; /* what to do to each task; its list: to which */
	struct bulk_row row;
	bool has_row; /* row is the one in the store; else there is none */
	bool has_ended;
	int64_t shown_ms; /* when the task was last written, wall clock */
	struct page page;
};

/* ---- the bulk ---- */

static int step_find(struct store *store, void *data, struct err *err)
{
	struct run *run = data;
	struct index_key from, to;
	struct engine_range range;

	(void)err;
	index_due_prefix(&from, DUE_BULK);
	to = from;
	index_prefix_end(&to);
	range = (struct engine_range){ .from = key_str(&from), .to = key_str(&to) };
	if (run->bulks->place.len > 0)
		range.from = buf_str(&run->bulks->place);
	return store_scan(store, TABLE_INDEX, &range, false, 1);
}

/* The next bulk of the pass; at its end the first one. */
static bool find_bulk(struct run *run, bool *found, struct err *err)
{
	struct buf *place = &run->bulks->place;
	struct store *store = run->store;
	struct str tenant;
	int64_t time;

	*found = false;
	if (!step_run(store, ENGINE_READ, step_find, run, err))
		return false;
	if (store->batch.count == 0 && place->len > 0) {
		buf_reset(place);
		if (!step_run(store, ENGINE_READ, step_find, run, err))
			return false;
	}
	if (store->batch.count == 0)
		return true;
	buf_reset(place);
	buf_put_str(place, engine_batch_key(&store->batch, 0));
	*found = buf_ok(place) && index_parse_due(buf_str(place), &time, &tenant, &run->id);
	if (*found)
		run->tenant = arena_copy(&run->bulks->arena, tenant);
	buf_putc(place, '\0');
	return (buf_ok(place) && (!*found || run->tenant.ptr)) || err_no_memory(err);
}

static int step_load(struct store *store, void *data, struct err *err)
{
	struct run *run = data;
	int rc;

	buf_reset(&run->record);
	rc = row_get(store, run->tenant, &run->id, false, &run->record);
	if (rc != 0)
		return rc;
	if (!row_decode(&run->task, &run->record, run->tenant, &run->id, err))
		return STEP_FAILED;
	run->row = (struct bulk_row){ 0 };
	rc = bulk_row_get(store, run->tenant, &run->id, false, &run->row);
	run->has_row = rc == 0;
	return rc == ENGINE_NOT_FOUND ? 0 : rc;
}

static bool load(struct run *run, struct err *err)
{
	run->has_ended = false;
	if (!step_run(run->store, ENGINE_READ, step_load, run, err)) {
		run->has_ended = err->code == ERR_NOT_FOUND;
		return run->has_ended;
	}
	run->shown_ms = run->task.updated;
	run->has_ended = !task_is_running_bulk(&run->task);
	return true;
}

/*
 * Writes the row in place of the one that this run knows. ENGINE_NOT_FOUND if it is another one, or
 * the bulk was ended by a request. Called last, because other rows are on the same page.
 */
static int replace_row(struct run *run, const struct bulk_row *row, struct err *err)
{
	struct store *store = run->store;
	struct bulk_row now = { 0 };
	struct task task;
	struct op op = { .tenant = run->tenant };
	int rc = 0;

	/* Without a row, the task tells whether the bulk runs. */
	if (!run->has_row)
		rc = change_load(store, &op, &run->id, &task, err);
	if (rc == 0 && !run->has_row && !task_is_running_bulk(&task))
		rc = ENGINE_NOT_FOUND;
	if (rc == 0)
		rc = bulk_row_get(store, run->tenant, &run->id, true, &now);
	if (rc == ENGINE_NOT_FOUND && !run->has_row)
		rc = 0;
	else if (rc == 0 && (!run->has_row || memcmp(&now, &run->row, sizeof(now)) != 0))
		rc = ENGINE_NOT_FOUND; /* another keeper was faster */
	return rc == 0 ? bulk_row_put(store, run->tenant, &run->id, row) : rc;
}

/* Changes the task of the bulk, by the service. */
static int write_task(struct run *run, const struct change *change, struct err *err)
{
	struct result result = { 0 };
	struct op op = { .arena = &run->bulks->each,
		.tenant = run->tenant,
		.now = clock_wall_ms(),
		.tz = run->rules->tz,
		.id = run->id };
	struct write write = { .op = &op, .result = &result };
	int rc;

	run->rules->update(&op);
	op.by_bulk = true;
	op.change = *change;
	rc = write_modify(run->store, &write, err);
	store_result_free(&result);
	return rc;
}

/* ---- the tasks ---- */

static struct bulk_place place_of(const struct task *task)
{
	struct bulk_place place = { .len = sizeof(place.bytes) };
	struct index_key key = { 0 };

	index_put_time(&key, task->created);
	memcpy(place.bytes, key.bytes, key.len);
	memcpy(place.bytes + key.len, task->id.bytes, sizeof(task->id.bytes));
	return place;
}

static bool open_list(struct run *run, struct result *result, struct err *err)
{
	const struct bulk_place *place = &run->row.place;
	struct op look = { .kind = OP_LIST,
		.tenant = run->tenant,
		.dialect = run->action.dialect,
		.list = run->action.list,
		.slice_steps = LIST_SLICE_STEPS };

	look.list.limit = PAGE_TASKS;
	look.list.limit_bytes = 0;
	look.list.want_total = false;
	look.list.allow_partial = true;
	look.list.after_cursor = (struct str){ place->bytes, place->len };
	return list_open(run->store, &look, result, err);
}

static bool read_rows(struct run *run, struct result *result, struct err *err)
{
	struct page *page = &run->page;
	struct task task;
	bool end = false;

	while (page->count < PAGE_TASKS) {
		if (!store_list_next(result, &task, &end, err))
			return false;
		if (end)
			break;
		page->tasks[page->count].id = task.id;
		page->tasks[page->count].is_refused = false;
		page->places[page->count++] = place_of(&task);
	}
	/* The end of the page tells where the list goes on. */
	if (!end && !store_list_next(result, &task, &end, err))
		return false;
	page->next.len = 0;
	if (result->next_cursor.len == sizeof(page->next.bytes)) {
		page->next.len = sizeof(page->next.bytes);
		memcpy(page->next.bytes, result->next_cursor.ptr, page->next.len);
	}
	return true;
}

static bool read_page(struct run *run, struct err *err)
{
	struct result result = { 0 };
	bool ok = open_list(run, &result, err);

	run->page.at = run->page.count = 0;
	while (ok && result.unfinished)
		ok = list_go_on(&result, LIST_SLICE_STEPS, err);
	ok = ok && read_rows(run, &result, err);
	store_result_free(&result);
	return ok;
}

/* Whether the error concerns one task only. */
static bool is_of_task(int rc, const struct err *err)
{
	static const bool of_task[ERR_CODES] = {
		[ERR_MALFORMED] = true,
		[ERR_INVALID] = true,
		[ERR_MISSING] = true,
		[ERR_CONFLICT] = true,
		[ERR_TOO_LARGE] = true,
		[ERR_UNPROCESSABLE] = true,
		[ERR_LEASE_LOST] = true,
		[ERR_INTERNAL] = true,
		[ERR_DAMAGED] = true,
	};

	return rc == ENGINE_DAMAGED || (rc == STEP_FAILED && of_task[err->code]);
}

static bool is_meant(const struct run *run, const struct task *task)
{
	const struct query query = { run->store, run->tenant, run->action.dialect,
		run->action.list };

	return task->updated <= run->task.created &&
	       memcmp(&task->id, &run->id, sizeof(run->id)) != 0 && query_matches(&query, task);
}

/*
 * An error before anything was written leaves the transaction as it was. Else it is begun again,
 * without this task.
 */
static int do_task(struct run *run, const struct op *each, bool *is_refused,
	struct bulk_counts *counts, struct err *err)
{
	struct store *store = run->store;
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
	if (rc == 0 && !is_meant(run, &task))
		return 0;
	if (rc == 0)
		rc = write_modify(store, &write, err);
	store_result_free(&result);
	if (is_of_task(rc, err) && store->writes != writes) {
		*is_refused = true;
		return STEP_RETRY;
	}
	counts->done += rc == 0;
	counts->refused += is_of_task(rc, err);
	return rc == ENGINE_NOT_FOUND || is_of_task(rc, err) ? 0 : rc;
}

/* What was changed is never older than the bulk, so that it is not changed again. */
static struct op make_each(const struct run *run)
{
	struct op each = run->action;
	int64_t now = clock_wall_ms();

	each.arena = &run->bulks->each;
	each.tenant = run->tenant;
	each.actor = run->task.created_by;
	each.request = (struct str){ run->id_text, ID_TEXT_LEN };
	each.now = now > run->task.created ? now : run->task.created + 1;
	each.tz = run->rules->tz;
	each.only_changes = true;
	return each;
}

/* ---- transactions ---- */

static int show_progress(struct run *run, const struct bulk_counts *counts, struct err *err)
{
	struct task shown = { 0 };
	const struct op op = { .arena = &run->bulks->each };
	struct change change = { .set = CHANGE_PROGRESS };
	int rc = bulk_show_counts(&op, counts, &shown);

	change.progress = shown.progress;
	return rc == 0 ? write_task(run, &change, err) : rc;
}

struct piece {
	struct run *run;
	size_t at; /* in the page, behind the last task */
	struct bulk_row row;
	bool shows;
};

static int step_piece(struct store *store, void *data, struct err *err)
{
	struct piece *piece = data;
	struct run *run = piece->run;
	struct page *page = &run->page;
	int64_t until = clock_mono_us() + BULK_TOGETHER_US;
	struct op each;
	int rc = 0;

	arena_reset(&run->bulks->each);
	store->enforce_quota = false;
	each = make_each(run);
	piece->row = run->row;
	for (piece->at = page->at; rc == 0 && piece->at < page->count &&
				   piece->at < page->at + TOGETHER && clock_mono_us() < until;
		piece->at++) {
		each.id = page->tasks[piece->at].id;
		rc = do_task(
			run, &each, &page->tasks[piece->at].is_refused, &piece->row.counts, err);
		piece->row.place = page->places[piece->at];
	}
	if (piece->at == page->count && page->next.len > 0)
		piece->row.place = page->next;
	if (rc == 0 && piece->shows)
		rc = show_progress(run, &piece->row.counts, err);
	return rc == 0 ? replace_row(run, &piece->row, err) : rc;
}

static int step_end(struct store *store, void *data, struct err *err)
{
	struct run *run = data;
	const struct change change = { .state = TASK_SUCCEEDED };
	struct bulk_row row = run->row;
	uint64_t looked_at = row.counts.done + row.counts.refused;
	int rc;

	arena_reset(&run->bulks->each);
	store->enforce_quota = false;
	/* A bulk that has begun again does not know how many there were. */
	if (row.counts.total < looked_at)
		row.counts.total = looked_at;
	rc = replace_row(run, &row, err);
	return rc == 0 ? write_task(run, &change, err) : rc;
}

/* After a change by others the bulk is read again. */
static bool is_outdated(const struct err *err)
{
	return err->code == ERR_NOT_FOUND;
}

static bool run_piece(struct run *run, struct err *err)
{
	struct piece piece = { .run = run,
		.shows = clock_wall_ms() - run->shown_ms >= PROGRESS_MS };

	if (!step_run(run->store, ENGINE_WRITE, step_piece, &piece, err)) {
		run->page.at = run->page.count = 0;
		return is_outdated(err) && load(run, err);
	}
	run->row = piece.row;
	run->has_row = true;
	run->page.at = piece.at;
	if (piece.shows)
		run->shown_ms = clock_wall_ms();
	return true;
}

static bool end(struct run *run, struct err *err)
{
	if (!step_run(run->store, ENGINE_WRITE, step_end, run, err))
		return is_outdated(err) && load(run, err);
	run->has_ended = true;
	return true;
}

static int step_fail(struct store *store, void *data, struct err *err)
{
	const struct change change = { .state = TASK_FAILED,
		.set = CHANGE_ERROR,
		.error = STR("\"The task does not say what to do.\"") };
	struct run *run = data;

	arena_reset(&run->bulks->each);
	store->enforce_quota = false;
	return write_task(run, &change, err);
}

/* ---- slices ---- */

static bool decode_action(struct run *run, bool *ok, struct err *err)
{
	struct optional_time *to = &run->action.list.created.to;
	int64_t behind = run->task.created + 1;

	run->action = (struct op){ .arena = &run->bulks->arena, .tz = run->rules->tz };
	*ok = run->rules->decode(&run->task, &run->action, err);
	if (*ok && (!optional_time_is_set(*to) || optional_time_ms(*to) > behind))
		*to = optional_time(behind);
	if (*ok || err->code == ERR_NO_MEMORY)
		return *ok;
	log_error("bulk", "bulk %s has failed: its task does not say what to do", run->id_text);
	return step_run(run->store, ENGINE_WRITE, step_fail, run, err);
}

static bool go_on(struct run *run, int64_t until_us, struct err *err)
{
	struct page *page = &run->page;
	bool ok, is_decoded = false;

	id_format(&run->id, run->id_text);
	ok = load(run, err);
	if (!ok || run->has_ended)
		return ok;
	ok = decode_action(run, &is_decoded, err);
	if (!ok || !is_decoded)
		return ok;
	do {
		if (page->at == page->count)
			ok = read_page(run, err);
		if (ok && page->count == 0 && page->next.len == 0)
			ok = end(run, err);
		else if (ok)
			ok = run_piece(run, err);
	} while (ok && !run->has_ended && clock_mono_us() < until_us);
	return ok;
}

/* Without requests nobody else would flush what was done, and it would be done again after a kill. */
static bool flush(struct store *store, struct store_bulks *bulks, bool has_ended, struct err *err)
{
	int64_t now = clock_mono_ms();

	if (!has_ended && now - bulks->flushed_ms < BULK_FLUSH_MS)
		return true;
	bulks->flushed_ms = now;
	return store_flush(store, err);
}

bool store_run_bulks(struct store *store, struct store_bulks *bulks,
	const struct store_bulk_rules *rules, int64_t until_us, bool *more, struct err *err)
{
	struct run run = { .store = store, .bulks = bulks, .rules = rules };
	bool ok;

	*more = false;
	if (!store_index_is_complete(store) || atomic_load(&store->shared->read_only))
		return true;
	store_enter(store);
	ok = find_bulk(&run, more, err) && (!*more || go_on(&run, until_us, err));
	store_leave(store);
	buf_free(&run.record);
	arena_reset(&bulks->arena);
	ok = ok && flush(store, bulks, run.has_ended, err);
	if (ok)
		return true;
	*more = false;
	/* The index is being built, or others have the locks: another call goes on. */
	return err->code == ERR_REBUILDING || err->code == ERR_BUSY;
}

void store_bulks_free(struct store_bulks *bulks)
{
	buf_free(&bulks->place);
	arena_free(&bulks->arena);
	arena_free(&bulks->each);
}
