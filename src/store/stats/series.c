#include "store/stats/series.h"

#include <limits.h>
#include <stdlib.h>

#include "store/index/state.h"

/* ---- entries ---- */

static enum series_event event_of(unsigned stream)
{
	return (enum series_event)(stream / 2);
}

static void stream_prefix(const struct series_reading *reading, struct index_key *prefix)
{
	static const enum task_state states[SERIES_EVENTS] = {
		[SERIES_SUCCEEDED] = TASK_SUCCEEDED,
		[SERIES_FAILED] = TASK_FAILED,
		[SERIES_CANCELLED] = TASK_CANCELLED,
	};
	enum series_event event = event_of(reading->stream);
	bool archived = reading->stream % 2;

	if (event == SERIES_CREATED)
		index_field_prefix(prefix, reading->tenant, reading->dialect, archived,
			index_field_by_code(
				reading->store->indexes, reading->dialect, INDEX_BY_CREATED));
	else
		index_work_prefix(
			prefix, reading->tenant, reading->dialect, archived, states[event]);
}

/* The key at which a step begins. Skips entries at 0, whose tasks ended at an unknown time. */
static void put_step(const struct series_reading *reading, unsigned step, struct index_key *key)
{
	const struct series_times *times = &reading->query.times;
	int64_t start = times->from + step * times->step_ms;

	*key = reading->kind;
	index_put_time(key, start > 0 ? start : 1);
}

/* Adds the count of a part that is one step; pushes a longer one. */
static void add_part(struct series_reading *reading, struct series_part part)
{
	struct series_row *row = &reading->answer->rows[reading->answer->count - 1];

	if (part.tasks == 0)
		return;
	if (part.to - part.from > 1)
		reading->parts[reading->part_count++] = part;
	else
		row->counts[event_of(reading->stream)][part.from] += part.tasks;
}

static int count_kind(struct series_reading *reading, struct slice *slice)
{
	unsigned steps = reading->query.times.steps;
	struct series_part whole = { .to = steps };
	struct index_key first, end;
	struct engine_range range;
	int rc;

	put_step(reading, 0, &first);
	put_step(reading, steps, &end);
	range = (struct engine_range){ .from = key_str(&first), .to = key_str(&end) };
	slice_spend(slice, 1);
	rc = store_count(reading->store, &range, &whole.tasks);
	if (rc != 0)
		return rc;
	whole.hint = range.hint;
	reading->uncounted = false;
	add_part(reading, whole);
	return 0;
}

/* ---- one kind: part by part, so that steps without a task cost little ---- */

/* Counts all parts of `whole` but the last one, which has the rest. */
static int count_parts(struct series_reading *reading, struct slice *slice,
	const struct series_part *whole, struct series_part *parts, size_t count)
{
	struct index_key first, keys[SERIES_SPLIT];
	struct str ends[SERIES_SPLIT];
	uint64_t counts[SERIES_SPLIT], left = whole->tasks;
	struct engine_range range;
	int rc;

	put_step(reading, whole->from, &first);
	range = (struct engine_range){ .from = key_str(&first), .hint = whole->hint };
	for (size_t i = 0; i < count - 1; i++) {
		put_step(reading, parts[i].to, &keys[i]);
		ends[i] = key_str(&keys[i]);
	}
	slice_spend(slice, count - 1);
	rc = store_count_parts(reading->store, &range, ends, count - 1, counts);
	for (size_t i = 0; rc == 0 && i < count; i++) {
		/* Without an exact moment, tasks may have been added since `whole` was counted. */
		parts[i].tasks = i < count - 1 && counts[i] < left ? counts[i] : left;
		parts[i].hint = range.hint + whole->tasks - left;
		left -= parts[i].tasks;
	}
	return rc;
}

static int split(
	struct series_reading *reading, struct slice *slice, const struct series_part *whole)
{
	unsigned width = (whole->to - whole->from + SERIES_SPLIT - 1) / SERIES_SPLIT;
	struct series_part parts[SERIES_SPLIT];
	size_t count = 0;
	int rc;

	for (unsigned from = whole->from; from < whole->to; from += width)
		parts[count++] = (struct series_part){
			.from = from,
			.to = from + width < whole->to ? from + width : whole->to,
		};
	rc = count_parts(reading, slice, whole, parts, count);
	if (rc != 0)
		return rc;
	reading->part_count--;
	while (count > 0)
		add_part(reading, parts[--count]);
	return 0;
}

