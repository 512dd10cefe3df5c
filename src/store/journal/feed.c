/* The feed of a tenant (task/feed.h); order.c says which entries it may show. */
#include <stdlib.h>

#include "base/clock.h"
#include "store/journal/journal.h"

#define CHUNK	  32  /* entries that are read in one step */
#define TASKS_MAX 100 /* events of an answer with tasks */
#define TRIES	  5
#define NO_TASK	  SIZE_MAX

/* A part of the records. */
struct part {
	size_t start, len;
};

struct event {
	struct part entry;
	uint64_t number;
	struct id id;
	size_t task; /* number of its task, or NO_TASK */
};

struct feed {
	struct feed_answer answer; /* first: see journal_feed_free() */
	struct buf records;
	struct task *tasks;
	size_t memory; /* of the arrays */
};

struct reading {
	const struct op *op;
	const struct op_feed *query;
	struct feed *feed;
	uint64_t start;
	struct journal_bounds bounds;
	uint64_t last; /* number of the last entry that was read, or start */
	struct event *events;
	struct part *task_parts;
	size_t count, limit, task_count;
	unsigned scanned;
	bool full, end; /* the answer has no room; all entries below the horizon were read */
	struct engine_batch batch;
};

/* ---- tasks ---- */

/* An event of the same task that comes later is older than the task as it was read. */
static size_t find_task(const struct reading *reading, const struct id *id)
{
	for (size_t i = reading->count; i > 0; i--) {
		if (id_compare(&reading->events[i - 1].id, id) == 0)
			return reading->events[i - 1].task;
	}
	return NO_TASK;
}

static int read_task(struct store *store, struct reading *reading, struct event *event)
{
	struct buf *records = &reading->feed->records;
	struct part part = { .start = records->len };
	int rc;

	event->task = find_task(reading, &event->id);
	if (event->task != NO_TASK)
		return 0;
	rc = row_get(store, reading->op->tenant, &event->id, false, records);
	if (rc != 0)
		return rc == ENGINE_NOT_FOUND ? 0 : rc;
	part.len = records->len - part.start;
	event->task = reading->task_count;
	reading->task_parts[reading->task_count++] = part;
	return 0;
}

/* ---- entries ---- */

/*
 * Reads the entry of a key and adds its event, if the filter lets it. An entry that cannot be
 * decoded is of a later build, and passed over; so is one that was removed meanwhile, since the
 * place is compared at the end.
 */
static int read_entry(struct store *store, struct reading *reading, struct str key)
{
	struct buf *records = &reading->feed->records;
	struct event event = {
		.entry.start = records->len, .number = journal_number(key), .task = NO_TASK
	};
	struct journal_entry entry;
	int rc = store_get(store, TABLE_JOURNAL, key, false, records);

	if (rc != 0)
		return rc == ENGINE_NOT_FOUND ? 0 : rc;
	event.entry.len = records->len - event.entry.start;
	if (!journal_decode(
		    &entry, (struct str){ records->data + event.entry.start, event.entry.len }) ||
		!feed_filter_matches(&reading->query->filter, &entry)) {
		records->len = event.entry.start;
		return 0;
	}
	event.id = entry.id;
	if (reading->query->with_tasks)
		rc = read_task(store, reading, &event);
	if (rc == 0)
		reading->events[reading->count++] = event;
	return rc;
}

static bool is_full(const struct reading *reading)
{
	return reading->count == reading->limit || reading->scanned == FEED_SCAN_MAX ||
	       reading->feed->records.len >= FEED_PAGE_BYTES;
}

static int read_entries(struct store *store, struct reading *reading)
{
	size_t found = reading->batch.count, i = 0;
	int rc = 0;

	for (; rc == 0 && i < found && !is_full(reading); i++) {
		struct str key = engine_batch_key(&reading->batch, i);

		store_expect_keys(store, TABLE_JOURNAL, &reading->batch, i);
		rc = read_entry(store, reading, key);
		reading->last = journal_number(key);
		reading->scanned++;
	}
	reading->end = i == found && found < CHUNK;
	reading->full = is_full(reading);
	return rc;
}

/* What a step changes; a repetition of the step begins with it. */
struct chunk {
	struct reading *reading;
	uint64_t last;
	size_t records, count, task_count;
	unsigned scanned;
};

