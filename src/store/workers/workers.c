#include "store/workers/workers.h"

#include <stdlib.h>

#include "store/index/state.h"

void workers_hear(struct store *store, struct str worker)
{
	store->heard_len = (uint8_t)(worker.len <= TASK_WORKER_MAX ? worker.len : 0);
	memcpy(store->heard, worker.ptr, store->heard_len);
}

void workers_note(struct store *store, const struct op *op)
{
	if (store->heard_len > 0)
		contacts_note(&store->shared->contacts, op->tenant,
			(struct str){ store->heard, store->heard_len }, op->now);
}

/* ---- the workers of all sources ---- */

struct rows {
	struct worker_row *at;
	size_t count, capacity;
	bool failed;
};

static struct worker_row *add(struct rows *rows, struct str name)
{
	struct worker_row *row;

	if (rows->count == rows->capacity) {
		size_t capacity = rows->capacity ? 2 * rows->capacity : 16;
		struct worker_row *at = reallocarray(rows->at, capacity, sizeof(*at));

		rows->failed |= !at;
		if (!at)
			return NULL;
		rows->at = at;
		rows->capacity = capacity;
	}
	row = &rows->at[rows->count++];
	*row = (struct worker_row){ 0 };
	row->name_len = (uint8_t)(name.len < TASK_WORKER_MAX ? name.len : TASK_WORKER_MAX);
	memcpy(row->name, name.ptr, row->name_len);
	return row;
}

static void add_holders(struct rows *rows, const struct holders *holders)
{
	struct worker_row *row = NULL;

	for (size_t i = 0; i < holders->count; i++) {
		const struct holder *holder = &holders->at[i];
		struct str name = { holder->name, holder->name_len };

		if (!row || !str_eq(worker_name(row), name))
			row = add(rows, name);
		if (!row)
			return;
		if (row->hold_count == 0)
			row->hold = i;
		row->hold_count++;
		row->tasks += holder->hold.tasks;
	}
}

static bool add_contact(const struct contact *contact, void *data)
{
	struct worker_row *row = add(data, (struct str){ contact->name, contact->name_len });

	if (!row)
		return false;
	row->first_seen = optional_time(contact->first);
	row->last_seen = optional_time(contact->last);
	return true;
}

static void add_drained(struct rows *rows, struct str names, bool *all)
{
	while (names.len > 0) {
		struct str name = str_split_next(&names, '\0');
		struct worker_row *row;

		if (str_eq(name, WORKERS_ALL)) {
			*all = true;
			continue;
		}
		row = add(rows, name);
		if (!row)
			return;
		row->drain = true;
	}
}

static int compare(const void *a, const void *b)
{
	return str_compare(worker_name(a), worker_name(b));
}

static void merge(struct worker_row *row, const struct worker_row *other)
{
	row->drain |= other->drain;
	if (optional_time_is_set(other->last_seen)) {
		row->first_seen = other->first_seen;
		row->last_seen = other->last_seen;
	}
	if (other->hold_count > 0) {
		row->tasks = other->tasks;
		row->hold = other->hold;
		row->hold_count = other->hold_count;
	}
}

static void sort(struct rows *rows)
{
	size_t kept = 0;

	if (rows->count > 0)
		qsort(rows->at, rows->count, sizeof(*rows->at), compare);
	for (size_t i = 0; i < rows->count; i++) {
		if (kept > 0 && compare(&rows->at[kept - 1], &rows->at[i]) == 0)
			merge(&rows->at[kept - 1], &rows->at[i]);
		else
			rows->at[kept++] = rows->at[i];
	}
	rows->count = kept;
}

/* ---- the answer ---- */

