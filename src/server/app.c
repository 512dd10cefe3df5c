#include "server/app.h"

#include <stdio.h>

#include "auth/signature.h"
#include "base/clock.h"
#include "base/log.h"

/* The shape of a refusal where no dialect is known: the address belongs to none. */
static void refuse_plainly(const struct err *err, struct response *response)
{
	response->status = err_status(err->code);
	response->media_type = "application/json";
	buf_puts(&response->body, "{\"error\":");
	buf_put_json(&response->body, str_of(err_text(err)));
	buf_putc(&response->body, '}');
}

static void refuse(struct exchange *exchange, const struct err *err)
{
	struct response *response = &exchange->response;
	struct buf head = response->head;

	/* Header lines given so far stay: Allow belongs to a refusal. */
	response->head = BUF_INIT;
	response_reset(response);
	buf_free(&response->head);
	response->head = head;
	if (exchange->dialect)
		exchange->dialect->refuse(err, response);
	else
		refuse_plainly(err, response);
}

/* Which dialect speaks, by the address; else by what the web server took it for. */
static void find_dialect(struct exchange *exchange, bool parsed, size_t *skip)
{
	const struct request *request = &exchange->request;

	exchange->dialect = parsed ? dialect_by_path(request, skip)
				   : dialect_by_name(request_param(request, "POLYTASK_DIALECT"));
}

static bool check_principal(struct exchange *exchange, struct err *err)
{
	struct request *request = &exchange->request;
	struct str judged;

	if (!request_take_principal(request, err))
		return false;
	/* nginx and we read the address apart; the credential counts only where both agree. */
	judged = request->principal.dialect;
	if (!str_eq(judged, STR("*")) && !str_eq(judged, str_of(exchange->dialect->name)))
		return err_set(err, ERR_FORBIDDEN, NULL, NULL);
	return true;
}

static bool find_route(struct exchange *exchange, size_t skip, struct err *err)
{
	struct request *request = &exchange->request;
	unsigned allowed = 0;
	struct buf allow = BUF_INIT;

	switch (route_find(exchange->dialect->routes, request, skip, &exchange->route, &allowed)) {
	case ROUTE_FOUND:
		if (request->slash && !exchange->dialect->slash_optional)
			return err_set(err, ERR_NO_ROUTE, NULL, NULL);
		return true;
	case ROUTE_NO_METHOD:
		route_allow(allowed, &allow);
		response_header(&exchange->response, "Allow", buf_str(&allow));
		buf_free(&allow);
		exchange->route = NULL;
		if (request->method == METHOD_OPTIONS) {
			exchange->response.status = 204;
			return true;
		}
		return err_set(err, exchange->dialect->unknown_method, NULL, NULL);
	case ROUTE_NO_PATH:
	default:
		exchange->route = NULL;
		/* A word that nobody knows is not an address that nobody knows. */
		if (request->method == METHOD_OTHER)
			return err_set(err, exchange->dialect->unknown_method, NULL, NULL);
		return err_set(err, ERR_NO_ROUTE, NULL, NULL);
	}
}

static bool check_digest(const struct request *request, struct err *err)
{
	struct str sent = request_param(request, "HTTP_CONTENT_MD5");
	char made[SIGNATURE_TEXT_MAX];

	if (request_count_param(request, "HTTP_CONTENT_MD5") > 1)
		return err_set(
			err, ERR_INVALID, "Content-MD5", "Content-MD5 was sent more than once");
	if (sent.len == 0)
		return true;
	if (!content_md5(request->body, made))
		return err_set(err, ERR_NO_MEMORY, NULL, NULL);
	if (!signature_equal(str_trim(sent), made))
		return err_set(
			err, ERR_INVALID, "Content-MD5", "Content-MD5 does not match the body");
	return true;
}

/* The strong tag "N" of a revision; 0 when the text is none that we ever sent. */
static uint64_t revision_of_tag(struct str tag)
{
	uint64_t revision;

	if (tag.len < 3 || tag.ptr[0] != '"' || tag.ptr[tag.len - 1] != '"' ||
		!str_to_u64((struct str){ tag.ptr + 1, tag.len - 2 }, &revision))
		return 0;
	return revision;
}

