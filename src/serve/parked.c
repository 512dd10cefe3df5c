#include "serve/parked.h"

#include <stdlib.h>

void parked_init(struct parked *parked, const _Atomic uint64_t *counters, int64_t now_ms)
{
	parked->counters = counters;
	parked->slot = now_ms / PARKED_SLOT_MS;
	TAILQ_INIT(&parked->oldest);
	for (size_t i = 0; i < PARKED_SLOTS; i++)
		TAILQ_INIT(&parked->slots[i]);
}

/* ---- lines ---- */

static struct wait_line_list *bucket_of(struct parked *parked, uint64_t key)
{
	return &parked->buckets[key % PARKED_BUCKETS];
}

static struct parked_source *source_of(struct parked *parked, unsigned number)
{
	struct parked_source *source = parked->sources[number];

	if (source)
		return source;
	source = calloc(1, sizeof(*source));
	if (!source)
		return NULL;
	source->number = number;
	parked->sources[number] = source;
	LIST_INSERT_HEAD(&parked->with_lines, source, sources);
	return source;
}

static void free_source_if_empty(struct parked *parked, struct parked_source *source)
{
	if (!LIST_EMPTY(&source->lines))
		return;
	LIST_REMOVE(source, sources);
	parked->sources[source->number] = NULL;
	free(source);
}

static struct wait_line *line_of(struct parked *parked, uint64_t key, unsigned number)
{
	struct wait_line *line = LIST_FIRST(bucket_of(parked, key));
	struct parked_source *source;

	while (line && (line->key != key || line->source->number != number))
		line = LIST_NEXT(line, bucket);
	if (line)
		return line;
	source = source_of(parked, number);
	if (!source)
		return NULL;
	line = malloc(sizeof(*line));
	if (!line) {
		free_source_if_empty(parked, source);
		return NULL;
	}
	*line = (struct wait_line){ .key = key, .source = source };
	TAILQ_INIT(&line->waiters);
	LIST_INSERT_HEAD(bucket_of(parked, key), line, bucket);
	LIST_INSERT_HEAD(&source->lines, line, lines);
	return line;
}

static void free_if_empty(struct parked *parked, struct wait_line *line)
{
	if (line->trying || !TAILQ_EMPTY(&line->waiters))
		return;
	LIST_REMOVE(line, bucket);
	LIST_REMOVE(line, lines);
	free_source_if_empty(parked, line->source);
	free(line);
}

/* ---- waiters ---- */

static struct waiter_list *slot_of(struct parked *parked, const struct waiter *waiter)
{
	int64_t slot = waiter->until_ms / PARKED_SLOT_MS;

	/* The time may be over already. */
	if (slot < parked->slot)
		slot = parked->slot;
	return &parked->slots[slot % PARKED_SLOTS];
}

/* Takes a parked waiter out of all lists but its line's, and counts it. */
static void unpark(struct parked *parked, struct waiter *waiter)
{
	TAILQ_REMOVE(&waiter->line->waiters, waiter, place);
	TAILQ_REMOVE(waiter->slot, waiter, due);
	TAILQ_REMOVE(&parked->oldest, waiter, age);
	parked->count--;
}

bool parked_add(
	struct parked *parked, struct waiter *waiter, uint64_t key, unsigned source, uint64_t seen)
{
	struct wait_line *line = waiter->line ? waiter->line : line_of(parked, key, source);

	if (!line)
		return false;
	if (waiter->trying) {
		line->trying = NULL;
		TAILQ_INSERT_HEAD(&line->waiters, waiter, place);
	} else {
		TAILQ_INSERT_TAIL(&line->waiters, waiter, place);
	}
	waiter->trying = false;
	waiter->line = line;
	waiter->slot = slot_of(parked, waiter);
	TAILQ_INSERT_TAIL(waiter->slot, waiter, due);
	TAILQ_INSERT_TAIL(&parked->oldest, waiter, age);
	parked->count++;
	line->seen = seen;
	if (atomic_load(&parked->counters[source]) != seen)
		line->source->changed = true;
	return true;
}

static struct waiter *try_next(struct parked *parked, struct wait_line *line)
{
	struct waiter *next = TAILQ_FIRST(&line->waiters);

	if (!next)
		return NULL;
	unpark(parked, next);
	next->trying = true;
	line->trying = next;
	return next;
}

struct waiter *parked_leave(struct parked *parked, struct waiter *waiter)
{
	struct wait_line *line = waiter->line;
	struct waiter *next = NULL;

	if (!line)
		return NULL;
	if (waiter->trying) {
		line->trying = NULL;
		next = try_next(parked, line);
	} else {
		unpark(parked, waiter);
	}
	waiter->trying = false;
	waiter->line = NULL;
	free_if_empty(parked, line);
	return next;
}

struct waiter *parked_change_line(struct parked *parked, struct waiter *waiter, uint64_t key)
{
	return waiter->line && waiter->line->key != key ? parked_leave(parked, waiter) : NULL;
}

void parked_give_up(struct parked *parked, struct waiter *waiter)
{
	struct wait_line *line = waiter->line;

	if (!line || !waiter->trying)
		return;
	/* The counter may have changed while it tried. */
	line->source->changed = true;
	waiter->trying = false;
	waiter->line = NULL;
	line->trying = NULL;
	free_if_empty(parked, line);
}

/* ---- events ---- */

static void wake_source(struct parked *parked, struct parked_source *source,
	void (*take)(struct waiter *waiter, void *data), void *data)
{
	uint64_t value = atomic_load(&parked->counters[source->number]);
	struct wait_line *next;

	if (!source->changed && value == source->checked)
		return;
	source->changed = false;
	source->checked = value;
	for (struct wait_line *line = LIST_FIRST(&source->lines); line; line = next) {
		next = LIST_NEXT(line, lines);
		if (line->seen != value && !line->trying)
			take(try_next(parked, line), data);
	}
}

void parked_wake(struct parked *parked, void (*take)(struct waiter *waiter, void *data), void *data)
{
	struct parked_source *source = LIST_FIRST(&parked->with_lines);

	for (; source; source = LIST_NEXT(source, sources))
		wake_source(parked, source, take, data);
}

static struct waiter *take_out(struct parked *parked, struct waiter *waiter)
{
	if (waiter)
		parked_leave(parked, waiter);
	return waiter;
}

/* Looks at slots that are over. They may have deadlines of the wheel's next revolutions, too. */
struct waiter *parked_take_due(struct parked *parked, int64_t now_ms)
{
	for (; parked->slot < now_ms / PARKED_SLOT_MS; parked->slot++) {
		struct waiter *waiter = TAILQ_FIRST(&parked->slots[parked->slot % PARKED_SLOTS]);

		while (waiter && waiter->until_ms > now_ms)
			waiter = TAILQ_NEXT(waiter, due);
		if (waiter)
			return take_out(parked, waiter);
	}
	return NULL;
}

struct waiter *parked_take_oldest(struct parked *parked)
{
	return take_out(parked, TAILQ_FIRST(&parked->oldest));
}

void parked_end(struct parked *parked, bool (*ends)(const struct waiter *waiter, void *data),
	void (*take)(struct waiter *waiter, void *data), void *data)
{
	struct waiter *next;

	for (struct waiter *waiter = TAILQ_FIRST(&parked->oldest); waiter; waiter = next) {
		next = TAILQ_NEXT(waiter, age);
		if (ends(waiter, data))
			take(take_out(parked, waiter), data);
	}
}
