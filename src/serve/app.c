#include "serve/app.h"

#include <ctype.h>
#include <stdio.h>

#include "auth/signature.h"
#include "auth/token_endpoint.h"
#include "base/clock.h"
#include "serve/precondition.h"
#include "serve/rate.h"

/* The shape of a refusal where no dialect is known: the address belongs to none. */
static void encode_plain_error(const struct err *err, struct response *response)
{
	response->status = err_status(err->code);
	response->media_type = "application/json";
	buf_puts(&response->body, "{\"error\":");
	buf_put_json_string(&response->body, str_cstr(err_text(err)));
	buf_putc(&response->body, '}');
}

/* What the log calls a refusal; the others are requests like any. */
static void classify_refusal(struct exchange *exchange, enum err_code code)
{
	static const enum app_event events[ERR_CODES] = {
		[ERR_FORBIDDEN] = EVENT_FORBIDDEN,
		[ERR_TOO_MANY_REQUESTS] = EVENT_LIMITED,
		[ERR_QUOTA] = EVENT_LIMITED,
	};

	exchange->event = events[code];
	if (exchange->event == EVENT_LIMITED)
		exchange->note.reason = err_name(code);
}

static void refuse(struct exchange *exchange, const struct err *err)
{
	struct response *response = &exchange->response;
	struct buf head = response->headers;

	classify_refusal(exchange, err->code);
	/* Header lines given so far stay: Allow belongs to a refusal. */
	response->headers = BUF_INIT;
	response_reset(response);
	buf_free(&response->headers);
	response->headers = head;
	if (exchange->dialect)
		dialect_encode_error(exchange->dialect, &exchange->request, err, response);
	else
		encode_plain_error(err, response);
	response_add_retry_after(response, err->retry_after);
}

/* Which dialect speaks, by the address; else by what the web server took it for. */
static void find_dialect(struct exchange *exchange, bool parsed, size_t *skip)
{
	const struct request *request = &exchange->request;

	exchange->dialect = parsed ? dialect_by_path(request, skip)
				   : dialect_by_name(
					     request_cgi_param(request, "POLYTASK_DIALECT"));
}

static bool check_principal(struct exchange *exchange, struct err *err)
{
	struct request *request = &exchange->request;
	struct str credential_dialect;

	if (!request_parse_principal(request, err))
		return false;
	/* nginx and we read the address apart; the credential counts only where both agree. */
	credential_dialect = request->principal.dialect;
	if (!str_eq(credential_dialect, STR("*")) &&
		!str_eq(credential_dialect, str_cstr(exchange->dialect->name)))
		return err_set(err, ERR_FORBIDDEN, NULL, NULL);
	return true;
}

/* ---- the row ---- */

/* What links begin with: as configured, else as the client wrote it; a Host that is none: nothing.
 */
static bool set_base_url(const struct app *app, struct request *request, struct err *err)
{
	struct str scheme = request_cgi_param(request, "REQUEST_SCHEME");
	struct str host = request_cgi_param(request, "HTTP_HOST");
	char text[300];
	int len;

	request->tz = app->tz;
	request->base_url = str_cstr(app->public_url ? app->public_url : "");
	if (request->base_url.len > 0 || host.len == 0 || host.len > 255)
		return true;
	for (size_t i = 0; i < host.len; i++) {
		if (!isalnum((unsigned char)host.ptr[i]) && !strchr("-._:[]", host.ptr[i]))
			return true;
	}
	len = snprintf(text, sizeof(text), "%s://%.*s",
		str_eq(scheme, STR("http")) ? "http" : "https", STR_ARGS(host));
	request->base_url = arena_copy(request->arena, (struct str){ text, (size_t)len });
	return request->base_url.ptr || err_no_memory(err);
}

/* The same address without the slash at its end, query and all. */
static bool redirect(struct exchange *exchange, struct err *err)
{
	struct request *request = &exchange->request;
	struct str query = str_skip(request->uri, request->path.len);
	struct buf to = BUF_INIT;

	buf_put_str(&to, request->base_url);
	buf_put(&to, request->path.ptr, request->path.len - 1);
	buf_put_str(&to, query);
	response_add_header(&exchange->response, "Location", buf_str(&to));
	exchange->response.status = 307;
	exchange->route = NULL;
	if (!buf_ok(&to))
		err_no_memory(err);
	buf_free(&to);
	return buf_ok(&to);
}

