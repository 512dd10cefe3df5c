/* The request for events: GET /events. */
#include "dialect/native/event.h"
#include "dialect/native/query.h"

#define LIMIT_DEFAULT 100
#define WAIT_MAX      50 /* seconds */

const char *const native_events_params[] = { "after", "limit", "wait", "dialect", "kind", "state",
	"type", "id", "include", NULL };

struct parser {
	struct native_query query;
	struct op_feed *feed;
	struct str *kinds; /* room for FEED_VALUES_MAX, as the next one */
	struct id *ids;
};

/* ---- values ---- */

static bool set_after(struct parser *parser, struct str text)
{
	struct op_feed *feed = parser->feed;

	if (str_eq(text, STR("first")))
		feed->start = FEED_FROM_FIRST;
	else if (str_eq(text, STR("now")))
		feed->start = FEED_FROM_NOW;
	else if (feed_place_parse(&feed->after, text))
		feed->start = FEED_FROM_PLACE;
	else
		return NATIVE_QUERY_ERROR(&parser->query, STR("after"),
			"after must be first, now, or the member next of a response.");
	return true;
}

static bool set_limit(struct parser *parser, struct str text)
{
	uint64_t limit;

	if (!str_to_u64(text, &limit) || limit < 1 || limit > FEED_PAGE_MAX)
		return NATIVE_QUERY_ERROR(&parser->query, STR("limit"),
			"limit must be a number from 1 to %d.", FEED_PAGE_MAX);
	parser->feed->limit = (unsigned)limit;
	return true;
}

static bool set_wait(struct parser *parser, struct str text)
{
	uint64_t seconds;

	if (!str_to_u64(text, &seconds) || seconds > WAIT_MAX)
		return NATIVE_QUERY_ERROR(&parser->query, STR("wait"),
			"wait must be a number of seconds from 0 to %d.", WAIT_MAX);
	parser->query.op->wait_ms = (int64_t)seconds * 1000;
	return true;
}

static bool set_include(struct parser *parser, struct str text)
{
	if (!str_eq(text, STR("task")))
		return NATIVE_QUERY_ERROR(
			&parser->query, STR("include"), "include can only be task.");
	parser->feed->with_tasks = true;
	return true;
}

static bool add_kind(struct parser *parser, struct str kind)
{
	struct feed_filter *filter = &parser->feed->filter;

	if (kind.len > TASK_KIND_MAX)
		return NATIVE_QUERY_ERROR(
			&parser->query, STR("kind"), "A kind has at most %d bytes.", TASK_KIND_MAX);
	if (filter->kind_count == FEED_VALUES_MAX)
		return NATIVE_QUERY_ERROR(&parser->query, STR("kind"),
			"A query may have at most %d kinds.", FEED_VALUES_MAX);
	parser->kinds[filter->kind_count++] = kind;
	return true;
}

static bool add_states(struct parser *parser, struct str rest)
{
	do {
		enum task_state state = task_state_parse(str_split_next(&rest, ','));

		if (state == TASK_STATE_NONE)
			return NATIVE_QUERY_ERROR(&parser->query, STR("state"),
				"state must be pending, running, succeeded, failed or cancelled.");
		parser->feed->filter.states |= 1U << state;
	} while (rest.ptr);
	return true;
}

static bool add_types(struct parser *parser, struct str rest)
{
	do {
		enum feed_type type = feed_type_by_name(str_split_next(&rest, ','));

		if (type == FEED_NONE)
			return NATIVE_QUERY_ERROR(
				&parser->query, STR("type"), "This is not a type of events.");
		parser->feed->filter.types |= 1U << type;
	} while (rest.ptr);
	return true;
}

static bool add_ids(struct parser *parser, struct str rest)
{
	struct feed_filter *filter = &parser->feed->filter;

	do {
		if (filter->id_count == FEED_VALUES_MAX)
			return NATIVE_QUERY_ERROR(&parser->query, STR("id"),
				"A query may have at most %d ids.", FEED_VALUES_MAX);
		if (!id_parse(&parser->ids[filter->id_count++], str_split_next(&rest, ',')))
			return NATIVE_QUERY_ERROR(
				&parser->query, STR("id"), "This is not the id of a task.");
	} while (rest.ptr);
	return true;
}

