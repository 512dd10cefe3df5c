#include "store/stats/stats.h"

#include <stdlib.h>

#include "base/clock.h"
#include "store/index/state.h"
#include "store/workers/workers.h"

/* Limits on tries to read all rows at one moment, as for the first rows of a list. */
#define EXACT_TRIES 200
#define EXACT_US    20000

/* ---- the next row ---- */

static bool wants_dialect(const struct stats_reading *reading, uint8_t dialect)
{
	const struct op_stats *query = &reading->query;

	if (!index_field_by_code(reading->store->indexes, dialect, INDEX_BY_WORK))
		return false;
	return query->dialect_count == 0 || memchr(query->dialects, dialect, query->dialect_count);
}

/* The next one in the order of their codes; 0: none. */
static uint8_t next_dialect(const struct stats_reading *reading)
{
	uint8_t next = 0;

	for (const struct index_table *table = reading->store->indexes; table->fields; table++) {
		if (table->dialect > reading->dialect && (next == 0 || table->dialect < next) &&
			wants_dialect(reading, table->dialect))
			next = table->dialect;
	}
	return next;
}

static void begin_dialect(struct stats_reading *reading, uint8_t dialect)
{
	reading->dialect = dialect;
	reading->has_kind = false;
	memset(reading->streams, 0, sizeof(reading->streams));
	reading->done = dialect == 0;
}

static bool is_empty(const struct stats_row *row)
{
	uint64_t sum = row->succeeded[STATS_DAY] + row->failed[STATS_DAY];

	for (int state = TASK_PENDING; state < TASK_STATES; state++)
		sum += row->states[state];
	return sum == 0;
}

static int add_row(struct stats_reading *reading, const struct stats_row *row)
{
	struct stats_answer *answer = reading->answer;

	if (answer->count == reading->capacity) {
		size_t capacity = reading->capacity ? 2 * reading->capacity : 8;
		struct stats_row *rows = reallocarray(answer->rows, capacity, sizeof(*rows));

		if (!rows)
			return ENGINE_NO_MEMORY;
		answer->rows = rows;
		reading->capacity = capacity;
	}
	answer->rows[answer->count++] = *row;
	return 0;
}

/* A page that is full may be the last one: then the next one is empty. */
static int end_page(struct stats_reading *reading)
{
	struct buf *next = &reading->answer->next;

	buf_reset(next);
	buf_putc(next, (char)reading->dialect);
	buf_put_str(next, stats_kind(&reading->last));
	reading->done = true;
	return buf_ok(next) ? 0 : ENGINE_NO_MEMORY;
}

/* A kind that was asked for has no row if there is no task of it. */
static int read_kind(struct stats_reading *reading, struct slice *slice)
{
	struct stats_row row = { .dialect = reading->dialect };
	unsigned streams;
	bool found;
	int rc = stats_next_kind(reading, slice, &row, &streams, &found);

	if (rc == 0 && !found)
		begin_dialect(reading, next_dialect(reading));
	if (rc != 0 || !found)
		return rc;
	rc = stats_count(reading, slice, streams, &row);
	if (rc == 0 && !(reading->query.kind_count > 0 && is_empty(&row)))
		rc = add_row(reading, &row);
	if (rc != 0)
		return rc;
	reading->last = row;
	reading->has_kind = true;
	return reading->answer->count >= reading->query.limit ? end_page(reading) : 0;
}

/* ---- one moment ---- */

/* From the first row on, or from the one behind query.after. */
static void begin_rows(struct stats_reading *reading)
{
	struct str after = reading->query.after, kind = str_skip(after, 1);

	reading->answer->count = 0;
	reading->dialect = 0;
	if (after.len == 0 || !wants_dialect(reading, (uint8_t)after.ptr[0])) {
		reading->dialect = after.len > 0 ? (uint8_t)after.ptr[0] : 0;
		begin_dialect(reading, next_dialect(reading));
		return;
	}
	begin_dialect(reading, (uint8_t)after.ptr[0]);
	reading->last.kind_len = (uint8_t)(kind.len < TASK_KIND_MAX ? kind.len : TASK_KIND_MAX);
	memcpy(reading->last.kind, kind.ptr, reading->last.kind_len);
	reading->has_kind = true;
}

