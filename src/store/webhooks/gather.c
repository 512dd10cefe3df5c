#include "base/clock.h"
#include "base/log.h"
#include "store/journal/journal.h"
#include "store/webhooks/webhooks.h"

/* Deliveries of one transaction: the row of the webhook is locked meanwhile. */
#define BATCH	100
#define WARN_MS 3600000
/*
 * The place moves with the commits of all tenants. One that has moved without a delivery is written
 * when so many entries would be read again, when it has that age, or before the journal's end comes
 * near: a webhook that waits costs no transactions.
 */
#define READ_AGAIN_MAX 64
#define PLACE_MS       60000
#define PLACE_PART     16 /* of journal_entries */

/*
 * The feed is read before the transaction that writes the deliveries. This compares the place in
 * the webhook's row with the one from which the feed was read: so no event is gathered twice.
 */
struct gather {
	const struct webhook *webhook;
	outbox_encode_body *encode;
	int64_t now;
	struct outbox outbox;	 /* before */
	struct outbox room;	 /* counts what was read, too */
	struct feed_place place; /* after */
	struct buf records, body;
	size_t ends[BATCH];
	size_t count;
	unsigned scanned; /* entries */
	bool found;	  /* the webhook's row in the outbox; else it was lost */
	bool missed;	  /* the journal does not have all events behind the place */
	bool more;	  /* there are more events than were read */
	bool stale;	  /* the webhook has changed: its new form is gathered for */
	bool warns;
};

/* ---- read ---- */

static struct op feed_op(
	const struct op_feed *query, struct str tenant, struct arena *arena, int64_t now)
{
	return (struct op){
		.kind = OP_FEED, .tenant = tenant, .feed = query, .arena = arena, .now = now
	};
}

bool webhook_find_now(
	struct store *store, struct str tenant, struct feed_place *now, struct err *err)
{
	const struct op_feed query = { .start = FEED_FROM_NOW, .limit = 1 };
	struct arena arena = { 0 };
	struct op op = feed_op(&query, tenant, &arena, 0);
	struct result result = { 0 };
	bool ok = journal_feed(store, &op, &result, err);

	if (ok)
		*now = journal_place_to_keep(store, result.feed->next);
	journal_feed_free(result.feed);
	arena_free(&arena);
	return ok;
}

static int step_read_row(struct store *store, void *data, struct err *err)
{
	struct gather *gather = data;

	(void)err;
	return outbox_get(store, &gather->webhook->id, false, &gather->outbox, &gather->found);
}

static bool add(struct gather *gather, const struct feed_event *event, struct err *err)
{
	struct delivery delivery = {
		.state = DELIVERY_PENDING, .entry = event->entry, .created = gather->now
	};

	buf_reset(&gather->body);
	gather->encode(gather->webhook, &event->entry, event->task, &gather->body);
	delivery.body = buf_str(&gather->body);
	if (event->task)
		delivery.trace = event->task->trace;
	if (delivery.body.len > 0 && buf_ok(&gather->body)) {
		delivery_encode(&delivery, &gather->records);
		gather->ends[gather->count++] = gather->records.len;
		gather->room.state.pending++;
		gather->room.pending_bytes += delivery.body.len;
	}
	gather->place.number = event->entry.number;
	return (buf_ok(&gather->body) && buf_ok(&gather->records)) || err_no_memory(err);
}

/* Events for which there is no room are read again later. */
static bool add_events(const struct store *store, struct gather *gather,
	const struct feed_answer *answer, struct err *err)
{
	const struct feed_place next = journal_place_to_keep(store, answer->next);
	size_t i = 0;

	gather->place.epoch = next.epoch;
	gather->scanned = answer->scanned;
	for (; i < answer->count && outbox_has_room(&gather->room, WEBHOOK_BODY_MAX); i++) {
		if (!add(gather, &answer->events[i], err))
			return false;
	}
	if (i == answer->count)
		gather->place = next;
	gather->more = (i < answer->count || answer->more) &&
		       outbox_has_room(&gather->room, WEBHOOK_BODY_MAX);
	return true;
}

static bool read_feed(
	struct store *store, struct gather *gather, enum feed_start start, struct err *err)
{
	const struct op_feed query = { .start = start,
		.after = journal_kept_place(store, gather->outbox.state.place),
		.filter = gather->webhook->filter,
		.limit = BATCH,
		.with_tasks = true };
	struct arena arena = { 0 };
	struct op op = feed_op(&query, gather->webhook->tenant, &arena, gather->now);
	struct result result = { 0 };
	bool ok = journal_feed(store, &op, &result, err) &&
		  add_events(store, gather, result.feed, err);

	journal_feed_free(result.feed);
	arena_free(&arena);
	return ok;
}

