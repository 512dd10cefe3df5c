/* The window of a webhook: order per task, times, room. */
#include "lib/check.h"
#include "notify/queue.h"
#include "notify/schedule.h"

#define NOW 0

static bool add(struct queue *queue, uint64_t number, uint8_t task, int64_t next)
{
	struct delivery delivery = { .number = number, .entry.id.bytes = { task } };

	if (next > 0)
		delivery.next = optional_time(next);
	return queue_add(queue, &delivery, NOW);
}

static uint64_t next_number(struct queue *queue, int64_t now)
{
	struct queue_item *item = queue_next(queue, now, QUEUE_FIRST);

	return item ? item->number : 0;
}

static uint64_t begin(struct queue *queue, int64_t now)
{
	struct queue_item *item = queue_next(queue, now, QUEUE_FIRST);

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
	queue_retry(&queue, 1, 1, 500);
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
	queue_add(&queue, &test, NOW);
	test.number = 3;
	queue_add(&queue, &test, NOW);
	item = queue_next(&queue, 0, QUEUE_FIRST_TEST);
	assert_non_null(item);
	assert_int_equal(item->number, 2);
	queue_begin(&queue, item);
	assert_int_equal(queue_next(&queue, 0, QUEUE_FIRST_TEST)->number, 3);
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
	assert_false(add(&queue, 11 + QUEUE_MAX, 1, 0));
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

/* They are more than are read together. */
static void deliveries_that_wait_keep_out_no_later_ones(void **state)
{
	struct queue queue = { 0 };
	uint64_t number = 1;

	(void)state;
	for (size_t wanted; (wanted = queue_wants(&queue)) > 0;) {
		for (; wanted > 0 && number < QUEUE_MAX; wanted--, number++)
			assert_true(add(&queue, number, (uint8_t)(number % 100), 5000));
		queue_was_filled(&queue, wanted > 0);
	}
	assert_int_equal(queue.count, QUEUE_MAX - 1);
	assert_true(queue.is_complete);
	queue.is_complete = false;
	assert_int_equal(queue_wants(&queue), QUEUE_FILL);
	assert_true(add(&queue, number, 100, 0));
	queue_was_filled(&queue, true);
	assert_int_equal(queue_wants(&queue), 0);
	assert_int_equal(next_number(&queue, 4999), number);
	assert_int_equal(queue_due(&queue), 0);
	queue_remove(&queue, number);
	assert_int_equal(next_number(&queue, 4999), 0);
	assert_int_equal(queue_wants(&queue), QUEUE_FILL);
	queue_free(&queue);
}

/* A number below those that were read may be pending again. */
static void a_round_of_reading_ends_before_the_next(void **state)
{
	struct queue queue = { 0 };

	(void)state;
	add(&queue, 10, 1, 0);
	queue_was_filled(&queue, false);
	queue_reread(&queue);
	assert_int_equal(queue.after, 10);
	add(&queue, 20, 2, 0);
	queue_was_filled(&queue, true);
	assert_int_equal(queue.after, 0);
	assert_int_equal(queue_wants(&queue), QUEUE_FILL);
	add(&queue, 5, 1, 0);
	queue_was_filled(&queue, true);
	assert_int_equal(queue_wants(&queue), 0);
	queue_reread(&queue);
	assert_int_equal(queue.after, 0);
	queue_free(&queue);
}

static void deliveries_with_fewer_attempts_are_tried_before(void **state)
{
	struct queue queue = { 0 };

	(void)state;
	for (uint64_t number = 1; number <= 4; number++)
		add(&queue, number, (uint8_t)number, 0);
	for (uint64_t number = 1; number <= 3; number++) {
		assert_int_equal(queue_next(&queue, 0, QUEUE_LEAST)->number, number);
		queue_begin(&queue, queue_next(&queue, 0, QUEUE_LEAST));
		queue_retry(&queue, number, number == 1 ? 2 : 1, 100);
	}
	assert_int_equal(queue_next(&queue, 100, QUEUE_FIRST)->number, 1);
	assert_int_equal(queue_next(&queue, 100, QUEUE_LEAST)->number, 4);
	queue_remove(&queue, 4);
	assert_int_equal(queue_next(&queue, 100, QUEUE_LEAST)->number, 2);
	queue_put_back(&queue, 2, 200);
	assert_int_equal(queue_next(&queue, 100, QUEUE_LEAST)->number, 3);
	queue_free(&queue);
}

static void a_clock_that_was_set_back_makes_no_longer_wait(void **state)
{
	struct queue queue = { 0 };

	(void)state;
	add(&queue, 1, 1, NOW + 10 * SCHEDULE_WAIT_MAX);
	add(&queue, 2, 2, NOW + SCHEDULE_WAIT_MAX - 1);
	assert_int_equal(queue.items[0].next, NOW + SCHEDULE_WAIT_MAX);
	assert_int_equal(queue.items[1].next, NOW + SCHEDULE_WAIT_MAX - 1);
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
				queue_retry(&queue, queue.items[at].number, 1, random >> 23 & 3);
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
		CHECK(deliveries_that_wait_keep_out_no_later_ones),
		CHECK(a_round_of_reading_ends_before_the_next),
		CHECK(deliveries_with_fewer_attempts_are_tried_before),
		CHECK(a_clock_that_was_set_back_makes_no_longer_wait),
		CHECK(order_holds_for_random_operations),
	};

	return CHECK_RUN(queues);
}