/* Walks a list of tags (RFC 9110 §13.1): whether `*` or the revision is among them. */
static bool tags_have(struct str tags, uint64_t revision, bool weak)
{
	while (tags.len > 0) {
		const char *comma = memchr(tags.ptr, ',', tags.len);
		size_t len = comma ? (size_t)(comma - tags.ptr) : tags.len;
		struct str tag = str_trim((struct str){ tags.ptr, len });

		if (weak && str_starts(tag, STR("W/")))
			tag = str_from(tag, 2);
		if (str_eq(tag, STR("*")) || (revision && revision_of_tag(tag) == revision))
			return true;
		tags = str_from(tags, comma ? len + 1 : len);
	}
	return false;
}

/*
 * If-Match names one revision, which the store compares inside the transaction. If-None-Match: *
 * means "only if it is not there", which no change of a task can fulfil (RFC 9110 §13.1.2).
 */
static bool take_if_match(const struct request *request, struct op *op, struct err *err)
{
	struct str tag = str_trim(request_param(request, "HTTP_IF_MATCH"));
	struct str none = str_trim(request_param(request, "HTTP_IF_NONE_MATCH"));

	if ((op->kind == OP_UPDATE || op->kind == OP_REMOVE || op->kind == OP_ARCHIVE) &&
		str_eq(none, STR("*")))
		return err_set(err, ERR_PRECONDITION, "If-None-Match", NULL);
	if (tag.len == 0 || str_eq(tag, STR("*")))
		return true;
	op->if_revision = revision_of_tag(tag);
	if (op->if_revision == 0)
		return err_set(err, ERR_PRECONDITION, "If-Match", NULL);
	return true;
}

static bool decode(struct exchange *exchange, struct op *op, struct err *err)
{
	struct request *request = &exchange->request;

	if (!exchange->route->decode(request, op, err) || !take_if_match(request, op, err))
		return false;
	op->tenant = request->principal.tenant;
	op->actor = request->principal.user;
	op->now = request->now;
	op->dialect = exchange->dialect->code;
	if (op->kind == OP_CREATE && id_is_zero(&op->fresh) && !id_new(&op->fresh, request->now))
		return err_set(err, ERR_INTERNAL, NULL, NULL);
	return true;
}

/* One task's answer carries its revision; a reader who has it already is told so. */
static void tag_answer(struct exchange *exchange)
{
	const struct result *result = &exchange->result;
	struct response *response = &exchange->response;
	char tag[24];

	if (result->kind == OP_LIST || result->kind == OP_REMOVE || result->task.revision == 0)
		return;
	snprintf(tag, sizeof(tag), "\"%llu\"", (unsigned long long)result->task.revision);
	response_header(response, "ETag", str_of(tag));
	if (result->kind == OP_READ &&
		tags_have(request_param(&exchange->request, "HTTP_IF_NONE_MATCH"),
			result->task.revision, true)) {
		response->status = 304;
		response->media_type = NULL;
		buf_reset(&response->body);
	}
}

static bool encode(struct exchange *exchange, struct err *err)
{
	struct response *response = &exchange->response;

	if (!exchange->route->encode(&exchange->result, response, err))
		return false;
	if (!buf_ok(&response->body) || !buf_ok(&response->head))
		return err_set(err, ERR_NO_MEMORY, NULL, NULL);
	tag_answer(exchange);
	exchange->streaming = exchange->result.kind == OP_LIST &&
			      exchange->request.method != METHOD_HEAD;
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
	if (!check_principal(exchange, err) || !find_route(exchange, skip, err))
		return false;
	if (!exchange->route)
		return true;
	if (!(request->principal.rights & exchange->route->right))
		return err_set(err, ERR_FORBIDDEN, NULL, NULL);
	if (request->body.len > app->body_limit)
		return err_set(err, ERR_TOO_LARGE, NULL, NULL);
	memset(&op, 0, sizeof(op));
	if (!check_digest(request, err) || !decode(exchange, &op, err))
		return false;
	if (!store_apply(app->store, &op, &exchange->result, err))
		return false;
	exchange->response.held = exchange->result.written;
	return encode(exchange, err);
}

