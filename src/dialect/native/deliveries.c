/* The deliveries of a webhook: its log, one of them, and again. */
#include "base/date.h"
#include "dialect/native/query.h"
#include "dialect/native/webhook.h"

#define LIMIT_DEFAULT 50

const char *const native_delivery_params[] = { "state", "limit", "before", NULL };

static const char *const states[] = {
	[DELIVERY_PENDING] = "pending",
	[DELIVERY_DELIVERED] = "delivered",
	[DELIVERY_FAILED] = "failed",
};

/* The bit of the state with this name; 0: no state has it. */
static unsigned state_bit(struct str name)
{
	for (unsigned state = DELIVERY_PENDING; state <= DELIVERY_FAILED; state++) {
		if (str_eq(name, str_cstr(states[state])))
			return 1U << state;
	}
	return 0;
}

/* ---- the log ---- */

static bool add_states(const struct native_query *query, const struct native_param *given)
{
	struct op_webhook *wanted = query->target;
	struct str rest = given->value;

	do {
		unsigned bit = state_bit(str_split_next(&rest, ','));

		if (bit == 0)
			return NATIVE_QUERY_ERROR(
				query, given->name, "state must be pending, delivered or failed.");
		wanted->states |= bit;
	} while (rest.ptr);
	return true;
}

static bool set_before(const struct native_query *query, const struct native_param *given)
{
	struct op_webhook *wanted = query->target;

	return delivery_id_parse(&query->op->id, given->value, &wanted->before) ||
	       NATIVE_QUERY_ERROR(query, given->name, "before must be the id of a delivery.");
}

static bool set_limit(const struct native_query *query, const struct native_param *given)
{
	struct op_webhook *wanted = query->target;

	return native_parse_limit(query, given, WEBHOOK_PAGE_MAX, &wanted->limit);
}

static const struct native_query_row rows[] = {
	{ "state", NATIVE_EACH, add_states, 0 },
	{ "limit", NATIVE_ONCE, set_limit, 0 },
	{ NATIVE_DELIVERY_PLACE, NATIVE_ONCE, set_before, 0 },
	{ 0 },
};

bool native_decode_deliveries(struct request *request, struct op *op, struct err *err)
{
	struct native_query query = { .request = request, .op = op, .err = err };
	struct op_webhook *wanted;

	if (!request_check_accepts_json(request, err) ||
		!native_check_links(request, NATIVE_DELIVERY_PLACE, err) ||
		!native_begin_webhook(request, op, WEBHOOK_DELIVERIES, &wanted, err))
		return false;
	wanted->limit = LIMIT_DEFAULT;
	query.target = wanted;
	native_unwrap_arrays(request, rows);
	return native_parse_params(&query, rows);
}

bool native_decode_delivery(struct request *request, struct op *op, struct err *err)
{
	struct op_webhook *query;

	if (!request_check_accepts_json(request, err) ||
		!native_begin_webhook(request, op, WEBHOOK_DELIVERY, &query, err))
		return false;
	return delivery_id_parse(
		       &op->id, request_path_var(request, "delivery"), &query->delivery) ||
	       err_set(err, ERR_NOT_FOUND, NULL, "There is no such delivery.");
}

/* ---- redeliver ---- */

struct parser {
	struct op *op;
	struct op_webhook *query;
	bool has_from, has_to;
	struct err *err;
};

#define MEMBER_ERROR(parser, name, ...)                                         \
	native_set_error((parser)->err, (parser)->op->arena, ERR_UNPROCESSABLE, \
		NATIVE_AT_MEMBER(name), __VA_ARGS__)

