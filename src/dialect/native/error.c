#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>

#include "dialect/native/access.h"
#include "dialect/native/batch.h"
#include "dialect/native/bulk.h"
#include "dialect/native/webhook.h"

/* Pointers are escaped (RFC 6901 §3); other kinds need no escapes. */
static void put_location(struct buf *out, const struct native_location *place)
{
	bool pointer = place->parent[0] == '/';
	struct buf text = BUF_INIT;

	buf_puts(&text, place->parent);
	for (size_t i = 0; i < place->name.len; i++) {
		char c = place->name.ptr[i];

		if (pointer && c == '~')
			buf_puts(&text, "~0");
		else if (pointer && c == '/')
			buf_puts(&text, "~1");
		else
			buf_putc(&text, c);
	}
	if (place->item > 0)
		buf_printf(&text, "/%zu", place->item - 1);
	buf_puts(out, "{\"");
	buf_puts(out, place->kind);
	buf_puts(out, "\":");
	buf_put_json_string(out, buf_str(&text));
	out->failed |= !buf_ok(&text);
	buf_free(&text);
}

static void put_errors(struct buf *out, const struct native_location *place, const char *sentence)
{
	buf_putc(out, '[');
	put_location(out, place);
	buf_puts(out, ",\"detail\":");
	buf_put_json_string(out, str_cstr(sentence));
	buf_puts(out, "}]");
}

bool native_set_error(struct err *err, struct arena *arena, enum err_code code,
	struct native_location place, const char *format, ...)
{
	struct buf errors = BUF_INIT;
	char text[sizeof(err->text)];
	struct str detail = STR_NULL;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	put_errors(&errors, &place, text);
	if (buf_ok(&errors))
		detail = arena_copy(arena, buf_str(&errors));
	buf_free(&errors);
	if (!detail.ptr)
		return err_no_memory(err);
	err_set(err, code, NULL, "%s", text);
	snprintf(err->field, sizeof(err->field), "%.*s", STR_ARGS(place.name));
	err->detail = detail;
	return false;
}

/* Whether it is the address, with a slash behind it or without. */
static bool is_at(const struct request *request, const char *address)
{
	struct str path = request->path;

	path.len -= request->trailing_slash;
	return str_eq(path, str_cstr(address));
}

/*
 * The part of the request that an error without detail names: a header field, or the token of a
 * bulk, which the store checks.
 */
static struct native_location place_of(const struct request *request, const struct err *err)
{
	struct str name = str_cstr(err->field);

	if (is_at(request, NATIVE_BULK_PATH) && str_eq(name, STR("token")))
		return NATIVE_AT_MEMBER(name);
	return (struct native_location){ .kind = "header", .parent = "", .name = name };
}

static void put_error_list(struct buf *out, const struct request *request, const struct err *err)
{
	const struct native_location place = place_of(request, err);

	if (err->code == ERR_GONE) {
		buf_puts(out, ",\"oldest\":");
		buf_put_json_string(out, err->detail);
	} else if (err->code != ERR_METHOD && err->detail.len > 0) {
		buf_puts(out, ",\"errors\":");
		buf_put_str(out, err->detail);
	} else if (err->field[0]) {
		buf_puts(out, ",\"errors\":");
		put_errors(out, &place, err_text(err));
	}
}

/* nginx's id of the request. */
static void put_instance(struct buf *out, const struct request *request)
{
	struct str id = request_cgi_param(request, "POLYTASK_REQUEST_ID");

	for (size_t i = 0; i < id.len; i++) {
		if (!isalnum((unsigned char)id.ptr[i]) && id.ptr[i] != '-')
			return;
	}
	if (id.len == 0)
		return;
	buf_puts(out, ",\"instance\":\"/v1/requests/");
	buf_put_str(out, id);
	buf_putc(out, '"');
}

/* The general texts are about tasks. */
static const char *title(const struct request *request, const struct err *err)
{
	static const struct {
		const char *path;
		enum err_code code;
		const char *title;
	} others[] = {
		{ NATIVE_WEBHOOKS_PATH, ERR_NOT_FOUND, "There is no such webhook or delivery." },
		{ NATIVE_WEBHOOKS_PATH, ERR_CONFLICT,
			"The request conflicts with the state of the webhook." },
		{ NATIVE_WEBHOOKS_PATH, ERR_PRECONDITION,
			"The webhook has changed since it was read." },
		{ NATIVE_USERS_PATH, ERR_NOT_FOUND, "There is no such user." },
		{ NATIVE_USERS_PATH, ERR_CONFLICT,
			"The request conflicts with the state of the user." },
		{ NATIVE_CREDENTIALS_PATH, ERR_NOT_FOUND, "There is no such credential." },
		{ NATIVE_CREDENTIALS_PATH, ERR_CONFLICT,
			"The request conflicts with the state of the credential." },
		{ NATIVE_BULK_PATH, ERR_CONFLICT,
			"The request conflicts with the state of the tasks, or with other bulks." },
		{ NATIVE_POINTS_PATH, ERR_NOT_FOUND, "There is no such ingest point." },
		{ NATIVE_POINTS_PATH, ERR_PRECONDITION,
			"The ingest point has changed since it was read." },
		{ NATIVE_DOCUMENTS_PATH, ERR_PRECONDITION,
			"The document has changed since it was read." },
	};
	const struct err general = { .code = err->code };

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (err->code == others[i].code &&
			str_starts(request->path, str_cstr(others[i].path)))
			return others[i].title;
	}
	return err_text(&general);
}

