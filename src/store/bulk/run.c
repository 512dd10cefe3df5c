#include "store/bulk/run.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/index/state.h"

/* ---- which bulk ---- */

struct search {
	struct buf *place;
	struct str entry; /* in store->batch; len 0: none */
};

static int step_find(struct store *store, void *data, struct err *err)
{
	struct search *search = data;
	struct index_key from, to;
	struct engine_range range;
	int rc;

	(void)err;
	index_due_prefix(&from, DUE_BULK);
	to = from;
	index_prefix_end(&to);
	range = (struct engine_range){ .from = key_str(&from), .to = key_str(&to) };
	if (search->place->len > 0)
		range.from = buf_str(search->place);
	rc = store_scan(store, TABLE_INDEX, &range, false, 1);
	search->entry = STR("");
	if (rc == 0 && store->batch.count > 0)
		search->entry = engine_batch_key(&store->batch, 0);
	return rc;
}

/* The next bulk of the pass; at its end the first one. */
static bool find_bulk(struct store_bulks *bulks, bool *found, struct err *err)
{
	struct bulk_work *work = bulks->work;
	struct search search = { .place = &bulks->place };
	struct str tenant;
	int64_t time;

	*found = false;
	if (!step_run(work->store, ENGINE_READ, step_find, &search, err))
		return false;
	if (search.entry.len == 0 && bulks->place.len > 0) {
		buf_reset(&bulks->place);
		if (!step_run(work->store, ENGINE_READ, step_find, &search, err))
			return false;
	}
	buf_reset(&bulks->place);
	if (search.entry.len == 0)
		return true;
	buf_put_str(&bulks->place, search.entry);
	buf_putc(&bulks->place, '\0');
	*found = index_parse_due(search.entry, &time, &tenant, &work->id);
	if (!*found)
		return buf_ok(&bulks->place) || err_no_memory(err);
	arena_reset(&work->arena);
	work->tenant = arena_copy(&work->arena, tenant);
	id_format(&work->id, work->id_text);
	return (buf_ok(&bulks->place) && work->tenant.ptr) || err_no_memory(err);
}

/* ---- the bulk ---- */

static int step_load(struct store *store, void *data, struct err *err)
{
	struct bulk_work *work = data;
	int rc;

	buf_reset(&work->record);
	rc = row_get(store, work->tenant, &work->id, false, &work->record);
	if (rc != 0)
		return rc;
	if (!row_decode(&work->task, &work->record, work->tenant, &work->id, err))
		return STEP_FAILED;
	work->row = (struct bulk_row){ 0 };
	rc = bulk_row_get(store, work->tenant, &work->id, false, &work->row);
	work->has_row = rc == 0;
	return rc == ENGINE_NOT_FOUND ? 0 : rc;
}

/* Reads the task and the row. */
static bool load(struct bulk_work *work, struct err *err)
{
	if (!step_run(work->store, ENGINE_READ, step_load, work, err)) {
		work->has_ended = err->code == ERR_NOT_FOUND;
		return work->has_ended;
	}
	work->shown_ms = work->task.updated;
	work->has_ended = !task_is_running_bulk(&work->task);
	return true;
}

static bool decode_action(struct bulk_work *work, struct err *err)
{
	struct optional_time *to = &work->action.list.created.to;
	int64_t behind = work->task.created + 1;

	work->action = (struct op){ .arena = &work->arena, .tz = work->rules->tz };
	if (work->rules->decode(&work->task, &work->action, err)) {
		if (!optional_time_is_set(*to) || optional_time_ms(*to) > behind)
			*to = optional_time(behind);
		return true;
	}
	if (err->code == ERR_NO_MEMORY)
		return false;
	log_error("bulk", "bulk %s has failed: its task does not say what to do", work->id_text);
	return bulk_piece_fail(work, err);
}

/* Chooses the bulk that goes on. */
static bool begin(struct store_bulks *bulks, bool *found, struct err *err)
{
	struct bulk_work *work = bulks->work;

	return find_bulk(bulks, found, err) &&
	       (!*found || (load(work, err) && (work->has_ended || decode_action(work, err))));
}

/* ---- slices ---- */

static bool do_next(struct bulk_work *work, int64_t until_us, struct err *err)
{
	const struct bulk_page *page = &work->page;

	if (!page->is_read)
		return bulk_page_read(work, until_us, err);
	if (page->count == 0 && page->next.len == 0)
		return bulk_piece_end(work, err);
	return bulk_piece_run(work, err);
}

static bool go_on(struct store_bulks *bulks, int64_t until_us, bool *more, struct err *err)
{
	struct bulk_work *work = bulks->work;
	bool ok = true;

	*more = true;
	if (!bulks->is_begun) {
		ok = begin(bulks, more, err);
		bulks->is_begun = ok && *more && !work->has_ended;
		/* An entry without a bulk that runs: the next one can wait for the next call. */
		*more = *more && !work->has_ended;
	}
	if (!bulks->is_begun)
		return ok;
	do {
		ok = do_next(work, until_us, err);
	} while (ok && !work->has_ended && !work->page.is_used_up && clock_mono_us() < until_us);
	/* Other bulks are next after the end of a page. */
	if (!ok || work->has_ended || work->page.is_used_up) {
		bulk_page_reset(&work->page);
		bulks->is_begun = false;
	}
	/* A request has ended the bulk, or another keeper was faster: it is read again. */
	return ok || err->code == ERR_NOT_FOUND;
}

/* Without requests no other process flushes: after a kill, all would be done again. */
static bool flush(struct store *store, struct store_bulks *bulks, struct err *err)
{
	struct store_commits *commits = &store->shared->commits;
	int64_t now = clock_mono_ms();
	uint64_t done = bulks->to_flush;

	if (!bulks->work->has_ended && now - bulks->flushed_ms < BULK_FLUSH_MS)
		return true;
	bulks->flushed_ms = now;
	bulks->to_flush = atomic_load(&commits->done);
	/* Requests flush often: another fsync would only delay them. */
	if (!bulks->work->has_ended && atomic_load(&commits->flushed) >= done)
		return true;
	return store_flush(store, err);
}

bool store_run_bulks(struct store *store, struct store_bulks *bulks,
	const struct store_bulk_rules *rules, int64_t until_us, bool *more, struct err *err)
{
	bool ok;

	*more = false;
	if (!store_index_is_complete(store) || atomic_load(&store->shared->read_only))
		return true;
	if (!bulks->work)
		bulks->work = calloc(1, sizeof(*bulks->work));
	if (!bulks->work)
		return err_no_memory(err);
	bulks->work->store = store;
	bulks->work->rules = rules;
	store_enter(store);
	ok = go_on(bulks, until_us, more, err);
	store_leave(store);
	ok = ok && (!*more || flush(store, bulks, err));
	if (ok)
		return true;
	*more = false;
	/* The index is being built, or others have the locks: another call goes on. */
	return err->code == ERR_REBUILDING || err->code == ERR_BUSY;
}

void store_bulks_free(struct store_bulks *bulks)
{
	struct bulk_work *work = bulks->work;

	buf_free(&bulks->place);
	if (!work)
		return;
	bulk_page_reset(&work->page);
	arena_free(&work->arena);
	arena_free(&work->each);
	buf_free(&work->record);
	free(work);
	bulks->work = NULL;
}