static bool parse_ids(struct parser *parser, struct str name, const json_t *value)
{
	size_t count = json_array_size(value);
	uint64_t *numbers = arena_alloc(parser->op->arena, (count + 1) * sizeof(*numbers));

	if (!numbers)
		return err_no_memory(parser->err);
	if (!json_is_array(value) || count == 0 || count > WEBHOOK_REDELIVER_MAX)
		return MEMBER_ERROR(parser, name, "ids must be an array of 1 to %d ids.",
			WEBHOOK_REDELIVER_MAX);
	for (size_t i = 0; i < count; i++) {
		const json_t *item = json_array_get(value, i);

		if (!json_is_string(item) ||
			!delivery_id_parse(&parser->op->id, json_str(item), &numbers[i]))
			return native_set_error(parser->err, parser->op->arena, ERR_UNPROCESSABLE,
				NATIVE_AT_ITEM("/", name, i),
				"An id must be that of a delivery of this webhook.");
	}
	parser->query->deliveries = numbers;
	parser->query->delivery_count = count;
	return true;
}

static bool parse_time(struct parser *parser, struct str name, const json_t *value)
{
	int64_t ms;

	if (!json_is_string(value) || !date_parse(&ms, json_str(value)))
		return MEMBER_ERROR(parser, name, "%.*s must be an RFC 3339 time.", STR_ARGS(name));
	if (str_eq(name, STR("from"))) {
		parser->has_from = true;
		parser->query->from = ms;
	} else {
		parser->has_to = true;
		parser->query->to = optional_time(ms);
	}
	return true;
}

static bool parse_after(struct parser *parser, struct str name, const json_t *value)
{
	return (json_is_string(value) && delivery_id_parse(&parser->op->id, json_str(value),
						 &parser->query->after)) ||
	       MEMBER_ERROR(parser, name, "after must be the member next of an earlier response.");
}

static bool parse_states(struct parser *parser, struct str name, const json_t *value)
{
	size_t count = json_array_size(value);

	if (count == 0)
		return MEMBER_ERROR(
			parser, name, "states must be an array of delivered and failed.");
	for (size_t i = 0; i < count; i++) {
		unsigned bit = state_bit(json_str(json_array_get(value, i)));

		if (bit == 0 || bit == 1U << DELIVERY_PENDING)
			return native_set_error(parser->err, parser->op->arena, ERR_UNPROCESSABLE,
				NATIVE_AT_ITEM("/", name, i),
				"A state must be delivered or failed.");
		parser->query->states |= bit;
	}
	return true;
}

static const struct {
	const char *name;
	bool (*parse)(struct parser *parser, struct str name, const json_t *value);
} members[] = {
	{ "ids", parse_ids },
	{ "from", parse_time },
	{ "to", parse_time },
	{ "states", parse_states },
	{ "after", parse_after },
};

static bool parse_member(struct parser *parser, struct str name, const json_t *value)
{
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		if (str_eq(name, str_cstr(members[i].name)))
			return members[i].parse(parser, name, value);
	}
	return MEMBER_ERROR(parser, name, "There is no such member.");
}

static bool parse_body(struct parser *parser, json_t *json)
{
	bool by_time;
	const char *name;
	json_t *value;

	json_object_foreach (json, name, value) {
		if (!parse_member(parser, str_cstr(name), value))
			return false;
	}
	by_time = parser->has_from || parser->has_to || parser->query->states != 0 ||
		  parser->query->after != 0;
	if (by_time && parser->query->delivery_count > 0)
		return MEMBER_ERROR(parser, STR("ids"), "ids stands alone.");
	if (parser->has_from && parser->has_to &&
		parser->query->from >= optional_time_ms(parser->query->to))
		return MEMBER_ERROR(parser, STR("to"), "to must be later than from.");
	if (parser->query->delivery_count == 0 && !parser->has_from)
		return MEMBER_ERROR(parser, STR("ids"), "ids or from is required.");
	return true;
}

bool native_decode_redeliver(struct request *request, struct op *op, struct err *err)
{
	struct parser parser = { .op = op, .err = err };
	json_t *json = NULL;
	bool ok;

	if (!native_begin_webhook(request, op, WEBHOOK_REDELIVER, &parser.query, err) ||
		!native_read_object(request, &json, err))
		return false;
	ok = parse_body(&parser, json);
	json_decref(json);
	return ok;
}
