#include "store/metrics.h"

#include "store/internal.h"

#define NO_TIME (-1)

/* An event of the transaction, in store->noted_events. */
struct noted_event {
	uint8_t dialect, event, ended; /* enum task_state; TASK_STATE_NONE: the task goes on */
	int64_t wait_ms, run_ms;       /* NO_TIME: none */
};

void metrics_reset(struct store *store)
{
	buf_reset(&store->noted_events);
}

void metrics_note(struct store *store, enum journal_event event, const struct task *old,
	const struct task *task)
{
	struct noted_event noted = { .dialect = task->dialect,
		.event = (uint8_t)event,
		.wait_ms = NO_TIME,
		.run_ms = NO_TIME };
	bool was_final = old && task_state_is_final(old->state);

	if (task->dialect >= METRICS_DIALECTS)
		return;
	if (event == JOURNAL_CLAIMED && old && old->state == TASK_PENDING)
		noted.wait_ms = task->updated - old->updated;
	if (event != JOURNAL_REMOVED && event != JOURNAL_IMPORTED && !was_final &&
		task_state_is_final(task->state)) {
		noted.ended = (uint8_t)task->state;
		if (optional_time_is_set(task->started) && optional_time_is_set(task->finished))
			noted.run_ms = optional_time_ms(task->finished) -
				       optional_time_ms(task->started);
	}
	buf_put(&store->noted_events, &noted, sizeof(noted));
}

static void add_time(struct histogram *histogram, int64_t ms)
{
	if (ms != NO_TIME)
		histogram_add(histogram, histogram_slow, ms * 1000);
}

static void add(struct store *store, uint64_t commits, const struct buf *noted)
{
	struct store_metrics *metrics = &store->shared->metrics;

	atomic_fetch_add_explicit(&metrics->commits, commits, memory_order_relaxed);
	for (size_t at = 0; at + sizeof(struct noted_event) <= noted->len;
		at += sizeof(struct noted_event)) {
		struct noted_event event;
		struct task_metrics *tasks;

		memcpy(&event, noted->data + at, sizeof(event));
		tasks = &metrics->tasks[event.dialect];
		atomic_fetch_add_explicit(&tasks->events[event.event], 1, memory_order_relaxed);
		if (event.ended != TASK_STATE_NONE)
			atomic_fetch_add_explicit(
				&tasks->ended[event.ended], 1, memory_order_relaxed);
		add_time(&tasks->waits, event.wait_ms);
		add_time(&tasks->runs, event.run_ms);
	}
}

void metrics_raise(struct store *store)
{
	if (!store_has_rounds(store)) {
		add(store, 1, &store->noted_events);
		return;
	}
	store->round_commits++;
	buf_put_str(&store->round_events, buf_str(&store->noted_events));
}

void metrics_end_round(struct store *store, bool was_made)
{
	if (was_made)
		add(store, store->round_commits, &store->round_events);
	store->round_commits = 0;
	buf_reset(&store->round_events);
}