/* The step of an entry of reading->kind; UINT_MAX if it is in none. */
static unsigned step_of(const struct series_reading *reading, struct str entry)
{
	const struct series_times *times = &reading->query.times;
	int64_t step;

	if (entry.len < reading->kind.len + 8)
		return UINT_MAX;
	step = (index_read_time(entry.ptr + reading->kind.len) - times->from) / times->step_ms;
	return step >= 0 && step < times->steps ? (unsigned)step : UINT_MAX;
}

/* Reading a few entries is faster than counting their parts. */
static int read_entries(
	struct series_reading *reading, struct slice *slice, const struct series_part *whole)
{
	struct series_row *row = &reading->answer->rows[reading->answer->count - 1];
	const struct engine_batch *batch = &reading->store->batch;
	struct index_key first, end;
	struct engine_range range;
	int rc;

	put_step(reading, whole->from, &first);
	put_step(reading, whole->to, &end);
	range = (struct engine_range){ .from = key_str(&first), .to = key_str(&end) };
	rc = store_scan(reading->store, TABLE_INDEX, &range, false, SERIES_READ_MAX);
	if (rc != 0)
		return rc;
	slice_spend(slice, 1 + batch->count / 8);
	for (size_t i = 0; i < batch->count; i++) {
		unsigned step = step_of(reading, engine_batch_key(batch, i));

		if (step != UINT_MAX)
			row->counts[event_of(reading->stream)][step]++;
	}
	reading->part_count--;
	return 0;
}

static int count_part(struct series_reading *reading, struct slice *slice)
{
	const struct series_part part = reading->parts[reading->part_count - 1];

	return part.tasks <= SERIES_READ_MAX ? read_entries(reading, slice, &part)
					     : split(reading, slice, &part);
}

/* ---- kinds and streams ---- */

/* Sets reading->kind to the prefix of the next kind in the stream. */
static int find_kind(struct series_reading *reading, struct slice *slice, bool *found)
{
	struct index_key prefix, from, end, key;
	const uint8_t *nul;
	int rc;

	stream_prefix(reading, &prefix);
	from = reading->in_kind ? reading->kind : prefix;
	if (reading->in_kind)
		index_prefix_end(&from);
	end = prefix;
	index_prefix_end(&end);
	slice_spend(slice, 1);
	rc = index_first_key(reading->store, &from, &end, &key, found);
	if (rc != 0 || !*found)
		return rc;
	nul = memchr(key.bytes + prefix.len, 0, key.len - prefix.len);
	if (!nul)
		return ENGINE_DAMAGED;
	key.len = (size_t)(nul - key.bytes) + 1;
	reading->kind = key;
	return 0;
}

/* Entries by creation contain no kind: the whole stream counts as one kind. */
static int next_kind(struct series_reading *reading, struct slice *slice)
{
	bool found = !reading->in_kind;
	int rc = 0;

	if (event_of(reading->stream) != SERIES_CREATED)
		rc = find_kind(reading, slice, &found);
	else if (found)
		stream_prefix(reading, &reading->kind);
	if (rc != 0)
		return rc;
	reading->in_kind = reading->uncounted = found;
	if (!found)
		reading->stream++;
	return 0;
}

/* ---- dialects ---- */

/* Whether the dialect has any task, archived or not. Changes reading->stream. */
static int has_tasks(struct series_reading *reading, struct slice *slice, bool *found)
{
	int rc = 0;

	*found = false;
	for (reading->stream = 0; rc == 0 && !*found && reading->stream < 2; reading->stream++) {
		struct index_key from, end, key;

		stream_prefix(reading, &from);
		end = from;
		index_prefix_end(&end);
		slice_spend(slice, 1);
		rc = index_first_key(reading->store, &from, &end, &key, found);
	}
	return rc;
}

static int add_row(struct series_reading *reading)
{
	struct series_answer *answer = reading->answer;

	if (answer->count == reading->capacity) {
		size_t capacity = reading->capacity + 2;
		struct series_row *rows = reallocarray(answer->rows, capacity, sizeof(*rows));

		if (!rows)
			return ENGINE_NO_MEMORY;
		answer->rows = rows;
		reading->capacity = capacity;
	}
	answer->rows[answer->count++] = (struct series_row){ .dialect = reading->dialect };
	return 0;
}

