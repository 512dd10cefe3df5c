/* Tasks that begin again: one, or many that have failed (README.md, "Retries"). */
#include "base/date.h"
#include "dialect/native/work.h"

#define RETRIES_DEFAULT 100

#define MEMBER_ERROR(parser, name, ...)                                         \
	native_set_error((parser)->err, (parser)->op->arena, ERR_UNPROCESSABLE, \
		NATIVE_AT_MEMBER(name), __VA_ARGS__)

/* The body is ignored, as that of an archival. */
bool native_decode_retry(struct request *request, struct op *op, struct err *err)
{
	op->report.kind = REPORT_RETRY;
	op->leave_end = true;
	op->before_write = native_before_write;
	op->follow = native_follow;
	return request_check_accepts_json(request, err) &&
	       native_parse_id(request, op, OP_UPDATE, err);
}

/* ---- many ---- */

struct parser {
	const struct request *request;
	struct op *op;
	struct err *err;
};

static bool parse_failures(struct parser *parser, struct str name, const json_t *value)
{
	size_t count = json_array_size(value);

	if (!json_is_array(value) || count == 0 || count >= TASK_FAILURES)
		return MEMBER_ERROR(parser, name, "failures must be an array of 1 to %d names.",
			TASK_FAILURES - 1);
	for (size_t i = 0; i < count; i++) {
		const json_t *item = json_array_get(value, i);
		enum task_failure failure = json_is_string(item)
						    ? task_failure_parse(json_str(item))
						    : FAILURE_NONE;

		if (failure == FAILURE_NONE)
			return native_set_error(parser->err, parser->op->arena, ERR_UNPROCESSABLE,
				NATIVE_AT_ITEM("/", name, i),
				"A failure must be attempts_exhausted, not_retryable, "
				"start_timeout, total_timeout or reported.");
		parser->op->retry.failures |= 1U << failure;
	}
	return true;
}

static bool parse_time(struct parser *parser, struct str name, const json_t *value)
{
	struct op_retry *retry = &parser->op->retry;
	int64_t ms;

	if (!json_is_string(value) || !date_parse(&ms, json_str(value)))
		return MEMBER_ERROR(parser, name, "%.*s must be an RFC 3339 time.", STR_ARGS(name));
	if (str_eq(name, STR("finished_after")))
		retry->finished.from = ms;
	else
		retry->finished.to = optional_time(ms);
	return true;
}

static bool parse_max(struct parser *parser, struct str name, const json_t *value)
{
	json_int_t number;

	if (!native_parse_integer(value, 1, OP_RETRY_MAX, &number))
		return MEMBER_ERROR(
			parser, name, "max must be an integer from 1 to %d.", OP_RETRY_MAX);
	parser->op->retry.max = (unsigned)number;
	return true;
}

static bool parse_cursor(struct parser *parser, struct str name, const json_t *value)
{
	if (!json_is_string(value))
		return MEMBER_ERROR(parser, name, "cursor must be the member next of a response.");
	if (native_cursor_decode(
		    parser->request, json_str(value), &parser->op->retry.after, parser->err))
		return true;
	return parser->err->code == ERR_INVALID &&
	       native_set_error(parser->err, parser->op->arena, ERR_INVALID, NATIVE_AT_MEMBER(name),
		       "The cursor is damaged or belongs to another query.");
}

static const struct {
	const char *name;
	bool (*parse)(struct parser *parser, struct str name, const json_t *value);
} members[] = {
	{ "failures", parse_failures },
	{ "finished_after", parse_time },
	{ "finished_before", parse_time },
	{ "max", parse_max },
	{ "cursor", parse_cursor },
};

static bool parse_member(
	struct parser *parser, struct op_claim *filter, struct str name, const json_t *value)
{
	bool found;

	if (!native_parse_claim_filter(
		    parser->op, NATIVE_CLAIM_BODY, name, value, filter, &found, parser->err))
		return false;
	for (size_t i = 0; !found && i < sizeof(members) / sizeof(members[0]); i++) {
		if (str_eq(name, str_cstr(members[i].name)))
			return members[i].parse(parser, name, value);
	}
	return found || MEMBER_ERROR(parser, name, "This request has no such member.");
}

static bool parse_body(const struct request *request, struct op *op, json_t *json, struct err *err)
{
	struct parser parser = { request, op, err };
	struct op_claim filter = { 0 };
	const char *name;
	json_t *value;

	op->retry.max = RETRIES_DEFAULT;
	json_object_foreach (json, name, value) {
		if (!parse_member(&parser, &filter, str_cstr(name), value))
			return false;
	}
	op->retry.dialects = filter.dialects;
	op->retry.dialect_count = filter.dialect_count;
	op->retry.kinds = filter.kinds;
	op->retry.kind_count = filter.kind_count;
	return true;
}

bool native_decode_retries(struct request *request, struct op *op, struct err *err)
{
	json_t *json = NULL;
	bool ok;

	if (!native_read_object(request, &json, err))
		return false;
	op->kind = OP_RETRY;
	op->dialect = 0;
	op->before_write = native_before_write;
	op->follow = native_follow;
	ok = parse_body(request, op, json, err);
	json_decref(json);
	return ok;
}

bool native_encode_retries(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	struct str cursor = STR("");

	if (result->next_cursor.len > 0)
		cursor = native_cursor_encode(request, result->next_cursor);
	if (!cursor.ptr)
		return err_no_memory(err);
	buf_printf(&response->body,
		"{\"retried\":%u,\"refused\":%u,\"more\":%s,\"next\":", result->retried,
		result->refused, result->more ? "true" : "false");
	if (cursor.len > 0)
		buf_put_json_string(&response->body, cursor);
	else
		buf_puts(&response->body, "null");
	buf_putc(&response->body, '}');
	return response_finish(response, 200, NATIVE_MEDIA_TYPE, err);
}
