/* What an operator should look at: GET /health. */
#include "dialect/native/query.h"

bool native_decode_health(struct request *request, struct op *op, struct err *err)
{
	op->kind = OP_HEALTH;
	return request_check_accepts_json(request, err) && native_check_no_query(request, err);
}

static void put_word(struct buf *out, const char *word)
{
	if (word)
		buf_put_json_string(out, str_cstr(word));
	else
		buf_puts(out, "null");
}

static void put_value(struct buf *out, const struct health_check *check)
{
	uint64_t value = check->value;

	switch (check->kind) {
	case HEALTH_TIME:
		native_put_time(
			out, value > 0 ? optional_time((int64_t)value) : OPTIONAL_TIME_NONE);
		break;
	case HEALTH_SHARE:
		buf_printf(out, "%.7g", (double)value / 1e6);
		break;
	case HEALTH_FLAG:
		buf_puts(out, value != 0 ? "true" : "false");
		break;
	case HEALTH_STATE:
	case HEALTH_ERROR:
		put_word(out, check->word);
		break;
	case HEALTH_NUMBER:
	case HEALTH_BYTES:
	case HEALTH_DURATION:
	default:
		buf_put_number(out, (int64_t)value);
	}
}

/* Units are plural in the API. */
static void put_unit(struct buf *out, const struct health_check *check)
{
	if (check->kind == HEALTH_BYTES)
		buf_puts(out, ",\"unit\":\"bytes\"");
	if (check->kind == HEALTH_DURATION)
		buf_puts(out, ",\"unit\":\"ms\"");
	if (check->kind == HEALTH_NUMBER)
		buf_printf(out, ",\"unit\":\"%ss\"", check->unit);
}

static void put_check(struct buf *out, const struct health_check *check)
{
	native_put_name(out, "{", "name");
	buf_put_json_string(out, str_cstr(check->name));
	buf_puts(out, check->advice ? ",\"state\":\"attention\"" : ",\"state\":\"ok\"");
	native_put_name(out, ",", "value");
	put_value(out, check);
	put_unit(out, check);
	native_put_text(out, "text", str_cstr(check->help));
	if (check->advice)
		native_put_text(out, "advice", str_cstr(check->advice));
	buf_putc(out, '}');
}

bool native_encode_health(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	const struct health_answer *health = result->health;
	struct buf *out = &response->body;

	(void)request;
	native_put_name(out, "{", "at");
	native_put_time(out, optional_time(health->at));
	buf_puts(out, health->attention ? ",\"state\":\"attention\"" : ",\"state\":\"ok\"");
	buf_puts(out, ",\"checks\":[");
	for (size_t i = 0; i < health->count; i++) {
		if (i > 0)
			buf_putc(out, ',');
		put_check(out, &health->checks[i]);
	}
	buf_puts(out, "]}");
	return response_finish(response, 200, NATIVE_MEDIA_TYPE, err);
}
