/* The static bodies of nginx's own errors, in the format of each dialect. */
#include <stdlib.h>

#include "auth/token_endpoint.h"
#include "generate.h"

#define ID_MARK "00000000request0id00000000"

/* Errors by nginx's status, and by $ssl_protocol: "" on a plain connection to the TLS port. */
static const struct {
	const char *pattern; /* NULL: all others */
	enum err_code code;
	const char *path; /* that only such errors are about; NULL: any */
} conditions[] = {
	{ .pattern = "~^400 $", .code = ERR_PLAIN_HTTP },
	{ .pattern = "~^400 ", .code = ERR_MALFORMED },
	{ .pattern = "~^404 ", .code = ERR_NO_ROUTE },
	{ .pattern = "~^405 ", .code = ERR_METHOD },
	/* Of static files: the application evaluates the preconditions of all other responses. */
	{ .pattern = "~^412 ", .code = ERR_PRECONDITION, .path = "/v1/openapi/" },
	{ .pattern = "~^413 ", .code = ERR_TOO_LARGE },
	{ .pattern = "~^414 ", .code = ERR_URI_TOO_LONG },
	{ .pattern = "~^421 ", .code = ERR_MISDIRECTED },
	{ .pattern = "~^429 ", .code = ERR_TOO_MANY_REQUESTS },
	{ .pattern = "~^431 ", .code = ERR_HEADER_TOO_LARGE },
	{ .pattern = "~^501 ", .code = ERR_NOT_IMPLEMENTED },
	{ .pattern = "~^503 ", .code = ERR_BUSY },
	{ .pattern = "~^505 ", .code = ERR_HTTP_VERSION },
	{ .code = ERR_INTERNAL },
};

#define CONDITIONS (sizeof(conditions) / sizeof(conditions[0]))

static void put_condition_map(void)
{
	buf_puts(&generated, "map \"$status $ssl_protocol\" $polytask_error {\n"
			     "\t\"~^40[13] \" refused;\n");
	for (size_t i = 0; i < CONDITIONS; i++) {
		const char *pattern = conditions[i].pattern, *quote = pattern ? "\"" : "";

		buf_printf(&generated, "\t%s%s%s %s;\n", quote, pattern ? pattern : "default",
			quote, err_name(conditions[i].code));
	}
	buf_puts(&generated, "}\n");
}

/* Sets a request id that put_body() replaces by $request_id. path: NULL: none. */
static struct request *named_request(struct request *request, const char *path)
{
	struct err err;

	*request = (struct request){ .path = str_cstr(path) };
	if (!request_add_cgi_param(request, STR("POLYTASK_REQUEST_ID"), STR(ID_MARK), &err))
		abort();
	return request;
}

/* The body as a quoted value of nginx. It cannot have '$', which nginx has no escape for. */
static void put_body(struct str body)
{
	buf_putc(&generated, '\'');
	while (body.len > 0) {
		if (str_starts(body, STR(ID_MARK))) {
			buf_puts(&generated, "$request_id");
			body = str_skip(body, strlen(ID_MARK));
			continue;
		}
		if (body.ptr[0] == '$')
			abort();
		if (body.ptr[0] == '\'' || body.ptr[0] == '\\')
			buf_putc(&generated, '\\');
		buf_putc(&generated, body.ptr[0]);
		body = str_skip(body, 1);
	}
	buf_putc(&generated, '\'');
}

/* Encodes an error in the format of a dialect; NULL: of the token endpoint. */
static void encode_error(const struct dialect *dialect, enum err_code code, const char *path,
	struct response *response)
{
	struct request request;
	struct err err;

	*response = (struct response){ 0 };
	err_set(&err, code, NULL, NULL);
	if (dialect)
		dialect_encode_error(dialect, named_request(&request, path), &err, response);
	else
		token_endpoint_encode_error(&err, response);
	if (!response->media_type)
		abort();
}

static void put_format_bodies(const struct dialect *dialect)
{
	for (size_t i = 0; i < CONDITIONS; i++) {
		enum err_code code = conditions[i].code;
		struct response response;

		encode_error(dialect, code, conditions[i].path, &response);
		buf_printf(&generated, "\t\"%s %s\" ", dialect ? dialect->name : "oauth",
			err_name(code));
		put_body(buf_str(&response.body));
		buf_puts(&generated, ";\n");
		response_free(&response);
	}
}

static void put_refusal_bodies(const struct dialect *dialect)
{
	const struct auth_refusal *row = dialect->auth->refusals;
	struct response response = { 0 };
	struct request request;
	bool last;

	do {
		last = row->reason == NULL;
		dialect_encode_refusal(
			dialect, named_request(&request, NULL), last ? "" : row->reason, &response);
		if (last)
			buf_printf(&generated, "\t\"~^%s \" ", dialect->name);
		else
			buf_printf(&generated, "\t\"%s %s\" ", dialect->name, row->reason);
		put_body(buf_str(&response.body));
		buf_puts(&generated, ";\n");
		response_reset(&response);
		row++;
	} while (!last);
	response_free(&response);
}

/* The token endpoint refuses no credential; an operator may add rules to its location that do. */
static void put_token_refusal(void)
{
	struct response response;

	encode_error(NULL, ERR_UNAUTHENTICATED, NULL, &response);
	buf_puts(&generated, "\t\"~^oauth \" ");
	put_body(buf_str(&response.body));
	buf_puts(&generated, ";\n");
	response_free(&response);
}

void generate_bodies(void)
{
	put_condition_map();
	buf_puts(&generated,
		"map \"$polytask_shape $polytask_refusal_reason\" $polytask_refusal_body {\n");
	for (size_t i = 0; dialects[i]; i++)
		put_refusal_bodies(dialects[i]);
	put_token_refusal();
	buf_puts(&generated, "}\nmap \"$polytask_shape $polytask_error\" $polytask_error_body {\n"
			     "\t\"~ refused$\" $polytask_refusal_body;\n");
	for (size_t i = 0; dialects[i]; i++)
		put_format_bodies(dialects[i]);
	put_format_bodies(NULL);
	buf_puts(&generated, "}\n");
}

static const char *media_type(const struct dialect *dialect)
{
	struct response response;
	const char *type;

	encode_error(dialect, ERR_BUSY, NULL, &response);
	type = response.media_type;
	response_free(&response);
	return type;
}

void generate_error_location(const struct dialect *dialect)
{
	buf_printf(&generated,
		"location = /-/error/%s {\n"
		"\tdefault_type \"%s\";\n"
		"\tinclude \"@CONF@/polytask-error.conf\";\n",
		dialect ? dialect->name : "oauth", media_type(dialect));
	/* RFC 6749 section 5.1. The token endpoint sends it itself. */
	if (!dialect)
		buf_puts(&generated, "\tadd_header Pragma no-cache always;\n");
	buf_puts(&generated, "}\n");
}