static int next_dialect(struct series_reading *reading, struct slice *slice)
{
	const struct op_series *query = &reading->query;
	uint8_t before = reading->dialect;
	bool found = false;
	int rc = 0;

	reading->dialect = stats_next_dialect(
		reading->store, before, query->dialects, query->dialect_count);
	reading->done = reading->dialect == 0;
	if (!reading->done)
		rc = has_tasks(reading, slice, &found);
	if (rc == 0 && found)
		rc = add_row(reading);
	if (rc != 0)
		reading->dialect = before;
	reading->stream = rc == 0 && found ? 0 : SERIES_STREAMS;
	return rc;
}

/* ---- one moment ---- */

static int begin_try(struct series_reading *reading)
{
	int rc = moment_begin(&reading->moment, reading->store, reading->tenant);

	if (rc != 0)
		return rc;
	reading->answer->count = 0;
	reading->dialect = 0;
	reading->stream = SERIES_STREAMS;
	reading->in_kind = reading->uncounted = reading->done = false;
	reading->part_count = 0;
	reading->begun = true;
	return 0;
}

static bool is_disturbed(const struct series_reading *reading)
{
	return reading->begun &&
	       moment_is_disturbed(&reading->moment, reading->store, reading->tenant);
}

static int go_on(struct series_reading *reading, struct slice *slice)
{
	if (!reading->begun)
		return begin_try(reading);
	if (reading->part_count > 0)
		return count_part(reading, slice);
	if (reading->uncounted)
		return count_kind(reading, slice);
	if (reading->stream < SERIES_STREAMS)
		return next_kind(reading, slice);
	return next_dialect(reading, slice);
}

struct part {
	struct series_reading *reading;
	struct slice *slice;
};

/* A call of go_on() that fails has no effect, so a repeated step repeats only that call. */
static int step_series(struct store *store, void *data, struct err *err)
{
	const struct part *part = data;
	struct series_reading *reading = part->reading;
	int rc = 0;

	(void)store, (void)err;
	for (size_t i = 0; i < reading->part_count; i++)
		reading->parts[i].hint = 0;
	while (rc == 0 && !slice_is_over(part->slice)) {
		if (is_disturbed(reading))
			reading->begun = false;
		if (reading->begun && reading->done)
			return 0;
		rc = go_on(reading, part->slice);
		slice_spend(part->slice, 1);
	}
	return rc == STEP_RETRY && slice_is_over(part->slice) ? 0 : rc;
}

/* ---- the operation ---- */

bool series_go_on(struct result *result, unsigned slice_steps, struct err *err)
{
	struct series_reading *reading = result->series_reading;
	struct slice slice = slice_begin(slice_steps);
	struct part part = { reading, &slice };
	bool ok;

	do {
		ok = step_call(reading->store, ENGINE_READ, step_series, &part, err);
		result->unfinished = !(reading->begun && reading->done && !is_disturbed(reading));
	} while (ok && result->unfinished && slice_steps == 0);
	result->steps += slice.spent;
	reading->answer->exact = reading->moment.exact;
	return ok;
}

bool series_open(struct store *store, const struct op *op, struct result *result, struct err *err)
{
	struct series_reading *reading = calloc(1, sizeof(*reading));

	result->series_reading = reading;
	result->series = calloc(1, sizeof(*result->series));
	if (!reading || !result->series)
		return err_no_memory(err);
	*reading = (struct series_reading){
		.store = store,
		.tenant = op->tenant,
		.query = *op->series,
		.answer = result->series,
	};
	result->series->times = op->series->times;
	result->series->at = op->now;
	return index_may_read(store, err) && series_go_on(result, op->slice_steps, err);
}

void series_free(struct result *result)
{
	if (result->series)
		free(result->series->rows);
	free(result->series);
	free(result->series_reading);
	result->series = NULL;
	result->series_reading = NULL;
}

size_t series_memory(const struct result *result)
{
	const struct series_reading *reading = result->series_reading;

	return reading ? sizeof(*reading) + reading->capacity * sizeof(struct series_row) : 0;
}
