/* The window of a webhook: order per task, times, room. */
#include "lib/check.h"
#include "notify/queue.h"

static bool add(struct queue *queue, uint64_t number, uint8_t task, int64_t next)
{
	struct delivery delivery = { .number = number, .entry.id.bytes = { task } };

	if (next > 0)
		delivery.next = optional_time(next);
	return queue_add(queue, &delivery);
}

static uint64_t next_number(struct queue *queue, int64_t now)
{
	struct queue_item *item = queue_next(queue, now, false);

	return item ? item->number : 0;
}

static uint64_t begin(struct queue *queue, int64_t now)
{
	struct queue_item *item = queue_next(queue, now, false);

	if (!item)
		return 0;
	queue_begin(queue, item);
	return item->number;
}

static void deliveries_of_a_task_are_sent_in_order(void **state)
{
	struct queue queue = { 0 };

	(void)state;
	add(&queue, 1, 7, 0);
	add(&queue, 2, 7, 0);
	add(&queue, 3, 8, 0);
	add(&queue, 4, 7, 0);
	assert_int_equal(begin(&queue, 0), 1);
	assert_int_equal(begin(&queue, 0), 3);
	assert_int_equal(begin(&queue, 0), 0);
	queue_remove(&queue, 3);
	assert_int_equal(begin(&queue, 0), 0);
	queue_retry(&queue, 1, 500);
	assert_int_equal(begin(&queue, 499), 0);
	assert_int_equal(queue_due(&queue), 500);
	assert_int_equal(begin(&queue, 500), 1);
	assert_true(queue_due(&queue) == INT64_MAX);
	queue_remove(&queue, 1);
	assert_int_equal(begin(&queue, 0), 2);
	queue_remove(&queue, 2);
	assert_int_equal(begin(&queue, 0), 4);
	queue_remove(&queue, 4);
	assert_int_equal(queue.count, 0);
	queue_free(&queue);
}

static void an_earlier_delivery_that_is_added_later_comes_first(void **state)
{
	struct queue queue = { 0 };

	(void)state;
	add(&queue, 5, 7, 0);
	add(&queue, 2, 7, 0);
	assert_int_equal(begin(&queue, 0), 2);
	assert_int_equal(begin(&queue, 0), 0);
	queue_remove(&queue, 2);
	assert_int_equal(begin(&queue, 0), 5);
	queue_free(&queue);
}

static void tests_wait_for_nothing(void **state)
{
	struct delivery test = { .number = 2, .test = true };
	struct queue queue = { 0 };
	struct queue_item *item;

	(void)state;
	add(&queue, 1, 0, 0);
	queue_add(&queue, &test);
	test.number = 3;
	queue_add(&queue, &test);
	item = queue_next(&queue, 0, true);
	assert_non_null(item);
	assert_int_equal(item->number, 2);
	queue_begin(&queue, item);
	assert_int_equal(queue_next(&queue, 0, true)->number, 3);
	assert_int_equal(next_number(&queue, 0), 1);
	queue_free(&queue);
}

static void a_delivery_is_once_in_the_window(void **state)
{
	struct queue queue = { 0 };

	(void)state;
	add(&queue, 1, 7, 900);
	add(&queue, 1, 7, 300);
	assert_int_equal(queue.count, 1);
	assert_int_equal(queue_due(&queue), 300);
	assert_int_equal(begin(&queue, 300), 1);
	add(&queue, 1, 7, 0);
	assert_int_equal(queue.count, 1);
	assert_int_equal(begin(&queue, 300), 0);
	queue_free(&queue);
}

static void the_window_has_the_first_deliveries(void **state)
{
	struct queue queue = { 0 };

	(void)state;
	for (uint64_t number = 11; number < 11 + QUEUE_MAX; number++)
		assert_true(add(&queue, number, (uint8_t)number, 0));
	assert_int_equal(queue.after, 10 + QUEUE_MAX);
	assert_false(add(&queue, 9999, 1, 0));
	assert_int_equal(queue.count, QUEUE_MAX);
	assert_int_equal(queue.after, 10 + QUEUE_MAX);
	queue.is_complete = true;
	assert_true(add(&queue, 3, 1, 0));
	assert_int_equal(queue.count, QUEUE_MAX);
	assert_int_equal(next_number(&queue, 0), 3);
	assert_false(queue.is_complete);
	assert_int_equal(queue.after, 9 + QUEUE_MAX);
	queue_free(&queue);
}

/* Random operations, compared with a plain statement of the rules. */
static void order_holds_for_random_operations(void **state)
{
	struct queue queue = { 0 };
	uint64_t number = 1;
	unsigned random = 1;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		random = random * 1103515245 + 12345;
		if (random >> 16 & 1 && queue.count < 40) {
			number += 1 + (random >> 17 & 3);
			add(&queue, number, random >> 20 & 7, random >> 23 & 3);
		} else if (queue.count > 0) {
			size_t at = (random >> 17) % queue.count;

			if (random >> 29 & 1 || !queue.items[at].sending)
				queue_remove(&queue, queue.items[at].number);
			else
				queue_retry(&queue, queue.items[at].number, random >> 23 & 3);
		}
		for (size_t at = 0; at < queue.count; at++) {
			bool earlier = false;

			assert_true(at == 0 || queue.items[at - 1].number < queue.items[at].number);
			for (size_t k = 0; k < at; k++)
				earlier = earlier || id_compare(&queue.items[k].task,
							     &queue.items[at].task) == 0;
			assert_int_equal(queue.items[at].blocked, earlier);
		}
		if (random >> 30 & 1)
			begin(&queue, 2);
	}
	queue_free(&queue);
}

int main(void)
{
	const struct CMUnitTest queues[] = {
		CHECK(deliveries_of_a_task_are_sent_in_order),
		CHECK(an_earlier_delivery_that_is_added_later_comes_first),
		CHECK(tests_wait_for_nothing),
		CHECK(a_delivery_is_once_in_the_window),
		CHECK(the_window_has_the_first_deliveries),
		CHECK(order_holds_for_random_operations),
	};

	return CHECK_RUN(queues);
}
