#include "notify/queue.h"

#include <stdlib.h>

#include "notify/schedule.h"

void queue_free(struct queue *queue)
{
	free(queue->items);
	*queue = (struct queue){ 0 };
}

/* The place of the first item with this number or a higher one. */
static size_t place_of(const struct queue *queue, uint64_t number)
{
	size_t low = 0, high = queue->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (queue->items[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct queue_item *find(struct queue *queue, uint64_t number)
{
	size_t at = place_of(queue, number);

	return at < queue->count && queue->items[at].number == number ? &queue->items[at] : NULL;
}

static bool is_same_task(const struct queue_item *a, const struct queue_item *b)
{
	return !a->test && !b->test && id_compare(&a->task, &b->task) == 0;
}

/* Only the first delivery of the task is not blocked. */
static void block(struct queue *queue, size_t at)
{
	struct queue_item *item = &queue->items[at];

	for (size_t i = 0; i < at && !item->blocked; i++)
		item->blocked = is_same_task(&queue->items[i], item);
	for (size_t i = at + 1; i < queue->count && !item->blocked; i++) {
		if (!is_same_task(&queue->items[i], item))
			continue;
		queue->items[i].blocked = true;
		return;
	}
}

static void remove_at(struct queue *queue, size_t at)
{
	struct queue_item removed = queue->items[at];

	queue->count--;
	memmove(&queue->items[at], &queue->items[at + 1],
		(queue->count - at) * sizeof(*queue->items));
	queue->due_known = false;
	for (size_t i = at; i < queue->count && !removed.blocked; i++) {
		if (is_same_task(&queue->items[i], &removed)) {
			queue->items[i].blocked = false;
			return;
		}
	}
}

static bool grow(struct queue *queue)
{
	size_t capacity = queue->capacity > 0 ? 2 * queue->capacity : 16;
	struct queue_item *items = realloc(queue->items, capacity * sizeof(*items));

	if (!items)
		return false;
	queue->items = items;
	queue->capacity = capacity;
	return true;
}

/* Makes room at the end, if an item behind `number` may leave. What left is read again. */
static bool make_room(struct queue *queue, uint64_t number)
{
	size_t last = queue->count;

	if (queue->count < QUEUE_MAX)
		return queue->count < queue->capacity || grow(queue);
	while (last > 0 && queue->items[last - 1].sending)
		last--;
	if (last == 0 || queue->items[last - 1].number < number)
		return false;
	remove_at(queue, last - 1);
	queue->after = queue->count > 0 ? queue->items[queue->count - 1].number : 0;
	queue->is_complete = false;
	return true;
}

static int64_t time_of(const struct delivery *delivery, int64_t now)
{
	int64_t next = optional_time_is_set(delivery->next) ? optional_time_ms(delivery->next) : 0;

	return next <= now + SCHEDULE_WAIT_MAX ? next : now + SCHEDULE_WAIT_MAX;
}

static uint8_t few(unsigned attempts)
{
	return (uint8_t)(attempts < UINT8_MAX ? attempts : UINT8_MAX);
}

bool queue_add(struct queue *queue, const struct delivery *delivery, int64_t now)
{
	struct queue_item *item = find(queue, delivery->number);
	size_t at;

	queue->due_known = false;
	if (item) {
		if (!item->sending) {
			item->next = time_of(delivery, now);
			item->attempts = few(delivery->attempts);
		}
	} else {
		if (!make_room(queue, delivery->number))
			return false;
		at = place_of(queue, delivery->number);
		memmove(&queue->items[at + 1], &queue->items[at],
			(queue->count - at) * sizeof(*queue->items));
		queue->items[at] = (struct queue_item){ .number = delivery->number,
			.task = delivery->entry.id,
			.next = time_of(delivery, now),
			.attempts = few(delivery->attempts),
			.test = delivery->test };
		queue->count++;
		if (!delivery->test)
			block(queue, at);
	}
	if (delivery->number > queue->after)
		queue->after = delivery->number;
	return true;
}

/* All that has room was read: those behind the last one wait in the store. */
static bool has_ended(const struct queue *queue)
{
	return queue->is_complete ||
	       (queue->count >= QUEUE_MAX && queue->after >= queue->items[queue->count - 1].number);
}

size_t queue_wants(const struct queue *queue)
{
	return has_ended(queue) ? 0 : QUEUE_FILL;
}

void queue_was_filled(struct queue *queue, bool is_last)
{
	queue->is_complete = is_last && queue->count < QUEUE_MAX;
	if (!queue->again || !has_ended(queue))
		return;
	queue->again = false;
	queue_reread(queue);
}

/* What is being read is read to the end, although changes may ask for it again and again. */
void queue_reread(struct queue *queue)
{
	if (!has_ended(queue) && queue->after > 0) {
		queue->again = true;
		return;
	}
	queue->after = 0;
	queue->is_complete = false;
}

static bool may_be_sent(const struct queue_item *item, int64_t now)
{
	return !item->sending && !item->blocked && item->next <= now;
}

struct queue_item *queue_next(struct queue *queue, int64_t now, enum queue_choice choice)
{
	struct queue_item *found = NULL;

	for (size_t i = 0; i < queue->count; i++) {
		struct queue_item *item = &queue->items[i];

		if (!may_be_sent(item, now) || (choice == QUEUE_FIRST_TEST && !item->test))
			continue;
		if (!found || item->attempts < found->attempts)
			found = item;
		if (choice != QUEUE_LEAST || found->attempts == 0)
			return found;
	}
	return found;
}

void queue_begin(struct queue *queue, struct queue_item *item)
{
	item->sending = true;
	queue->due_known = false;
}

void queue_put_back(struct queue *queue, uint64_t number, int64_t next)
{
	struct queue_item *item = find(queue, number);

	if (!item)
		return;
	item->sending = false;
	item->next = next;
	queue->due_known = false;
}

void queue_retry(struct queue *queue, uint64_t number, unsigned attempts, int64_t next)
{
	struct queue_item *item = find(queue, number);

	if (item)
		item->attempts = few(attempts);
	queue_put_back(queue, number, next);
}

void queue_remove(struct queue *queue, uint64_t number)
{
	struct queue_item *item = find(queue, number);

	if (item)
		remove_at(queue, (size_t)(item - queue->items));
}

int64_t queue_due(struct queue *queue)
{
	if (queue->due_known)
		return queue->due;
	queue->due = INT64_MAX;
	for (size_t i = 0; i < queue->count; i++) {
		const struct queue_item *item = &queue->items[i];

		if (!item->sending && !item->blocked && item->next < queue->due)
			queue->due = item->next;
	}
	queue->due_known = true;
	return queue->due;
}
