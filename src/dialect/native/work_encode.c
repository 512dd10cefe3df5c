#include <inttypes.h>

#include "dialect/native/work.h"

static void put_claims(const struct request *request, const struct result *result, struct buf *out)
{
	buf_puts(out, "\"claims\":[");
	for (size_t i = 0; i < result->claimed_count; i++) {
		const struct task *task = &result->claimed[i].task;

		buf_printf(out,
			"%s{\"token\":\"%016" PRIx64 "\",\"attempt\":%" PRIu32
			",\"lease_expires_at\":",
			i > 0 ? "," : "", task->lease.token, task->attempt);
		native_put_time(out, task->lease.expires);
		buf_puts(out, ",\"task\":");
		native_encode_row(request, task, out);
		buf_putc(out, '}');
	}
	buf_putc(out, ']');
}

bool native_encode_claims(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	if (result->claimed_count == 0 && !result->drain) {
		response->status = 204;
		return true;
	}
	buf_putc(&response->body, '{');
	put_claims(request, result, &response->body);
	buf_puts(&response->body, result->drain ? ",\"drain\":true}" : "}");
	if (result->drain)
		response_add_number(response, "Retry-After", NATIVE_DRAINED_SECONDS);
	return response_finish(response, 200, NATIVE_MEDIA_TYPE, err);
}

bool native_encode_heartbeat(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	(void)request;
	buf_puts(&response->body, "{\"lease_expires_at\":");
	native_put_time(&response->body, result->task.lease.expires);
	buf_printf(&response->body, ",\"cancel\":%s,\"drain\":%s}",
		result->task.state == TASK_CANCELLED ? "true" : "false",
		result->drain ? "true" : "false");
	return response_finish(response, 200, NATIVE_MEDIA_TYPE, err);
}

bool native_encode_report(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	buf_putc(&response->body, '{');
	if (!native_prefers_minimal(request, response)) {
		buf_puts(&response->body, "\"task\":");
		native_encode_row(request, &result->task, &response->body);
		buf_putc(&response->body, ',');
	}
	put_claims(request, result, &response->body);
	buf_puts(&response->body, result->drain ? ",\"drain\":true}" : ",\"drain\":false}");
	return response_finish(response, 200, NATIVE_MEDIA_TYPE, err);
}
