#include <stdarg.h>
#include <stdio.h>

#include "dialect/fourhse/fourhse.h"

/* ---- lists of invalid members ---- */

void fourhse_add_error(struct buf *list, const char *field, const char *format, ...)
{
	char text[400];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	buf_puts(list, list->len == 0 ? "[{\"field\":" : ",{\"field\":");
	buf_put_json_string(list, str_cstr(field));
	buf_puts(list, ",\"message\":");
	buf_put_json_string(list, str_cstr(text));
	buf_putc(list, '}');
}

bool fourhse_finish_errors(struct buf *list, struct arena *arena, struct err *err)
{
	struct str detail;

	if (list->len == 0 && buf_ok(list))
		return true;
	buf_putc(list, ']');
	detail = buf_ok(list) ? arena_copy(arena, buf_str(list)) : STR_NULL;
	if (!detail.ptr)
		return err_no_memory(err);
	err_set(err, ERR_UNPROCESSABLE, NULL, NULL);
	err->detail = detail;
	return false;
}

/* ---- responses ---- */

/* Errors with a location are sent as a list with this one invalid member; "": err->field. */
const struct error_override fourhse_error_overrides[ERR_CODES] = {
	[ERR_FORBIDDEN] = { .text = "You are not allowed to perform this action." },
	[ERR_NO_ROUTE] = { .text = "Page not found." },
	[ERR_NOT_ACCEPTABLE] = { .text = "None of your requested content types is supported." },
	[ERR_CONFLICT] = { .status = 422, .location = "task_id" },
	[ERR_UNPROCESSABLE] = { .location = "" },
	[ERR_TOO_BROAD] = { .location = "filter" },
	[ERR_KEY_REUSED] = { .location = "Idempotency-Key" },
	[ERR_TOO_MANY_REQUESTS] = { .text = "Rate limit exceeded." },
	[ERR_INTERNAL] = { .text = "An internal server error occurred." },
	[ERR_NO_MEMORY] = { .text = "An internal server error occurred." },
	[ERR_DAMAGED] = { .text = "An internal server error occurred." },
	[ERR_DISK_FULL] = { .status = 503 },
};

/* The framework's reason phrases that differ from RFC 9110. */
static const char *status_name(int status)
{
	switch (status) {
	case 413:
		return "Request Entity Too Large";
	case 414:
		return "Request-URI Too Long";
	default:
		return response_reason(status);
	}
}

/* The methods of Allow without OPTIONS, which the framework does not list. */
static void put_methods(struct buf *out, struct str allow)
{
	const char *before = " This URL can only handle the following request methods: ";

	buf_puts(out, "Method Not Allowed.");
	while (allow.len > 0) {
		struct str method = str_trim(str_split_next(&allow, ','));

		if (str_eq(method, STR("OPTIONS")))
			continue;
		buf_puts(out, before);
		buf_put_str(out, method);
		before = ", ";
	}
	if (before[0] == ',')
		buf_putc(out, '.');
}

static void put_message(
	struct buf *out, const struct request *request, const struct err *err, const char *message)
{
	struct buf text = BUF_INIT;

	if (err->code == ERR_METHOD) {
		put_methods(&text, err->detail);
	} else if (err->code == ERR_NOT_FOUND) {
		buf_puts(&text, "Object not found: ");
		buf_put_str(&text, fourhse_requested_id(request));
	} else {
		buf_puts(&text, message);
	}
	buf_put_json_string(out, buf_str(&text));
	out->failed |= text.failed;
	buf_free(&text);
}

static void put_error_object(struct buf *out, const struct request *request, const struct err *err,
	const char *text, int status)
{
	buf_puts(out, "{\"name\":");
	buf_put_json_string(out, str_cstr(status_name(status)));
	buf_puts(out, ",\"message\":");
	put_message(out, request, err, text);
	buf_printf(out, ",\"code\":0,\"status\":%d}", status);
}

/* The framework's sentence has the value as it was sent. */
static void put_taken(struct buf *list, const struct request *request)
{
	struct err why;
	json_t *body = NULL;

	if (fourhse_parse_body(&body, request, &why))
		fourhse_add_error(list, "task_id", "Task ID \"%s\" has already been taken.",
			json_is_string(json_object_get(body, "task_id"))
				? json_string_value(json_object_get(body, "task_id"))
				: "");
	else
		list->failed |= why.code == ERR_NO_MEMORY;
	json_decref(body);
	buf_putc(list, ']');
}

static void put_error_list(
	struct buf *out, const struct request *request, const struct err *err, const char *text)
{
	const char *field = fourhse_error_overrides[err->code].location;

	if (err->detail.len > 0) {
		buf_put_str(out, err->detail);
		return;
	}
	if (err->code == ERR_CONFLICT) {
		put_taken(out, request);
		return;
	}
	fourhse_add_error(out, field[0] ? field : err->field, "%s", text);
	buf_putc(out, ']');
}

static void add_rate_headers(struct response *response, const struct rate_status *rate)
{
	if (rate->limit == 0)
		return;
	response_add_number(response, "X-Rate-Limit-Limit", rate->limit);
	response_add_number(response, "X-Rate-Limit-Remaining", rate->remaining);
	response_add_number(response, "X-Rate-Limit-Reset", rate->reset);
}

void fourhse_encode_error(const struct request *request, const struct err *err, const char *text,
	struct response *response)
{
	if (response->status == 429)
		add_rate_headers(response, &request->rate_status);
	if (response->status == 422)
		response->reason = "Data Validation Failed.";
	if (fourhse_error_overrides[err->code].location)
		put_error_list(&response->body, request, err, text);
	else
		put_error_object(&response->body, request, err, text, response->status);
}