/* A row that was lost is made again, with the place of now and without events. */
static bool read(struct store *store, struct gather *gather, struct err *err)
{
	struct feed_place now;

	if (!step_run(store, ENGINE_READ, step_read_row, gather, err))
		return false;
	if (!gather->found) {
		if (!webhook_find_now(store, gather->webhook->tenant, &now, err))
			return false;
		gather->outbox = outbox_begin(&now);
	}
	gather->room = gather->outbox;
	gather->place = gather->outbox.state.place;
	if (!gather->found || !outbox_has_room(&gather->room, WEBHOOK_BODY_MAX) ||
		read_feed(store, gather, FEED_FROM_PLACE, err))
		return true;
	gather->missed = err->code == ERR_GONE;
	return gather->missed && read_feed(store, gather, FEED_FROM_FIRST, err);
}

/* ---- write ---- */

static int check_webhook(struct store *store, struct gather *gather)
{
	const struct webhook *webhook = gather->webhook;
	struct arena arena = { 0 };
	struct webhook stored;
	int rc = webhook_get(store, webhook->tenant, &webhook->id, true, &arena, &stored);

	gather->stale = rc == ENGINE_NOT_FOUND || (rc == 0 && stored.revision != webhook->revision);
	arena_free(&arena);
	return rc == ENGINE_NOT_FOUND ? 0 : rc;
}

static int write_delivery(
	struct store *store, const struct gather *gather, struct outbox *outbox, size_t i)
{
	size_t start = i > 0 ? gather->ends[i - 1] : 0;
	struct str record = { gather->records.data + start, gather->ends[i] - start };
	struct delivery delivery = { .webhook = gather->webhook->id,
		.number = outbox_next_number(outbox, gather->now) };

	return delivery_decode(&delivery, record) ? delivery_save(store, outbox, NULL, &delivery)
						  : ENGINE_NO_MEMORY;
}

static void note_missed(struct gather *gather, struct outbox *outbox)
{
	outbox->state.missed = true;
	gather->warns = gather->now - outbox->warned >= WARN_MS || gather->now < outbox->warned;
	if (gather->warns)
		outbox->warned = gather->now;
}

static bool is_same_place(const struct feed_place *a, const struct feed_place *b)
{
	return a->epoch == b->epoch && a->number == b->number;
}

static int step_write(struct store *store, void *data, struct err *err)
{
	struct gather *gather = data;
	struct outbox outbox;
	bool found;
	int rc = check_webhook(store, gather);

	(void)err;
	gather->warns = false;
	if (rc != 0 || gather->stale)
		return rc;
	rc = outbox_get(store, &gather->webhook->id, true, &outbox, &found);
	if (rc == 0 && !found)
		outbox = gather->outbox;
	gather->stale = rc == 0 && (found != gather->found || !is_same_place(&outbox.state.place,
								      &gather->outbox.state.place));
	if (rc != 0 || gather->stale)
		return rc;
	if (gather->missed || !found)
		note_missed(gather, &outbox);
	for (size_t i = 0; rc == 0 && i < gather->count; i++)
		rc = write_delivery(store, gather, &outbox, i);
	outbox.state.place = gather->place;
	outbox.placed = gather->now;
	return rc == 0 ? outbox_put(store, &gather->webhook->id, &outbox) : rc;
}

static bool write(struct store *store, struct gather *gather, struct err *err)
{
	char id[ID_TEXT_LEN + 1];
	bool ok;

	store->of_no_tenant = true;
	ok = step_run_write(store, gather->webhook->tenant, step_write, gather, err);
	store->of_no_tenant = false;
	id_format(&gather->webhook->id, id);
	if (ok && gather->warns)
		log_warn("webhook-missed",
			"events may have been lost before webhook %s of tenant %.*s was told of them",
			id, STR_ARGS(gather->webhook->tenant));
	return ok;
}

static bool has_to_write(const struct store *store, const struct gather *gather)
{
	const struct outbox *outbox = &gather->outbox;
	const struct feed_place *old = &outbox->state.place, *new = &gather->place;

	if (!gather->found || gather->missed || gather->count > 0)
		return true;
	if (is_same_place(old, new))
		return false;
	return gather->more || gather->scanned >= READ_AGAIN_MAX || old->epoch != new->epoch ||
	       new->number - old->number > store->journal_entries / PLACE_PART ||
	       gather->now - outbox->placed >= PLACE_MS || gather->now < outbox->placed;
}

static bool read_and_write(struct store *store, struct gather *gather, struct err *err)
{
	if (!read(store, gather, err))
		return false;
	return !has_to_write(store, gather) || write(store, gather, err);
}

/* Not while the disk is nearly full: the events stay in the journal. */
bool store_webhook_gather(struct store *store, const struct webhook *webhook,
	outbox_encode_body *encode, unsigned *added, bool *more, struct err *err)
{
	struct gather gather = { .webhook = webhook, .encode = encode, .now = clock_wall_ms() };
	bool ok;

	*added = 0;
	*more = false;
	if (atomic_load(&store->shared->read_only) || store->journal_entries == 0)
		return true;
	store_enter(store);
	ok = read_and_write(store, &gather, err);
	store_leave(store);
	if (ok && !gather.stale) {
		*added = (unsigned)gather.count;
		*more = gather.more;
	}
	buf_free(&gather.records);
	buf_free(&gather.body);
	return ok;
}
