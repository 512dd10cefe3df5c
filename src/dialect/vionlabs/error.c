#include <stdio.h>

#include "dialect/vionlabs/vionlabs.h"

/* The members are in Pydantic's order. */
static void begin_error(struct buf *problems, const char *type, const char *loc)
{
	if (problems->len > 0)
		buf_putc(problems, ',');
	buf_puts(problems, "{\"type\":\"");
	buf_puts(problems, type);
	buf_puts(problems, "\",\"loc\":[");
	buf_puts(problems, loc);
	buf_puts(problems, "],\"msg\":");
}

static void put_input(struct buf *problems, struct str input)
{
	buf_puts(problems, ",\"input\":");
	buf_put_str(problems, input);
}

/* 'low', 'medium' or 'high' */
static void put_values(struct buf *out, const char *const *values)
{
	for (size_t i = 0; values[i]; i++) {
		if (i > 0)
			buf_puts(out, values[i + 1] ? ", " : " or ");
		buf_putc(out, '\'');
		buf_puts(out, values[i]);
		buf_putc(out, '\'');
	}
}

void vionlabs_put_enum_error(
	struct buf *problems, const char *loc, struct str input, const char *const *values)
{
	begin_error(problems, "enum", loc);
	buf_puts(problems, "\"Input should be ");
	put_values(problems, values);
	buf_putc(problems, '"');
	put_input(problems, input);
	buf_puts(problems, ",\"ctx\":{\"expected\":\"");
	put_values(problems, values);
	buf_puts(problems, "\"}}");
}

void vionlabs_put_length_error(struct buf *problems, const char *loc, struct str input, size_t max)
{
	begin_error(problems, "string_too_long", loc);
	buf_printf(problems, "\"String should have at most %zu characters\"", max);
	put_input(problems, input);
	buf_printf(problems, ",\"ctx\":{\"max_length\":%zu}}", max);
}

void vionlabs_put_object_error(struct buf *problems, struct str input)
{
	begin_error(problems, "model_attributes_type", "\"body\"");
	buf_puts(problems,
		"\"Input should be a valid dictionary or object to extract fields from\"");
	put_input(problems, input);
	buf_putc(problems, '}');
}

void vionlabs_put_json_error(struct buf *problems, size_t at, const char *why)
{
	char loc[40];

	snprintf(loc, sizeof(loc), "\"body\",%zu", at);
	begin_error(problems, "json_invalid", loc);
	buf_puts(problems, "\"JSON decode error\"");
	put_input(problems, STR("{}"));
	buf_puts(problems, ",\"ctx\":{\"error\":");
	buf_put_json_string(problems, str_cstr(why));
	buf_puts(problems, "}}");
}

void vionlabs_put_value_error(struct buf *problems, const char *loc, const char *sentence)
{
	begin_error(problems, "value_error", loc);
	buf_put_json_string(problems, str_cstr(sentence));
	put_input(problems, STR("null"));
	buf_putc(problems, '}');
}

bool vionlabs_finish_errors(struct buf *problems, struct arena *arena, struct err *err)
{
	size_t len = problems->len;
	char *text = NULL;
	bool failed = !buf_ok(problems);

	if (!failed && len > 0)
		text = arena_alloc(arena, len + 2);
	if (text) {
		text[0] = '[';
		memcpy(text + 1, problems->data, len);
		text[len + 1] = ']';
	}
	buf_free(problems);
	if (failed || (len > 0 && !text))
		return err_no_memory(err);
	if (len == 0)
		return true;
	err_set(err, ERR_UNPROCESSABLE, NULL, NULL);
	err->detail = (struct str){ text, len + 2 };
	return false;
}

/* ---- responses ---- */

/* The framework's sentences; the detail of a 422 is a list with a location. */
const struct error_override vionlabs_error_overrides[ERR_CODES] = {
	[ERR_NOT_FOUND] = { .text = "Task not found" },
	[ERR_NO_ROUTE] = { .text = "Not Found" },
	[ERR_METHOD] = { .text = "Method Not Allowed" },
	[ERR_UNPROCESSABLE] = { .location = "\"body\"" },
	[ERR_TOO_BROAD] = { .location = "\"path\"" },
	[ERR_KEY_REUSED] = { .location = "\"header\",\"Idempotency-Key\"" },
};

void vionlabs_encode_error(const struct request *request, const struct err *err, const char *text,
	struct response *response)
{
	const char *location = vionlabs_error_overrides[err->code].location;
	struct buf *out = &response->body, problems = BUF_INIT;

	(void)request;
	buf_puts(out, "{\"detail\":");
	if (err->code == ERR_UNPROCESSABLE && err->detail.len > 0) {
		buf_put_str(out, err->detail);
	} else if (location) {
		vionlabs_put_value_error(&problems, location, text);
		buf_putc(out, '[');
		buf_put_str(out, buf_str(&problems));
		buf_putc(out, ']');
		out->failed |= problems.failed;
		buf_free(&problems);
	} else {
		buf_put_json_string(out, str_cstr(text));
	}
	buf_putc(out, '}');
}