static int step_chunk(struct store *store, void *data, struct err *err)
{
	const struct chunk *chunk = data;
	struct reading *reading = chunk->reading;
	struct engine_batch spare = reading->batch;
	struct index_key from, to;
	struct engine_range range;
	int rc;

	(void)err;
	reading->last = chunk->last;
	reading->feed->records.len = chunk->records;
	reading->count = chunk->count;
	reading->task_count = chunk->task_count;
	reading->scanned = chunk->scanned;
	journal_key(&from, reading->op->tenant, reading->last + 1);
	journal_key(&to, reading->op->tenant, reading->bounds.horizon);
	range = (struct engine_range){ .from = key_str(&from), .to = key_str(&to) };
	rc = store_scan(store, TABLE_JOURNAL, &range, false, CHUNK);
	if (rc != 0)
		return rc;
	/* The calls below use the store's batch. */
	reading->batch = store->batch;
	store->batch = spare;
	return read_entries(store, reading);
}

static bool read_chunks(struct store *store, struct reading *reading, struct err *err)
{
	unsigned steps = reading->op->slice_steps;
	int64_t time_us = (int64_t)LIST_SLICE_US * (steps ? steps : LIST_SLICE_STEPS) /
			  LIST_SLICE_STEPS;
	int64_t until = clock_mono_us() + time_us;
	bool ok = true;

	reading->end = reading->last + 1 >= reading->bounds.horizon;
	while (ok && !reading->end && !reading->full) {
		struct chunk chunk = { reading, reading->last, reading->feed->records.len,
			reading->count, reading->task_count, reading->scanned };

		ok = step_run(store, ENGINE_READ, step_chunk, &chunk, err);
		reading->full |= clock_mono_us() >= until;
	}
	return ok;
}

/* ---- places ---- */

static bool fail_gone(const struct store *store, const struct reading *reading, const char *reason,
	struct err *err)
{
	struct feed_place oldest = { atomic_load(&store->shared->journal_epoch),
		reading->bounds.trimmed };
	char text[FEED_PLACE_SIZE];

	feed_place_format(&oldest, text);
	err_set(err, ERR_GONE, NULL, "%s", reason);
	if (reading->op->arena)
		err->detail = arena_copy(reading->op->arena, str_cstr(text));
	return false;
}

static bool read_bounds(struct store *store, struct reading *reading, struct err *err)
{
	return journal_read_bounds(store, reading->op->tenant, &reading->bounds, err);
}

/*
 * Now is where all entries are known. An entry that was committed while an older transaction is
 * still open comes behind it: a client sees it once more rather than not at all.
 */
static bool find_now(struct store *store, struct reading *reading, struct err *err)
{
	const struct journal_bounds *bounds = &reading->bounds;

	if (!read_bounds(store, reading, err))
		return false;
	reading->feed->answer.next.number = bounds->last < bounds->trimmed ? bounds->trimmed
									   : bounds->last;
	return true;
}

static bool find_start(struct store *store, struct reading *reading, struct err *err)
{
	const struct op_feed *query = reading->query;

	if (!read_bounds(store, reading, err))
		return false;
	reading->start = query->start == FEED_FROM_PLACE ? query->after.number
							 : reading->bounds.trimmed;
	reading->last = reading->start;
	if (query->start != FEED_FROM_PLACE)
		return true;
	if (query->after.epoch != reading->feed->answer.next.epoch)
		return fail_gone(
			store, reading, "This place is not one of the present journal.", err);
	if (reading->start >= reading->bounds.next)
		return fail_gone(
			store, reading, "The journal has not reached this place yet.", err);
	return true;
}

/*
 * Without new entries the place goes on, so that it is not too old when the tenant's next event
 * comes. Places of entries that were read are durable when the response may be sent; others must be
 * durable already, because their numbers may be given again after a crash.
 */
static void set_next(struct reading *reading)
{
	struct feed_answer *answer = &reading->feed->answer;
	uint64_t most = reading->bounds.last;

	answer->more = !reading->end;
	answer->scanned = reading->scanned;
	answer->next.number = reading->end && most > reading->last ? most : reading->last;
}

/* ---- the answer ---- */

