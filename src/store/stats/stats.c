#include "store/stats/stats.h"

#include <stdlib.h>

#include "store/index/state.h"
#include "store/workers/workers.h"

/* ---- the next row ---- */

static bool wants_dialect(const struct stats_reading *reading, uint8_t dialect)
{
	const struct op_stats *query = &reading->query;

	return stats_wants_dialect(reading->store, dialect, query->dialects, query->dialect_count);
}

static uint8_t next_dialect(const struct stats_reading *reading)
{
	const struct op_stats *query = &reading->query;

	return stats_next_dialect(
		reading->store, reading->dialect, query->dialects, query->dialect_count);
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

static int begin_try(struct stats_reading *reading)
{
	int rc = moment_begin(&reading->moment, reading->store, reading->tenant);

	if (rc != 0)
		return rc;
	begin_rows(reading);
	reading->begun = true;
	return 0;
}

static bool is_disturbed(const struct stats_reading *reading)
{
	return reading->begun &&
	       moment_is_disturbed(&reading->moment, reading->store, reading->tenant);
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
	reading->answer->exact = reading->moment.exact;
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
