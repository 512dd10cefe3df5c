/* The request for events: GET /events. */
#include "dialect/native/event.h"
#include "dialect/native/query.h"

#define LIMIT_DEFAULT 100
#define WAIT_MAX      50 /* seconds */

const char *const native_events_params[] = { "after", "limit", "wait", "dialect", "kind", "state",
	"type", "id", "include", NULL };

/* What the parameters fill. */
struct wanted {
	struct op_feed *feed;
	struct str *kinds; /* room for FEED_VALUES_MAX, as the next one */
	struct id *ids;
};

/* ---- values ---- */

static bool set_after(const struct native_query *query, const struct native_param *given)
{
	const struct wanted *wanted = query->target;
	struct op_feed *feed = wanted->feed;

	if (str_eq(given->value, STR("first")))
		feed->start = FEED_FROM_FIRST;
	else if (str_eq(given->value, STR("now")))
		feed->start = FEED_FROM_NOW;
	else if (feed_place_parse(&feed->after, given->value))
		feed->start = FEED_FROM_PLACE;
	else
		return NATIVE_QUERY_ERROR(query, given->name,
			"after must be first, now, or the member next of a response.");
	return true;
}

/* A stream has no end, and so no use for some parameters of pages. */
static bool check_is_page(const struct native_query *query, const struct native_param *given)
{
	const struct wanted *wanted = query->target;

	return !wanted->feed->is_stream ||
	       NATIVE_QUERY_ERROR(query, given->name,
		       "A stream of events cannot have %.*s, only a page can.",
		       STR_ARGS(given->name));
}

static bool set_limit(const struct native_query *query, const struct native_param *given)
{
	const struct wanted *wanted = query->target;

	return check_is_page(query, given) &&
	       native_parse_limit(query, given, FEED_PAGE_MAX, &wanted->feed->limit);
}

static bool set_wait(const struct native_query *query, const struct native_param *given)
{
	uint64_t seconds;

	if (!check_is_page(query, given))
		return false;
	if (!str_to_u64(given->value, &seconds) || seconds > WAIT_MAX)
		return NATIVE_QUERY_ERROR(query, given->name,
			"wait must be a number of seconds from 0 to %d.", WAIT_MAX);
	query->op->wait_ms = (int64_t)seconds * 1000;
	return true;
}

static bool set_include(const struct native_query *query, const struct native_param *given)
{
	const struct wanted *wanted = query->target;

	if (!str_eq(given->value, STR("task")))
		return NATIVE_QUERY_ERROR(query, given->name, "include can only be task.");
	wanted->feed->with_tasks = true;
	return true;
}

static bool add_kind(const struct native_query *query, const struct native_param *given)
{
	const struct wanted *wanted = query->target;
	struct feed_filter *filter = &wanted->feed->filter;

	if (given->value.len > TASK_KIND_MAX)
		return NATIVE_QUERY_ERROR(
			query, given->name, "A kind has at most %d bytes.", TASK_KIND_MAX);
	if (filter->kind_count == FEED_VALUES_MAX)
		return NATIVE_QUERY_ERROR(
			query, given->name, "A query may have at most %d kinds.", FEED_VALUES_MAX);
	wanted->kinds[filter->kind_count++] = given->value;
	return true;
}

static bool add_states(const struct native_query *query, const struct native_param *given)
{
	const struct wanted *wanted = query->target;
	struct str rest = given->value;

	do {
		enum task_state state = task_state_parse(str_split_next(&rest, ','));

		if (state == TASK_STATE_NONE)
			return NATIVE_QUERY_ERROR(query, given->name,
				"state must be pending, running, succeeded, failed or cancelled.");
		wanted->feed->filter.states |= 1U << state;
	} while (rest.ptr);
	return true;
}

static bool add_types(const struct native_query *query, const struct native_param *given)
{
	const struct wanted *wanted = query->target;
	struct str rest = given->value;

	do {
		enum feed_type type = feed_type_by_name(str_split_next(&rest, ','));

		if (type == FEED_NONE)
			return NATIVE_QUERY_ERROR(
				query, given->name, "This is not a type of events.");
		wanted->feed->filter.types |= 1U << type;
	} while (rest.ptr);
	return true;
}

