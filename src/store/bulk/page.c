#include "base/clock.h"
#include "store/bulk/run.h"
#include "store/list/list.h"

static struct bulk_place place_of(const struct task *task)
{
	struct bulk_place place = { .len = sizeof(place.bytes) };
	struct index_key key = { 0 };

	index_put_time(&key, task->created);
	memcpy(place.bytes, key.bytes, key.len);
	memcpy(place.bytes + key.len, task->id.bytes, sizeof(task->id.bytes));
	return place;
}

static bool open_list(struct bulk_work *work, struct err *err)
{
	const struct bulk_place *place = &work->row.place;
	struct op look = { .kind = OP_LIST,
		.tenant = work->tenant,
		.dialect = work->action.dialect,
		.list = work->action.list,
		.slice_steps = LIST_SLICE_STEPS };

	look.list.limit = BULK_PAGE_TASKS;
	look.list.limit_bytes = 0;
	look.list.want_total = false;
	look.list.allow_partial = true;
	look.list.after_cursor = (struct str){ place->bytes, place->len };
	return list_open(work->store, &look, &work->page.list, err);
}

static void keep_next(struct bulk_page *page)
{
	const struct str next = page->list.next_cursor;

	page->next.len = 0;
	if (next.len != sizeof(page->next.bytes))
		return;
	memcpy(page->next.bytes, next.ptr, next.len);
	page->next.len = next.len;
}

/* *end: all rows were read. The call that finds the end tells where the list goes on. */
static bool read_rows(struct bulk_work *work, int64_t until_us, bool *end, struct err *err)
{
	struct bulk_page *page = &work->page;
	struct task task;

	do {
		if (!store_list_next(&page->list, &task, end, err))
			return false;
		if (!*end && page->count < BULK_PAGE_TASKS)
			page->tasks[page->count++] = (struct bulk_page_task){ .id = task.id,
				.place = place_of(&task) };
	} while (!*end && clock_mono_us() < until_us);
	return true;
}

bool bulk_page_read(struct bulk_work *work, int64_t until_us, struct err *err)
{
	struct bulk_page *page = &work->page;
	struct result *list = &page->list;
	bool ok = true, end = false;

	if (!list->listing) {
		page->at = page->count = 0;
		ok = open_list(work, err);
	}
	while (ok && list->unfinished && clock_mono_us() < until_us)
		ok = list_go_on(list, LIST_SLICE_STEPS, err);
	if (ok && !list->unfinished)
		ok = read_rows(work, until_us, &end, err);
	if (ok && !end)
		return true;
	if (ok)
		keep_next(page);
	store_result_free(list);
	page->is_read = ok;
	return ok;
}

void bulk_page_reset(struct bulk_page *page)
{
	store_result_free(&page->list);
	page->is_read = page->is_used_up = false;
	page->at = page->count = 0;
}
