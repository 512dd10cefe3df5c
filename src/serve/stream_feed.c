#include "serve/stream_feed.h"

#include <stdlib.h>

#include "base/clock.h"
#include "store/wake.h"

/* ---- the feed ---- */

struct stream_feed *stream_feed_new(const struct exchange *exchange, const struct feed_place *place)
{
	struct str tenant = exchange->request.principal.tenant;
	struct stream_feed *feed = malloc(sizeof(*feed) + tenant.len);

	if (!feed)
		return NULL;
	*feed = (struct stream_feed){
		.tenant = { feed->bytes_of_tenant, tenant.len },
		.dialect = exchange->dialect,
		.route = exchange->route,
		.read = *place,
		.published = *place,
		.begin = place->number,
		.generation = 1,
		.source = store_feed_source(tenant),
		.more = true,
	};
	if (tenant.len > 0)
		memcpy(feed->bytes_of_tenant, tenant.ptr, tenant.len);
	TAILQ_INIT(&feed->current);
	return feed;
}

static struct stream_event **slot_of(struct stream_feed *feed, size_t index)
{
	return &feed->ring[(feed->first + index) % STREAM_RING];
}

static void forget_first(struct stream_feed *feed)
{
	struct stream_event *event = *slot_of(feed, 0);

	feed->begin = event->entry.number;
	feed->bytes -= event->size;
	feed->first = (feed->first + 1) % STREAM_RING;
	feed->count--;
	free(event);
}

void stream_feed_free(struct stream_feed *feed)
{
	while (feed->count > 0)
		forget_first(feed);
	free(feed->requests[0]);
	free(feed->requests[1]);
	arena_free(&feed->arena);
	buf_free(&feed->text);
	free(feed);
}

/* The texts are for several clients: what differs between their requests is left out. */
static struct request *request_new(const struct exchange *exchange)
{
	const struct request *from = &exchange->request;
	struct request *request = calloc(1, sizeof(*request));

	if (!request)
		return NULL;
	request->method = METHOD_GET;
	request->tz = from->tz;
	request->retention = from->retention;
	request->completes_tasks = from->completes_tasks;
	request->body_limit = from->body_limit;
	request->selected_fields = from->selected_fields;
	return request;
}

bool stream_feed_enter(
	struct stream_feed *feed, const struct stream *stream, const struct exchange *exchange)
{
	bool with_tasks = stream->with_tasks;

	if (!feed->requests[with_tasks])
		feed->requests[with_tasks] = request_new(exchange);
	if (!feed->requests[with_tasks])
		return false;
	if (feed->streams[with_tasks]++ == 0)
		feed->texts_begin[with_tasks] = feed->read.number;
	return true;
}

void stream_feed_leave(struct stream_feed *feed, const struct stream *stream)
{
	feed->streams[stream->with_tasks]--;
}

/* ---- texts ---- */

/* JSON has line ends only where white space is allowed. */
static void remove_line_ends(char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\n' || text[i] == '\r')
			text[i] = ' ';
	}
}

bool stream_feed_write(struct stream_feed *feed, uint64_t epoch, const struct feed_event *event,
	bool with_task, struct buf *out)
{
	struct request *request = feed->requests[with_task];
	struct feed_place place = { epoch, event->entry.number };
	char id[FEED_PLACE_SIZE];
	size_t start;
	bool ok;

	feed_place_format(&place, id);
	buf_puts(out, "id: ");
	buf_puts(out, id);
	buf_puts(out, "\ndata: ");
	start = out->len;
	request->arena = &feed->arena;
	ok = feed->route->encode_event(request, event, out) && buf_ok(out);
	arena_reset(&feed->arena);
	if (!ok)
		return false;
	remove_line_ends(out->data + start, out->len - start);
	buf_puts(out, "\n\n");
	return buf_ok(out);
}

/* ---- reading ---- */