static bool decode_tasks(const struct reading *reading, struct err *err)
{
	struct feed *feed = reading->feed;

	if (reading->task_count == 0)
		return true;
	feed->tasks = calloc(reading->task_count, sizeof(*feed->tasks));
	if (!feed->tasks)
		return err_no_memory(err);
	feed->memory += reading->task_count * sizeof(*feed->tasks);
	for (size_t i = 0; i < reading->task_count; i++) {
		const struct part *part = &reading->task_parts[i];

		if (!record_decode(&feed->tasks[i],
			    (struct str){ feed->records.data + part->start, part->len }))
			return err_set(err, ERR_INTERNAL, NULL, NULL);
	}
	return true;
}

static bool decode_all(const struct reading *reading, struct err *err)
{
	struct feed *feed = reading->feed;
	struct feed_answer *answer = &feed->answer;

	if (reading->count == 0)
		return true;
	answer->events = calloc(reading->count, sizeof(*answer->events));
	if (!answer->events)
		return err_no_memory(err);
	feed->memory += reading->count * sizeof(*answer->events);
	if (!decode_tasks(reading, err))
		return false;
	for (size_t i = 0; i < reading->count; i++) {
		const struct event *event = &reading->events[i];
		struct feed_event *decoded = &answer->events[answer->count++];

		if (!journal_decode(
			    &decoded->entry, (struct str){ feed->records.data + event->entry.start,
						     event->entry.len }))
			return err_set(err, ERR_INTERNAL, NULL, NULL);
		decoded->entry.number = event->number;
		decoded->entry.epoch = answer->next.epoch;
		if (event->task != NO_TASK)
			decoded->task = &feed->tasks[event->task];
	}
	return true;
}

/*
 * Entries may be removed while they are read. Whoever wants the oldest ones gets those that are the
 * oldest then.
 */
static bool read_once(struct store *store, struct reading *reading, bool *again, struct err *err)
{
	reading->count = reading->task_count = reading->feed->records.len = 0;
	reading->scanned = 0;
	reading->full = false;
	*again = false;
	if (!find_start(store, reading, err) || !read_chunks(store, reading, err))
		return false;
	if (!journal_is_trimmed_behind(store, reading->op->tenant, reading->start, again, err))
		return false;
	if (*again && reading->query->start == FEED_FROM_PLACE)
		return fail_gone(
			store, reading, "The events behind this place are not kept any more.", err);
	return true;
}

static bool read_events(struct store *store, struct reading *reading, struct err *err)
{
	bool again = true;

	for (int i = 0; again && i < TRIES; i++) {
		if (!read_once(store, reading, &again, err))
			return false;
	}
	if (again)
		return err_set(err, ERR_BUSY, NULL, NULL);
	set_next(reading);
	return decode_all(reading, err);
}

static bool read_with_memory(struct store *store, struct reading *reading, struct err *err)
{
	bool ok;

	reading->limit = reading->query->limit;
	if (reading->query->with_tasks && reading->limit > TASKS_MAX)
		reading->limit = TASKS_MAX;
	reading->events = calloc(reading->limit, sizeof(*reading->events));
	reading->task_parts = calloc(TASKS_MAX, sizeof(*reading->task_parts));
	ok = reading->events && reading->task_parts ? read_events(store, reading, err)
						    : err_no_memory(err);
	free(reading->events);
	free(reading->task_parts);
	engine_batch_free(&reading->batch);
	return ok;
}

bool journal_feed(struct store *store, const struct op *op, struct result *result, struct err *err)
{
	struct reading reading = { .op = op, .query = op->feed };

	if (store->journal_entries == 0)
		return err_set(err, ERR_EVENTS_OFF, NULL, NULL);
	if (atomic_load(&store->shared->journal_epoch) == 0 && !journal_make_epoch(store, err))
		return false;
	reading.feed = calloc(1, sizeof(*reading.feed));
	if (!reading.feed)
		return err_no_memory(err);
	result->feed = &reading.feed->answer;
	result->feed->next.epoch = atomic_load(&store->shared->journal_epoch);
	if (op->feed->start != FEED_FROM_NOW)
		return read_with_memory(store, &reading, err);
	return find_now(store, &reading, err);
}

void journal_feed_free(struct feed_answer *answer)
{
	struct feed *feed = (struct feed *)answer;

	if (!feed)
		return;
	buf_free(&feed->records);
	free(feed->tasks);
	free(answer->events);
	free(feed);
}

size_t journal_feed_memory(const struct feed_answer *answer)
{
	const struct feed *feed = (const struct feed *)answer;

	return feed ? sizeof(*feed) + feed->records.capacity + feed->memory : 0;
}