/*
 * The rows are of one moment if no commit of the tenant was under way before the first one, and
 * none has started since (list/batch.c). Beyond the limits they are read as they are.
 */
static int begin_try(struct stats_reading *reading)
{
	struct commit_counts commits = store_read_commits(reading->store, reading->tenant);
	int64_t now = clock_mono_us();

	if (reading->exact_until_us == 0)
		reading->exact_until_us = now + EXACT_US;
	reading->answer->exact = reading->tries++ < EXACT_TRIES && now < reading->exact_until_us;
	if (reading->answer->exact && commits.started != commits.done)
		return STEP_RETRY;
	reading->started = commits.started;
	begin_rows(reading);
	reading->begun = true;
	return 0;
}

static bool is_disturbed(const struct stats_reading *reading)
{
	return reading->begun && reading->answer->exact &&
	       reading->started != store_read_commits(reading->store, reading->tenant).started;
}

struct part {
	struct stats_reading *reading;
	struct slice *slice;
};

static int step_rows(struct store *store, void *data, struct err *err)
{
	const struct part *part = data;
	struct stats_reading *reading = part->reading;
	int rc = 0;

	(void)store, (void)err;
	while (rc == 0 && !slice_is_over(part->slice)) {
		if (is_disturbed(reading))
			reading->begun = false;
		if (reading->begun && reading->done)
			return 0;
		rc = reading->begun ? read_kind(reading, part->slice) : begin_try(reading);
		slice_spend(part->slice, 1);
	}
	return rc == STEP_RETRY && slice_is_over(part->slice) ? 0 : rc;
}

/* ---- the operation ---- */

static bool read_workers(
	struct stats_reading *reading, struct result *result, unsigned slice_steps, struct err *err)
{
	const struct op op = {
		.tenant = reading->tenant,
		.now = reading->answer->at,
		.workers = reading->workers,
		.slice_steps = slice_steps,
	};

	return workers_open(reading->store, &op, result, err);
}

bool stats_go_on(struct result *result, unsigned slice_steps, struct err *err)
{
	struct stats_reading *reading = result->stats_reading;
	struct slice slice = slice_begin(slice_steps);
	struct part part = { reading, &slice };
	bool ok;

	do {
		ok = step_call(reading->store, ENGINE_READ, step_rows, &part, err);
		result->unfinished = !(reading->begun && reading->done && !is_disturbed(reading));
	} while (ok && result->unfinished && slice_steps == 0);
	result->steps += slice.spent;
	if (ok && !result->unfinished && reading->workers)
		ok = read_workers(reading, result, slice_steps, err);
	return ok;
}

bool stats_open(struct store *store, const struct op *op, struct result *result, struct err *err)
{
	struct stats_reading *reading = calloc(1, sizeof(*reading));

	result->stats_reading = reading;
	result->stats = calloc(1, sizeof(*result->stats));
	if (!reading || !result->stats)
		return err_no_memory(err);
	*reading = (struct stats_reading){
		.store = store,
		.tenant = op->tenant,
		.query = *op->stats,
		.workers = op->workers,
		.answer = result->stats,
	};
	result->stats->at = op->now;
	return index_may_read(store, err) && stats_go_on(result, op->slice_steps, err);
}

void stats_free(struct result *result)
{
	if (result->stats) {
		free(result->stats->rows);
		buf_free(&result->stats->next);
	}
	free(result->stats);
	free(result->stats_reading);
	result->stats = NULL;
	result->stats_reading = NULL;
}

size_t stats_memory(const struct result *result)
{
	const struct stats_reading *reading = result->stats_reading;

	return reading ? sizeof(*reading) + reading->capacity * sizeof(struct stats_row) : 0;
}