static bool apply(struct stream_feed *feed, struct app *app, const struct op_feed *wanted,
	struct result *result, struct err *err)
{
	const struct op op = {
		.kind = OP_FEED,
		.dialect = feed->dialect->code,
		.arena = &feed->arena,
		.tenant = feed->tenant,
		.now = clock_wall_ms(),
		.tz = app->tz,
		.feed = wanted,
	};

	if (store_apply(app->store, &op, result, err))
		return true;
	app->lost |= err->code == ERR_PANIC;
	return false;
}

bool stream_feed_read_for(struct stream_feed *feed, struct app *app, const struct stream *stream,
	struct result *result, struct err *err)
{
	const struct op_feed wanted = {
		.start = FEED_FROM_PLACE,
		.after = stream->place,
		.filter = stream->filter,
		.limit = STREAM_READ_MAX,
		.with_tasks = stream->with_tasks,
	};

	return apply(feed, app, &wanted, result, err);
}

/* Borrows nothing from the answer. plain_len: of the text without the task, which is first. */
static struct stream_event *event_new(
	const struct journal_entry *entry, const struct buf *text, size_t plain_len)
{
	size_t size = sizeof(struct stream_event) + text->len + entry->kind.len;
	struct stream_event *event = malloc(size);
	char *kind;

	if (!event)
		return NULL;
	*event = (struct stream_event){
		.entry = { .number = entry->number,
			.id = entry->id,
			.dialect = entry->dialect,
			.event = entry->event,
			.from = entry->from,
			.to = entry->to },
		.size = size,
		.texts = { { event->bytes, plain_len },
			{ event->bytes + plain_len, text->len - plain_len } },
	};
	if (text->len > 0)
		memcpy(event->bytes, text->data, text->len);
	kind = event->bytes + text->len;
	if (entry->kind.len > 0)
		memcpy(kind, entry->kind.ptr, entry->kind.len);
	event->entry.kind = (struct str){ kind, entry->kind.len };
	return event;
}

static bool add_event(struct stream_feed *feed, uint64_t epoch, const struct feed_event *event)
{
	struct feed_event plain = { .entry = event->entry };
	struct stream_event *added;
	size_t plain_len;

	buf_reset(&feed->text);
	if (feed->streams[0] > 0 && !stream_feed_write(feed, epoch, &plain, false, &feed->text))
		return false;
	plain_len = feed->text.len;
	if (feed->streams[1] > 0 && !stream_feed_write(feed, epoch, event, true, &feed->text))
		return false;
	added = event_new(&event->entry, &feed->text, plain_len);
	if (!added)
		return false;
	if (feed->count == STREAM_RING)
		forget_first(feed);
	*slot_of(feed, feed->count++) = added;
	feed->bytes += added->size;
	feed->fresh++;
	return true;
}

/* Those that were added by a read that failed are read again. */
static void forget_fresh(struct stream_feed *feed)
{
	for (; feed->fresh > 0; feed->fresh--) {
		struct stream_event *last = *slot_of(feed, --feed->count);

		feed->bytes -= last->size;
		free(last);
	}
}

static void limit_ring(struct stream_feed *feed, size_t max, size_t max_bytes)
{
	while (feed->count > feed->fresh && (feed->count > max || feed->bytes > max_bytes))
		forget_first(feed);
}

/* The ring has a gap: all streams look for what they have missed. */
static void begin_again(struct stream_feed *feed, const struct feed_place *place)
{
	while (feed->count > 0)
		forget_first(feed);
	feed->begin = feed->texts_begin[0] = feed->texts_begin[1] = place->number;
	feed->fresh = 0;
	feed->generation++;
}

/* Whether the tenant has no events behind those of the last read. */
static bool is_quiet(const struct stream_feed *feed, const struct app *app)
{
	return !feed->more && store_wake_count(app->store, feed->source) == feed->counter_at_read;
}

bool stream_feed_has_news(const struct stream_feed *feed, const struct app *app)
{
	return feed->gone || !is_quiet(feed, app);
}

