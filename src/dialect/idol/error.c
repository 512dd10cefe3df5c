/* The error objects of jsonapi-resources: its codes, titles and sentences (locales/en.yml). */
#include <stdio.h>

#include "dialect/idol/idol.h"

#define ECHO_MAX 200

/* Each '%' in detail is replaced by an argument. */
static const struct api_error_row {
	enum err_code err;
	const char *code, *title, *detail;
} rows[IDOL_API_ERRORS] = {
	[IDOL_INVALID_RESOURCE] = { ERR_INVALID, "101", "Invalid resource",
		"% is not a valid resource." },
	[IDOL_FILTER_NOT_ALLOWED] = { ERR_INVALID, "102", "Filter not allowed",
		"% is not allowed." },
	[IDOL_INVALID_FIELD_VALUE] = { ERR_INVALID, "103", "Invalid field value",
		"% is not a valid value for %." },
	[IDOL_INVALID_FIELD] = { ERR_INVALID, "104", "Invalid field",
		"% is not a valid field for %." },
	[IDOL_PARAM_NOT_ALLOWED] = { ERR_INVALID, "105", "Param not allowed", "% is not allowed." },
	[IDOL_PAGE_PARAM_NOT_ALLOWED] = { ERR_INVALID, "105", "Page parameter not allowed",
		"% is not an allowed page parameter." },
	[IDOL_PARAM_MISSING] = { ERR_MISSING, "106", "Missing Parameter",
		"The required parameter, %, is missing." },
	[IDOL_INVALID_FILTER_VALUE] = { ERR_INVALID, "107", "Invalid filter value",
		"% is not a valid value for %." },
	[IDOL_INVALID_INCLUDE] = { ERR_INVALID, "112", "Invalid include",
		"% is not a valid includable relationship of %" },
	[IDOL_INVALID_SORT] = { ERR_INVALID, "114", "Invalid sort criteria",
		"% is not a valid sort criteria for %" },
	[IDOL_INVALID_LINKS_OBJECT] = { ERR_INVALID, "115", "Invalid Links Object",
		"Data is not a valid Links Object." },
	[IDOL_INVALID_PAGE_VALUE] = { ERR_INVALID, "118", "Invalid page value",
		"% is not a valid value for % page parameter." },
	[IDOL_PAGE_TOO_LARGE] = { ERR_INVALID, "118", "Invalid page value",
		"size exceeds maximum page size of 200." },
	[IDOL_INVALID_FIELD_FORMAT] = { ERR_INVALID, "119", "Invalid field format",
		"Fields must specify a type." },
	[IDOL_INVALID_FILTERS_SYNTAX] = { ERR_INVALID, "120", "Invalid filters syntax",
		"% is not a valid syntax for filtering." },
	[IDOL_INVALID_DATA_FORMAT] = { ERR_INVALID, "122", "Invalid data format",
		"Data must be a hash." },
	[IDOL_BODY_NOT_OBJECT] = { ERR_MALFORMED, "400", "Bad Request", "Request must be a hash" },
	[IDOL_NOT_FOUND] = { ERR_NOT_FOUND, "404", "Record not found",
		"The record identified by % could not be found." },
	[IDOL_NOT_ACCEPTABLE] = { ERR_NOT_ACCEPTABLE, "406", "Not acceptable",
		"All requests must use the '" IDOL_MEDIA_TYPE
		"' Accept without media type parameters. This request specified '%'." },
	[IDOL_UNSUPPORTED_MEDIA_TYPE] = { ERR_MEDIA_TYPE, "415", "Unsupported media type",
		"All requests that create or update must use the '" IDOL_MEDIA_TYPE
		"' Content-Type. This request specified '%'." },
};

_Static_assert(IDOL_PAGE_SIZE_MAX == 200, "the sentence about the page size says so");

/* Truncates at a character boundary. */
static struct str truncate_echo(struct str text)
{
	size_t len = ECHO_MAX;

	if (text.len <= ECHO_MAX)
		return text;
	while (len > 0 && ((unsigned char)text.ptr[len] & 0xC0) == 0x80)
		len--;
	return (struct str){ text.ptr, len };
}

static void put_error_object(struct buf *out, const char *title, struct str detail,
	const char *code, const char *pointer, int status)
{
	if (out->len > 0 && out->data[out->len - 1] == '}')
		buf_putc(out, ',');
	buf_puts(out, "{\"title\":");
	buf_put_json_string(out, str_cstr(title));
	buf_puts(out, ",\"detail\":");
	buf_put_json_string(out, detail);
	buf_printf(out, ",\"code\":\"%s\"", code);
	if (pointer) {
		buf_puts(out, ",\"source\":{\"pointer\":");
		buf_put_json_string(out, str_cstr(pointer));
		buf_putc(out, '}');
	}
	buf_printf(out, ",\"status\":\"%d\"}", status);
}