/* The method is not one of this address: says which are. */
static bool answer_methods(struct exchange *exchange, unsigned allowed, struct err *err)
{
	struct buf allow = BUF_INIT;
	struct str text;

	exchange->route = NULL;
	route_write_allow(allowed, &allow);
	response_add_header(&exchange->response, "Allow", buf_str(&allow));
	text = arena_copy(exchange->request.arena, buf_str(&allow));
	buf_free(&allow);
	if (exchange->request.method == METHOD_OPTIONS) {
		exchange->response.status = 204;
		return true;
	}
	err_set(err, exchange->dialect->method_error, NULL, NULL);
	err->detail = text;
	return false;
}

/* False: to be refused; true without a route: answered already. */
static bool find_route(struct exchange *exchange, size_t skip, struct err *err)
{
	struct request *request = &exchange->request;
	unsigned allowed = 0;

	switch (route_find(exchange->dialect->routes, request, skip, &exchange->route, &allowed)) {
	case ROUTE_FOUND:
		if (!request->trailing_slash || exchange->dialect->trailing_slash == SLASH_IGNORE)
			return true;
		if (exchange->dialect->trailing_slash == SLASH_REDIRECT)
			return redirect(exchange, err);
		return err_set(err, ERR_NO_ROUTE, NULL, NULL);
	case ROUTE_METHOD_NOT_ALLOWED:
		return answer_methods(exchange, allowed, err);
	case ROUTE_NOT_FOUND:
	default:
		exchange->route = NULL;
		/* A word that nobody knows is not an address that nobody knows. */
		if (request->method == METHOD_OTHER)
			return err_set(err, exchange->dialect->method_error, NULL, NULL);
		return err_set(err, ERR_NO_ROUTE, NULL, NULL);
	}
}

/* ---- what holds for every row ---- */

static bool check_content_md5(const struct request *request, struct err *err)
{
	struct str sent = request_cgi_param(request, "HTTP_CONTENT_MD5");
	char made[SIGNATURE_TEXT_MAX];

	if (request_count_cgi_param(request, "HTTP_CONTENT_MD5") > 1)
		return err_set(
			err, ERR_INVALID, "Content-MD5", "Content-MD5 was sent more than once");
	if (sent.len == 0)
		return true;
	if (!content_md5(request->body, made))
		return err_no_memory(err);
	if (!signature_equal(str_trim(sent), made))
		return err_set(
			err, ERR_INVALID, "Content-MD5", "Content-MD5 does not match the body");
	return true;
}

static bool make_id(const struct dialect *dialect, int64_t now, struct id *id, struct err *err)
{
	if (!id_new(id, now))
		return err_set(err, ERR_INTERNAL, NULL, NULL);
	if (dialect->uuid_version)
		id_set_version(id, dialect->uuid_version);
	return true;
}

static void set_principal(const struct request *request, struct op *op)
{
	op->arena = request->arena;
	op->tenant = request->principal.tenant;
	op->actor = request->principal.user;
	op->now = request->now;
}

static bool decode(struct exchange *exchange, struct op *op, struct err *err)
{
	struct request *request = &exchange->request;
	bool changes = request->method != METHOD_GET && request->method != METHOD_HEAD;

	set_principal(request, op);
	if (changes && !make_id(exchange->dialect, request->now, &op->new_id, err))
		return false;
	if (!exchange->route->decode(request, op, err) || !precondition_parse(request, op, err))
		return false;
	if (op->companion) {
		set_principal(request, op->companion);
		return !id_is_zero(&op->companion->new_id) ||
		       make_id(exchange->dialect, request->now, &op->companion->new_id, err);
	}
	return true;
}

static bool encode(struct exchange *exchange, struct err *err)
{
	struct response *response = &exchange->response;

	if (!exchange->route->encode(&exchange->request, &exchange->result, response, err))
		return false;
	if (!buf_ok(&response->body) || !buf_ok(&response->headers))
		return err_no_memory(err);
	precondition_set_etag(&exchange->request, &exchange->result, response);
	exchange->streaming = exchange->result.listing && exchange->request.method != METHOD_HEAD;
	return true;
}