/* A quiet tenant has lost nothing: all that it has now comes behind what was read. */
static enum feed_start start_of(const struct stream_feed *feed, const struct app *app)
{
	if (!feed->gone)
		return FEED_FROM_PLACE;
	return is_quiet(feed, app) ? FEED_FROM_FIRST : FEED_FROM_NOW;
}

/* The counter is compared after the read: entries that it passed over have raised it before. */
static bool has_gap(const struct stream_feed *feed, const struct app *app,
	const struct op_feed *wanted, const struct feed_answer *answer)
{
	if (wanted->start == FEED_FROM_PLACE)
		return false;
	return wanted->start == FEED_FROM_NOW || answer->next.epoch != feed->read.epoch ||
	       !is_quiet(feed, app);
}

static void note_read(
	struct stream_feed *feed, const struct feed_answer *answer, bool gap, uint64_t counter)
{
	if (gap)
		begin_again(feed, &answer->next);
	feed->gone = false;
	feed->read = answer->next;
	feed->more = answer->more;
	feed->counter_at_read = counter;
}

bool stream_feed_read(
	struct stream_feed *feed, struct app *app, size_t max_bytes, bool *changed, struct err *err)
{
	const struct op_feed wanted = {
		.start = start_of(feed, app),
		.after = feed->read,
		.limit = STREAM_READ_MAX,
		.with_tasks = feed->streams[1] > 0,
	};
	uint64_t counter = store_wake_count(app->store, feed->source);
	struct result result = { 0 };
	const struct feed_answer *answer;
	bool ok = apply(feed, app, &wanted, &result, err);

	*changed = false;
	answer = result.feed;
	for (size_t i = 0; ok && i < answer->count; i++)
		ok = add_event(feed, answer->next.epoch, &answer->events[i]) || err_no_memory(err);
	if (ok) {
		*changed = answer->next.number != feed->read.number ||
			   answer->next.epoch != feed->read.epoch;
		note_read(feed, answer, has_gap(feed, app, &wanted, answer), counter);
		limit_ring(feed, STREAM_RING, max_bytes);
	} else {
		forget_fresh(feed);
		feed->gone |= err->code == ERR_GONE;
	}
	store_result_free(&result);
	return ok;
}

void stream_feed_publish(struct stream_feed *feed)
{
	feed->published = feed->read;
	feed->generation += feed->fresh > 0;
	feed->fresh = 0;
}

void stream_feed_trim(struct stream_feed *feed)
{
	limit_ring(feed, STREAM_KEEP, STREAM_KEEP_BYTES);
}

/* ---- streams ---- */

bool stream_feed_covers(const struct stream_feed *feed, const struct stream *stream)
{
	uint64_t number = stream->place.number;

	return stream->place.epoch == feed->published.epoch && number >= feed->begin &&
	       number >= feed->texts_begin[stream->with_tasks];
}

/* The index of the first event behind the place. Streams have got most of the ring. */
static size_t find(const struct stream_feed *feed, size_t published, uint64_t number)
{
	size_t index = published;

	while (index > 0 &&
		feed->ring[(feed->first + index - 1) % STREAM_RING]->entry.number > number)
		index--;
	return index;
}

size_t stream_feed_collect(const struct stream_feed *feed, const struct stream *stream,
	struct str *parts, struct feed_place *place, uint64_t *last_sent)
{
	size_t published = feed->count - feed->fresh, count = 0, bytes = 0;

	*place = stream->place;
	for (size_t i = find(feed, published, place->number); i < published; i++) {
		const struct stream_event *event = feed->ring[(feed->first + i) % STREAM_RING];
		struct str text = event->texts[stream->with_tasks];

		if (feed_filter_matches(&stream->filter, &event->entry)) {
			if (count == STREAM_PARTS ||
				(count > 0 && bytes + text.len > STREAM_SEND_BYTES))
				return count;
			parts[count++] = text;
			bytes += text.len;
			*last_sent = event->entry.number;
		}
		place->number = event->entry.number;
	}
	if (feed->published.number > place->number)
		*place = feed->published;
	return count;
}
