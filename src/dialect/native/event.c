#include "dialect/native/event.h"

#include "base/date.h"
#include "dialect/native/query.h"

/* ---- members ---- */

static void put_state(struct buf *out, const char *name, enum task_state state)
{
	native_put_text(
		out, name, state == TASK_STATE_NONE ? STR_NULL : str_cstr(task_state_name(state)));
}

/* 0: null. */
static void put_number(struct buf *out, const char *name, uint64_t number)
{
	native_put_name(out, ",", name);
	if (number > 0)
		buf_put_number(out, (int64_t)number);
	else
		buf_puts(out, "null");
}

void native_put_entry(const struct journal_entry *entry, const char *state, struct buf *out)
{
	native_put_name(out, "", "event");
	buf_put_json_string(out, str_cstr(journal_event_name(entry->event)));
	native_put_name(out, ",", "at");
	buf_putc(out, '"');
	date_put(entry->at, out);
	buf_putc(out, '"');
	native_put_text(out, "by", entry->actor);
	native_put_text(out, "request_id", entry->request);
	put_state(out, "from", entry->from);
	put_state(out, state, entry->to);
	native_put_text(out, "status", entry->status);
	native_put_name(out, ",", "revision");
	buf_put_number(out, (int64_t)entry->revision);
	put_number(out, "attempt", entry->attempt);
	native_put_text(out, "worker", entry->worker);
	native_put_json(out, "error", entry->error);
	native_put_json(out, "log", entry->log);
}

void native_put_event_members(const struct journal_entry *entry, struct buf *out)
{
	const struct feed_place place = { entry->epoch, entry->number };
	const struct dialect *dialect = dialect_by_code(entry->dialect);
	char text[FEED_PLACE_SIZE], id[ID_TEXT_LEN + 1];

	feed_place_format(&place, text);
	id_format(&entry->id, id);
	native_put_name(out, "", "id");
	buf_put_json_string(out, str_cstr(text));
	native_put_text(out, "type", str_cstr(feed_type_name(feed_type_of(entry))));
	native_put_text(out, "task_id", str_cstr(id));
	native_put_text(out, "dialect", dialect ? str_cstr(dialect->name) : STR_NULL);
	native_put_text(out, "kind", entry->kind);
	put_number(out, "number", entry->task_number);
	buf_putc(out, ',');
	native_put_entry(entry, "state", out);
}

/* ---- responses ---- */

bool native_encode_event(
	const struct request *request, const struct feed_event *event, struct buf *out)
{
	buf_putc(out, '{');
	native_put_event_members(&event->entry, out);
	if (request->selected_fields & NATIVE_SELECT_TASK) {
		native_put_name(out, ",", "task");
		if (event->task)
			native_encode_row(request, event->task, out);
		else
			buf_puts(out, "null");
	}
	buf_putc(out, '}');
	return buf_ok(out);
}

bool native_encode_events(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	const struct feed_answer *feed = result->feed;
	struct buf *out = &response->body;
	char next[FEED_PLACE_SIZE];

	if (request->encoder_state)
		return response_finish(response, 200, "text/event-stream", err);
	buf_puts(out, "{\"items\":[");
	for (size_t i = 0; i < feed->count; i++) {
		if (i > 0)
			buf_putc(out, ',');
		native_encode_event(request, &feed->events[i], out);
	}
	feed_place_format(&feed->next, next);
	buf_puts(out, "],\"next\":");
	buf_put_json_string(out, str_cstr(next));
	buf_puts(out, feed->more ? ",\"more\":true}" : ",\"more\":false}");
	/* Behind the last event there is no page yet: the links would never end. */
	return native_add_links(request, NATIVE_EVENT_PLACE, feed->more ? str_cstr(next) : STR_NULL,
		       response, err) &&
	       response_finish(response, 200, NATIVE_MEDIA_TYPE, err);
}