/* The web server has a page for each type (nginx/problems.c). */
static void put_type(const struct request *request, const struct err *err, struct buf *out)
{
	buf_puts(out, "{\"type\":\"/v1/problems/");
	buf_puts(out, err_name(err->code));
	buf_puts(out, "\",\"title\":");
	buf_put_json_string(out, str_cstr(title(request, err)));
}

/* Adds a sentence to the title of an error that has none of its own, if more is known. */
static void put_general_detail(
	const struct request *request, const struct err *err, struct buf *out)
{
	struct str id = request_path_var(request, "id");
	struct str point = request_path_var(request, "point");

	if (err->code == ERR_NOT_FOUND && id.len > 0)
		buf_printf(out, "The tenant has no task with the id %.*s.", STR_ARGS(id));
	else if (err->code == ERR_NOT_FOUND && point.len > 0)
		buf_printf(
			out, "The tenant has no ingest point with the id %.*s.", STR_ARGS(point));
	else if (err->code == ERR_NO_ROUTE && request->path.len > 0)
		buf_printf(out, "The native API has no address %.*s.", STR_ARGS(request->path));
	else if (err->code == ERR_METHOD && err->detail.len > 0)
		buf_printf(out, "This address allows %.*s.", STR_ARGS(err->detail));
	else if (err->code == ERR_CONFLICT && !id_is_zero(&err->task)) {
		buf_puts(out, "The task exists already, with the id ");
		id_put(&err->task, out);
		buf_putc(out, '.');
	} else if (err->code == ERR_PRECONDITION) {
		buf_puts(out, "A precondition in the header of the request does not hold.");
	}
}

static void put_detail(
	const struct request *request, const struct err *err, const char *text, struct buf *out)
{
	struct buf detail = BUF_INIT;
	struct err general;

	err_set(&general, err->code, NULL, NULL);
	if (strcmp(text, err_text(&general)) == 0 || strcmp(text, title(request, err)) == 0)
		put_general_detail(request, err, &detail);
	else
		buf_puts(&detail, text);
	if (detail.len > 0) {
		buf_puts(out, ",\"detail\":");
		buf_put_json_string(out, buf_str(&detail));
	}
	out->failed |= !buf_ok(&detail);
	buf_free(&detail);
}

/* Names the task that exists. */
static void put_task(const struct err *err, struct buf *out)
{
	if (err->code != ERR_CONFLICT || id_is_zero(&err->task))
		return;
	buf_puts(out, ",\"task\":\"" NATIVE_TASKS_PATH "/");
	id_put(&err->task, out);
	buf_putc(out, '"');
}

static void put_problem(const struct request *request, const struct err *err, const char *text,
	int status, struct buf *out)
{
	put_type(request, err, out);
	buf_puts(out, ",\"status\":");
	buf_put_number(out, status);
	put_detail(request, err, text, out);
	put_instance(out, request);
	put_task(err, out);
	put_error_list(out, request, err);
	buf_putc(out, '}');
}

/* Header fields that name the accepted media types. */
static void add_error_headers(
	const struct request *request, const struct err *err, struct response *response)
{
	if (err->code == ERR_MEDIA_TYPE && request->method == METHOD_PATCH)
		response_add_header(response, "Accept-Patch", STR(NATIVE_PATCH_TYPES));
	if (err->code == ERR_MEDIA_TYPE && request->method == METHOD_POST)
		response_add_header(response, "Accept-Post",
			is_at(request, NATIVE_TASKS_PATH) ? STR(NATIVE_CREATE_TYPES)
							  : STR(NATIVE_MEDIA_TYPE));
}

void native_encode_error(const struct request *request, const struct err *err, const char *text,
	struct response *response)
{
	add_error_headers(request, err, response);
	put_problem(request, err, text, response->status, &response->body);
}

bool native_convert_error(struct err *err, struct arena *arena)
{
	struct err theirs = *err;
	struct str field = str_cstr(theirs.field);

	if (theirs.code == ERR_NO_MEMORY)
		return false;
	/* The request was parsed, so an invalid value is 422 here. */
	if (err_status(theirs.code) == 400)
		theirs.code = ERR_UNPROCESSABLE;
	if (field.len == 0)
		return err_set(err, theirs.code, NULL, "%s", err_text(&theirs));
	if (str_eq(field, STR("state")) || str_eq(field, STR("status")))
		return native_set_error(
			err, arena, theirs.code, NATIVE_AT_MEMBER(field), "%s", err_text(&theirs));
	return native_set_error(
		err, arena, theirs.code, NATIVE_AT_FIELD(field), "%s", err_text(&theirs));
}