/* Counts all rows, and keeps those of the page at the front. */
static bool cut_page(
	const struct workers_reading *reading, struct rows *rows, struct workers_answer *answer)
{
	size_t kept = 0;

	for (size_t i = 0; i < rows->count; i++) {
		const struct worker_row row = rows->at[i];

		answer->seen += optional_time_is_set(row.last_seen);
		answer->busy += row.tasks > 0;
		if (str_compare(worker_name(&row), reading->query.after) <= 0)
			continue;
		if (kept < reading->query.limit)
			rows->at[kept++] = row;
		else if (answer->next.len == 0)
			buf_put_str(&answer->next, worker_name(&rows->at[kept - 1]));
	}
	rows->count = kept;
	return buf_ok(&answer->next);
}

static bool copy_holds(const struct holders *holders, struct workers_answer *answer)
{
	answer->holds = calloc(holders->count + 1, sizeof(*answer->holds));
	if (!answer->holds)
		return false;
	for (size_t i = 0; i < holders->count; i++)
		answer->holds[i] = holders->at[i].hold;
	answer->hold_count = holders->count;
	return true;
}

static bool make_answer(
	struct workers_reading *reading, struct workers_answer *answer, struct err *err)
{
	struct store *store = reading->store;
	struct rows rows = { 0 };

	if (!drain_load(store, reading->tenant, err))
		return false;
	holders_sort(&reading->holders);
	add_holders(&rows, &reading->holders);
	add_drained(&rows, drain_names(store, reading->tenant), &answer->drain_all);
	if (!contacts_each(&store->shared->contacts, reading->tenant,
		    reading->now - WORKERS_SEEN_MS, add_contact, &rows)) {
		free(rows.at);
		return err_set(err, ERR_BUSY, NULL, NULL);
	}
	sort(&rows);
	answer->complete = !reading->holders.full;
	rows.failed |= !cut_page(reading, &rows, answer) || !copy_holds(&reading->holders, answer);
	answer->rows = rows.at;
	answer->count = rows.count;
	return !rows.failed || err_no_memory(err);
}

/* ---- the operation ---- */

struct part {
	struct workers_reading *reading;
	struct slice *slice;
};

static int step_holders(struct store *store, void *data, struct err *err)
{
	const struct part *part = data;

	(void)store, (void)err;
	return holders_read(&part->reading->holders, part->slice);
}

bool workers_go_on(struct result *result, unsigned slice_steps, struct err *err)
{
	struct workers_reading *reading = result->workers_reading;
	struct slice slice = slice_begin(slice_steps);
	struct part part = { reading, &slice };
	bool ok;

	store_enter(reading->store);
	ok = step_run(reading->store, ENGINE_READ, step_holders, &part, err);
	result->steps += slice.spent;
	result->unfinished = !reading->holders.done;
	if (ok && reading->holders.done)
		ok = make_answer(reading, result->workers, err);
	store_leave(reading->store);
	return ok;
}

bool workers_open(struct store *store, const struct op *op, struct result *result, struct err *err)
{
	struct workers_reading *reading = calloc(1, sizeof(*reading));

	result->workers_reading = reading;
	result->workers = calloc(1, sizeof(*result->workers));
	if (!reading || !result->workers)
		return err_no_memory(err);
	*reading = (struct workers_reading){
		.store = store,
		.tenant = op->tenant,
		.query = *op->workers,
		.now = op->now,
		.holders = { .store = store, .tenant = op->tenant },
	};
	return index_may_read(store, err) && workers_go_on(result, op->slice_steps, err);
}

void workers_free(struct result *result)
{
	if (result->workers_reading)
		holders_free(&result->workers_reading->holders);
	free(result->workers_reading);
	if (result->workers) {
		free(result->workers->rows);
		free(result->workers->holds);
		buf_free(&result->workers->next);
	}
	free(result->workers);
	result->workers = NULL;
	result->workers_reading = NULL;
}

size_t workers_memory(const struct result *result)
{
	const struct workers_reading *reading = result->workers_reading;

	return reading ? sizeof(*reading) + reading->holders.capacity * sizeof(struct holder) +
				 result->workers->hold_count * sizeof(struct worker_hold)
		       : 0;
}