/* The path of a request from the address to the answer; false: to be refused. */
static bool serve(struct app *app, struct exchange *exchange, struct err *err)
{
	struct request *request = &exchange->request;
	struct op op;
	size_t skip = 0;
	bool parsed = request_parse(request, err);

	find_dialect(exchange, parsed, &skip);
	if (!parsed)
		return false;
	if (!exchange->dialect)
		return err_set(err, ERR_NO_ROUTE, NULL, NULL);
	if (!set_base_url(app, request, err) || !check_principal(exchange, err) ||
		!rate_take(app, exchange, err) || !find_route(exchange, skip, err))
		return false;
	if (!exchange->route)
		return true;
	if (!(request->principal.rights & exchange->route->right))
		return err_set(err, ERR_FORBIDDEN, NULL, NULL);
	if (request->body.len > app->body_limit)
		return err_set(err, ERR_TOO_LARGE, NULL, NULL);
	memset(&op, 0, sizeof(op));
	if (!check_content_md5(request, err) || !decode(exchange, &op, err))
		return false;
	rate_set_quota(app, &op);
	if (!store_apply(app->store, &op, &exchange->result, err))
		return false;
	exchange->response.after_flush = exchange->result.written;
	return encode(exchange, err);
}

/* ---- the calls ---- */

static bool answer_authorizer(struct app *app, struct exchange *exchange, struct err *err)
{
	size_t skip = 0;

	find_dialect(exchange, false, &skip);
	if (!authorize(app->store, &app->rules, &exchange->request, &exchange->response,
		    &exchange->note, err))
		return false;
	if (exchange->note.reason)
		exchange->event = EVENT_DENIED;
	else if (exchange->response.status < 400)
		exchange->event = EVENT_AUTHORIZED;
	return true;
}

static bool answer_login(struct app *app, struct exchange *exchange, struct err *err)
{
	const struct token_endpoint granting = { app->store, app->limit, app->login_burst,
		exchange->began_us };

	exchange->event = EVENT_LOGIN;
	return token_endpoint_answer(
		&granting, &exchange->request, &exchange->response, &exchange->note, err);
}

bool app_handle(struct app *app, struct exchange *exchange, struct err *err)
{
	struct str call = request_cgi_param(&exchange->request, "POLYTASK_CALL");

	exchange->began_us = clock_mono_us();
	if (str_eq(call, STR("authorize")))
		return answer_authorizer(app, exchange, err);
	if (str_eq(call, STR("token")))
		return answer_login(app, exchange, err);
	if (serve(app, exchange, err))
		return true;
	if (err->code == ERR_PANIC)
		return false;
	exchange->streaming = false;
	refuse(exchange, err);
	return true;
}

void app_set_error(struct exchange *exchange, const struct err *err)
{
	size_t skip = 0;

	if (!exchange->dialect)
		find_dialect(exchange, false, &skip);
	exchange->streaming = false;
	buf_reset(&exchange->response.headers);
	refuse(exchange, err);
}

bool app_stream_rows(struct exchange *exchange, size_t enough, struct err *err)
{
	struct buf *body = &exchange->response.body;
	struct task row;
	bool end = false;

	while (body->len < enough) {
		if (!store_list_next(&exchange->result, &row, &end, err))
			return false;
		if (end)
			break;
		if (exchange->result.rows_returned > 1)
			buf_putc(body, ',');
		if (!exchange->route->encode_row(&exchange->request, &row, body))
			return err_no_memory(err);
	}
	if (end) {
		exchange->streaming = false;
		if (!exchange->route->encode_end(&exchange->request, &exchange->result, body))
			return err_no_memory(err);
	}
	return buf_ok(body) || err_no_memory(err);
}

void app_reset(struct exchange *exchange)
{
	store_result_free(&exchange->result);
	response_reset(&exchange->response);
	arena_reset(&exchange->arena);
	/* Only what is counted is ever read: the arrays themselves need no clearing. */
	exchange->request.cgi_param_count = 0;
	exchange->request.segment_count = 0;
	exchange->request.query_count = 0;
	exchange->request.path_var_count = 0;
	exchange->request.method = METHOD_NONE;
	exchange->request.trailing_slash = false;
	exchange->request.uri = exchange->request.path = exchange->request.body = STR_NULL;
	exchange->request.base_url = STR_NULL;
	exchange->request.selected_fields = 0;
	exchange->request.rate_status = (struct rate_status){ 0 };
	exchange->request.principal = (struct principal){ 0 };
	exchange->request.arena = &exchange->arena;
	exchange->result.kind = OP_NONE;
	exchange->route = NULL;
	exchange->dialect = NULL;
	exchange->streaming = false;
	exchange->event = EVENT_REQUEST;
	exchange->note = (struct auth_log_entry){ 0 };
}

void app_free(struct exchange *exchange)
{
	app_reset(exchange);
	response_free(&exchange->response);
	arena_free(&exchange->arena);
}
