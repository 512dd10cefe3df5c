/* GET /me: who the caller is, what the credential allows, and until when. */
#include "base/date.h"
#include "dialect/native/native.h"

bool native_decode_me(struct request *request, struct op *op, struct err *err)
{
	op->kind = OP_USAGE;
	return request_check_accepts_json(request, err);
}

void native_put_rights(struct buf *out, unsigned rights)
{
	char text[RIGHTS_TEXT_SIZE];
	struct str rest;
	const char *before = "\"";

	rights_format(rights, text, sizeof(text));
	rest = str_cstr(text);
	native_put_name(out, ",", "rights");
	buf_putc(out, '[');
	while (rest.len > 0) {
		buf_puts(out, before);
		buf_put_str(out, str_split_next(&rest, ','));
		buf_putc(out, '"');
		before = ",\"";
	}
	buf_putc(out, ']');
}

/* The web server has the end from the authorizer. */
static void put_end(const struct request *request, struct buf *out)
{
	struct optional_time end = OPTIONAL_TIME_NONE;
	uint64_t ms;

	if (str_to_u64(request_cgi_param(request, "POLYTASK_EXPIRES"), &ms) && ms <= DATE_MS_MAX)
		end = optional_time((int64_t)ms);
	native_put_name(out, ",", "expires_at");
	native_put_time(out, end);
}

static void put_rate(const struct rate_status *rate, struct buf *out)
{
	native_put_name(out, ",", "rate");
	if (rate->limit == 0) {
		buf_puts(out, "null");
		return;
	}
	buf_puts(out, "{\"limit\":");
	buf_put_number(out, (int64_t)rate->limit);
	buf_puts(out, ",\"remaining\":");
	buf_put_number(out, (int64_t)rate->remaining);
	buf_puts(out, ",\"reset_seconds\":");
	buf_put_number(out, rate->reset);
	buf_putc(out, '}');
}

static void put_quota(const char *name, uint64_t used, uint64_t most, struct buf *out)
{
	native_put_name(out, ",", name);
	buf_puts(out, "{\"used\":");
	buf_put_number(out, (int64_t)used);
	buf_puts(out, ",\"limit\":");
	if (most > 0)
		buf_put_number(out, (int64_t)most);
	else
		buf_puts(out, "null");
	buf_putc(out, '}');
}

bool native_encode_me(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	const struct task_usage *usage = &result->usage;
	struct buf *out = &response->body;

	buf_puts(out, "{\"tenant\":");
	buf_put_json_string(out, request->principal.tenant);
	native_put_text(out, "user", request->principal.user);
	native_put_rights(out, request->principal.rights);
	put_end(request, out);
	put_rate(&request->rate_status, out);
	put_quota("tasks", usage->tasks, usage->max_tasks, out);
	put_quota("bytes", usage->bytes, usage->max_bytes, out);
	buf_putc(out, '}');
	return response_finish(response, 200, NATIVE_MEDIA_TYPE, err);
}