static bool add_ids(const struct native_query *query, const struct native_param *given)
{
	const struct wanted *wanted = query->target;
	struct feed_filter *filter = &wanted->feed->filter;
	struct str rest = given->value;

	do {
		if (filter->id_count == FEED_VALUES_MAX)
			return NATIVE_QUERY_ERROR(query, given->name,
				"A query may have at most %d ids.", FEED_VALUES_MAX);
		if (!id_parse(&wanted->ids[filter->id_count++], str_split_next(&rest, ',')))
			return NATIVE_QUERY_ERROR(
				query, given->name, "This is not the id of a task.");
	} while (rest.ptr);
	return true;
}

static const struct native_query_row rows[] = {
	{ NATIVE_EVENT_PLACE, NATIVE_ONCE, set_after, 0 },
	{ "limit", NATIVE_ONCE, set_limit, 0 },
	{ "wait", NATIVE_ONCE, set_wait, 0 },
	{ "include", NATIVE_ONCE, set_include, 0 },
	{ "dialect", NATIVE_TOGETHER, NULL, 0 }, /* native_take_dialects() */
	{ "kind", NATIVE_EACH, add_kind, 0 },
	{ "state", NATIVE_EACH, add_states, 0 },
	{ "type", NATIVE_EACH, add_types, 0 },
	{ "id", NATIVE_EACH, add_ids, 0 },
	{ 0 },
};

/* ---- the response's form ---- */

/*
 * A client that names both with the same weight gets a stream, because it would not name one
 * otherwise. A general client, which accepts anything, gets JSON.
 */
static bool choose_form(const struct request *request, struct op_feed *feed, struct err *err)
{
	bool named, json_named;
	unsigned json = request_accept_weight(request, "application", "json", &json_named);
	unsigned stream = request_accept_weight(request, "text", "event-stream", &named);

	feed->is_stream = stream > 0 && (json == 0 || (named && stream >= json));
	feed->start = feed->is_stream ? FEED_FROM_NOW : FEED_FROM_FIRST;
	return feed->is_stream || request_check_accepts_json(request, err);
}

/* A client that connects again repeats the address that it was given first. */
static bool take_last_event(const struct request *request, struct op_feed *feed, struct err *err)
{
	struct str id = request_cgi_param(request, "HTTP_LAST_EVENT_ID");

	if (!feed->is_stream || id.len == 0)
		return true;
	if (!feed_place_parse(&feed->after, id))
		return err_set(err, ERR_INVALID, "Last-Event-ID",
			"Last-Event-ID must be the id of an event.");
	feed->start = FEED_FROM_PLACE;
	return true;
}

bool native_decode_events(struct request *request, struct op *op, struct err *err)
{
	struct op_feed *feed = arena_alloc(request->arena, sizeof(*feed));
	struct wanted wanted = { .feed = feed,
		.kinds = arena_alloc(request->arena, FEED_VALUES_MAX * sizeof(struct str)),
		.ids = arena_alloc(request->arena, FEED_VALUES_MAX * sizeof(struct id)) };
	struct native_query query = { .request = request, .op = op, .target = &wanted, .err = err };

	if (!feed || !wanted.kinds || !wanted.ids)
		return err_no_memory(err);
	*feed = (struct op_feed){ .limit = LIMIT_DEFAULT,
		.filter = { .kinds = wanted.kinds, .ids = wanted.ids } };
	op->kind = OP_FEED;
	op->feed = feed;
	native_unwrap_arrays(request, rows);
	if (!choose_form(request, feed, err) ||
		(!feed->is_stream && !native_check_links(request, NATIVE_EVENT_PLACE, err)) ||
		!native_take_dialects(
			&query, &feed->filter.dialects, &feed->filter.dialect_count) ||
		!native_parse_params(&query, rows) || !take_last_event(request, feed, err))
		return false;
	request->selected_fields = feed->with_tasks ? NATIVE_SELECT_TASK : 0;
	request->encoder_state = feed->is_stream ? feed : NULL;
	return true;
}