/* ---- parameters ---- */

static const struct {
	const char *name;
	bool (*take)(struct parser *parser, struct str value);
	bool once;
	bool of_pages; /* a stream has no use for it */
} params[] = {
	{ "after", set_after, true, false },
	{ "limit", set_limit, true, true },
	{ "wait", set_wait, true, true },
	{ "include", set_include, true, false },
	{ "kind", add_kind, false, false },
	{ "state", add_states, false, false },
	{ "type", add_types, false, false },
	{ "id", add_ids, false, false },
};

static bool parse_pair(struct parser *parser, const struct pair *pair)
{
	size_t at = (size_t)(pair - parser->query.request->query);

	if (str_eq(pair->name, STR("dialect")))
		return true;
	for (size_t i = 0; i < sizeof(params) / sizeof(params[0]); i++) {
		if (!str_eq(pair->name, str_cstr(params[i].name)))
			continue;
		if (params[i].once && native_is_repeated(parser->query.request, at))
			return NATIVE_QUERY_ERROR(&parser->query, pair->name,
				"This parameter may be given only once.");
		if (params[i].of_pages && parser->feed->is_stream)
			return NATIVE_QUERY_ERROR(&parser->query, pair->name,
				"A stream of events cannot have %s, only a page can.",
				params[i].name);
		return params[i].take(parser, pair->value);
	}
	return NATIVE_QUERY_ERROR(
		&parser->query, pair->name, "There is no parameter of this name.");
}

/* ---- the response's form ---- */

/*
 * A client that names both with the same weight gets a stream, because it would not name one
 * otherwise. A general client, which accepts anything, gets JSON.
 */
static bool choose_form(struct parser *parser)
{
	const struct request *request = parser->query.request;
	bool named, json_named;
	unsigned json = request_accept_weight(request, "application", "json", &json_named);
	unsigned stream = request_accept_weight(request, "text", "event-stream", &named);

	parser->feed->is_stream = stream > 0 && (json == 0 || (named && stream >= json));
	parser->feed->start = parser->feed->is_stream ? FEED_FROM_NOW : FEED_FROM_FIRST;
	return parser->feed->is_stream || request_check_accepts_json(request, parser->query.err);
}

/* A client that connects again repeats the address that it was given first. */
static bool take_last_event(struct parser *parser)
{
	struct str id = request_cgi_param(parser->query.request, "HTTP_LAST_EVENT_ID");

	if (!parser->feed->is_stream || id.len == 0)
		return true;
	if (!feed_place_parse(&parser->feed->after, id))
		return err_set(parser->query.err, ERR_INVALID, "Last-Event-ID",
			"Last-Event-ID must be the id of an event.");
	parser->feed->start = FEED_FROM_PLACE;
	return true;
}

bool native_decode_events(struct request *request, struct op *op, struct err *err)
{
	struct op_feed *feed = arena_alloc(request->arena, sizeof(*feed));
	struct parser parser = { .query = { .request = request, .op = op, .err = err },
		.feed = feed,
		.kinds = arena_alloc(request->arena, FEED_VALUES_MAX * sizeof(struct str)),
		.ids = arena_alloc(request->arena, FEED_VALUES_MAX * sizeof(struct id)) };

	if (!feed || !parser.kinds || !parser.ids)
		return err_no_memory(err);
	*feed = (struct op_feed){ .limit = LIMIT_DEFAULT,
		.filter = { .kinds = parser.kinds, .ids = parser.ids } };
	op->kind = OP_FEED;
	op->feed = feed;
	native_unwrap_arrays(request);
	if (!choose_form(&parser) ||
		!native_take_dialects(&parser.query, &parser.feed->filter.dialects,
			&parser.feed->filter.dialect_count))
		return false;
	for (size_t i = 0; i < request->query_count; i++) {
		if (!parse_pair(&parser, &request->query[i]))
			return false;
	}
	if (!take_last_event(&parser))
		return false;
	request->selected_fields = feed->with_tasks ? NATIVE_SELECT_TASK : 0;
	request->encoder_state = feed->is_stream ? feed : NULL;
	return true;
}