void idol_put_api_error(
	struct buf *out, enum idol_api_error fault, struct str first, struct str second)
{
	const struct api_error_row *row = &rows[fault];
	struct str next = first;
	struct buf detail = BUF_INIT;

	for (const char *c = row->detail; *c; c++) {
		if (*c != '%') {
			buf_putc(&detail, *c);
			continue;
		}
		buf_put_str(&detail, truncate_echo(next));
		next = second;
	}
	put_error_object(out, row->title, buf_str(&detail), row->code, NULL, err_status(row->err));
	out->failed |= detail.failed;
	buf_free(&detail);
}

void idol_put_http_error(struct buf *out, const char *title, struct str detail, int status)
{
	char code[12];

	snprintf(code, sizeof(code), "%d", status);
	put_error_object(out, title, detail, code, NULL, status);
}

void idol_put_validation_error(
	struct buf *out, const char *pointer, const char *member, const char *why)
{
	struct buf detail = BUF_INIT;

	buf_printf(&detail, "%s - %s", member, why);
	put_error_object(out, why, buf_str(&detail), "100", pointer, err_status(ERR_UNPROCESSABLE));
	out->failed |= detail.failed;
	buf_free(&detail);
}

bool idol_set_errors(
	struct err *err, struct arena *arena, enum err_code code, const struct buf *objects)
{
	struct buf document = BUF_INIT;
	struct str text = STR_NULL;

	buf_puts(&document, "{\"errors\":[");
	buf_put_str(&document, buf_str(objects));
	buf_puts(&document, "]}");
	if (buf_ok(objects) && buf_ok(&document))
		text = arena_copy(arena, buf_str(&document));
	buf_free(&document);
	if (!text.ptr)
		return err_no_memory(err);
	err_set(err, code, NULL, NULL);
	err->detail = text;
	return false;
}

bool idol_set_error(struct err *err, struct arena *arena, enum idol_api_error fault,
	struct str first, struct str second)
{
	struct buf object = BUF_INIT;

	idol_put_api_error(&object, fault, first, second);
	idol_set_errors(err, arena, rows[fault].err, &object);
	buf_free(&object);
	return false;
}

/* ---- responses ---- */

const struct error_override idol_error_overrides[ERR_CODES] = {
	/* Rails has no route for other methods. */
	[ERR_METHOD] = { .status = 404, .text = "There is nothing at this address." },
	[ERR_INTERNAL] = { .text = "Internal Server Error" },
	[ERR_NO_MEMORY] = { .text = "Internal Server Error" },
	[ERR_DAMAGED] = { .text = "Internal Server Error" },
	[ERR_DISK_FULL] = { .status = 503 },
};

/* The errors of /timeouts/trigger by kind. */
static const struct trigger_error {
	const char *kind;
	int status;
	const char *text;
} trigger_errors[] = {
	{ "db", 504, "DB query cancelled" },
	{ "http", 504, "Request Timeout" },
	{ "error", 500, "Internal Server Error" },
};

/* From 500 on: some clients read the message, others the error objects. */
static void put_message(struct response *response, const char *text)
{
	buf_puts(&response->body, "{\"message\":");
	buf_put_json_string(&response->body, str_cstr(text));
	buf_puts(&response->body, ",\"errors\":[");
	idol_put_http_error(&response->body, response_reason(response->status), str_cstr(text),
		response->status);
	buf_puts(&response->body, "]}");
}

/* Below 500: the decoder's document, or a new one with one error object. */
static void put_errors(const struct request *request, const struct err *err, const char *text,
	struct response *response)
{
	struct str id = request_path_var(request, "id");

	if (err->detail.len > 0 && err->code != ERR_METHOD) {
		buf_put_str(&response->body, err->detail);
		return;
	}
	buf_puts(&response->body, "{\"errors\":[");
	if (err->code == ERR_NOT_FOUND && id.ptr)
		idol_put_api_error(&response->body, IDOL_NOT_FOUND, id, STR_NULL);
	else
		idol_put_http_error(&response->body, response_reason(response->status),
			str_cstr(text), response->status);
	buf_puts(&response->body, "]}");
}

static const struct trigger_error *find_trigger_error(struct str kind)
{
	for (size_t i = 0; i < sizeof(trigger_errors) / sizeof(trigger_errors[0]); i++) {
		if (str_eq(kind, str_cstr(trigger_errors[i].kind)))
			return &trigger_errors[i];
	}
	return NULL;
}

bool idol_is_trigger_kind(struct str kind)
{
	return find_trigger_error(kind) != NULL;
}

void idol_encode_error(const struct request *request, const struct err *err, const char *text,
	struct response *response)
{
	const struct trigger_error *trigger = err->code == ERR_INTERNAL
						      ? find_trigger_error(err->detail)
						      : NULL;

	if (trigger) {
		response->status = trigger->status;
		text = trigger->text;
	}
	if (response->status >= 500)
		put_message(response, text);
	else
		put_errors(request, err, text, response);
}