bool app_answer(struct app *app, struct exchange *exchange, struct err *err)
{
	exchange->began_us = clock_mono_us();
	if (str_eq(request_param(&exchange->request, "POLYTASK_CALL"), STR("authorize")))
		return authorize(
			app->store, &app->rules, &exchange->request, &exchange->response, err);
	if (serve(app, exchange, err))
		return true;
	if (err->code == ERR_PANIC)
		return false;
	exchange->streaming = false;
	refuse(exchange, err);
	return true;
}

void app_refuse(struct exchange *exchange, const struct err *err)
{
	size_t skip = 0;

	if (!exchange->dialect)
		find_dialect(exchange, false, &skip);
	exchange->streaming = false;
	buf_reset(&exchange->response.head);
	refuse(exchange, err);
}

bool app_more(struct exchange *exchange, size_t enough, struct err *err)
{
	struct buf *body = &exchange->response.body;
	struct task row;
	bool end = false;

	while (body->len < enough) {
		if (!store_next(exchange->result.listing, &row, &end, err))
			return false;
		if (end)
			break;
		if (exchange->rows++ > 0)
			buf_putc(body, ',');
		if (!exchange->route->row(&row, body))
			return err_set(err, ERR_NO_MEMORY, NULL, NULL);
	}
	if (end) {
		exchange->streaming = false;
		exchange->route->tail(&exchange->result, body);
	}
	return buf_ok(body) || err_set(err, ERR_NO_MEMORY, NULL, NULL);
}

static void put_text(struct buf *line, const char *head, struct str value)
{
	if (!value.ptr)
		return;
	buf_puts(line, head);
	buf_put_json(line, value);
}

static void put_number(struct buf *line, const char *head, int64_t value)
{
	buf_puts(line, head);
	buf_put_number(line, value);
}

void app_log(const struct exchange *exchange, struct buf *line, uint64_t sent)
{
	const struct request *request = &exchange->request;

	buf_reset(line);
	if (!log_begin(line, LOG_INFO, "request"))
		return;
	put_text(line, ",\"id\":", request_param(request, "POLYTASK_REQUEST_ID"));
	put_text(line, ",\"tenant\":", request->principal.tenant);
	put_text(line, ",\"user\":", request->principal.user);
	if (exchange->dialect)
		put_text(line, ",\"dialect\":", str_of(exchange->dialect->name));
	put_text(line, ",\"method\":", request_param(request, "REQUEST_METHOD"));
	if (exchange->route)
		put_text(line, ",\"route\":", str_of(exchange->route->pattern));
	put_number(line, ",\"status\":", exchange->response.status);
	put_number(line, ",\"in\":", (int64_t)request->body.len);
	put_number(line, ",\"out\":", (int64_t)sent);
	put_number(line, ",\"us\":", clock_mono_us() - exchange->began_us);
	log_end(line);
}

void app_reset(struct exchange *exchange)
{
	store_result_free(&exchange->result);
	response_reset(&exchange->response);
	mem_reset(&exchange->mem);
	/* Only what is counted is ever read: the arrays themselves need no clearing. */
	exchange->request.param_count = 0;
	exchange->request.segment_count = 0;
	exchange->request.query_count = 0;
	exchange->request.var_count = 0;
	exchange->request.method = METHOD_NONE;
	exchange->request.slash = false;
	exchange->request.uri = exchange->request.path = exchange->request.body = STR_NULL;
	exchange->request.principal = (struct principal){ 0 };
	exchange->request.mem = &exchange->mem;
	exchange->result.kind = OP_NONE;
	exchange->route = NULL;
	exchange->dialect = NULL;
	exchange->rows = 0;
	exchange->streaming = false;
}

void app_free(struct exchange *exchange)
{
	app_reset(exchange);
	response_free(&exchange->response);
	mem_free(&exchange->mem);
}
