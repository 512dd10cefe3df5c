#include "serve/waiting_feed.h"

#include "store/wake.h"

/* Each request has a line of its own, because an event is news for all of them. */
bool waiting_for_events(
	struct app *app, struct exchange *exchange, const struct op *op, struct err *err)
{
	struct exchange_wait *wait = &exchange->wait;
	struct op_feed query = *op->feed;
	struct op attempt = *op;
	const struct feed_answer *answer;

	waiting_begin(app, exchange, op, wait->resumed ? wait->line : ++app->waits,
		store_feed_source(op->tenant));
	wait->of_task = true;
	if (wait->resumed) {
		query.start = FEED_FROM_PLACE;
		query.after = wait->place;
	}
	attempt.feed = &query;
	if (!store_apply(app->store, &attempt, &exchange->result, err))
		return false;
	answer = exchange->result.feed;
	wait->place = answer->next;
	wait->unmet = answer->count == 0 && !answer->more;
	return true;
}
