#include "admin/native_call.h"

#include "base/clock.h"
#include "dialect/dialect.h"
#include "dialect/retention_conf.h"
#include "http/json.h"
#include "http/query.h"
#include "store/store.h"

#define ALL_RIGHTS (RIGHT_READ | RIGHT_WRITE | RIGHT_WORK | RIGHT_ADMIN)

bool native_client_init(struct native_client *client, struct admin *admin, struct err *err)
{
	client->admin = admin;
	retention_from_conf(&client->retention, admin->conf);
	return tz_load(&client->tz, admin->conf->timezone) ||
	       err_set(err, ERR_INTERNAL, NULL, "cannot read the time zone %s",
		       admin->conf->timezone);
}

void native_call_put_param(struct buf *uri, const char *name, const char *value)
{
	if (!value)
		return;
	buf_putc(uri, memchr(uri->data, '?', uri->len) ? '&' : '?');
	buf_puts(uri, name);
	buf_putc(uri, '=');
	query_encode(uri, str_cstr(value), QUERY_PLUS_IS_PLUS);
}

/* ---- the error ---- */

/* "/priority", "sort"; NULL: no part of the request is at fault. */
static const char *place_of(const json_t *problem)
{
	static const char *const kinds[] = { "pointer", "parameter", "header" };
	const json_t *first = json_array_get(json_object_get(problem, "errors"), 0);
	const char *place = NULL;

	for (size_t i = 0; !place && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		place = json_string_value(json_object_get(first, kinds[i]));
	return place;
}

/* Whether the detail begins with the name of the member or parameter that the place is. */
static bool has_place(const char *detail, const char *place)
{
	const char *name = place + (place[0] == '/');
	size_t len = strlen(name);

	return strncmp(detail, name, len) == 0 && detail[len] == ' ';
}

/*
 * Replaces the text by that of the API. Other errors than those of the request keep theirs, which
 * admin_error_text() adapts.
 */
static void describe_error(const struct request *request, struct err *err)
{
	struct response response = { 0 };
	const char *place, *detail;
	json_t *problem = NULL;
	struct err ignored;

	if (err->code == ERR_NONE || err_status(err->code) >= 500)
		return;
	dialect_encode_error(&native_dialect, request, err, &response);
	if (json_parse_trusted(&problem, buf_str(&response.body), &ignored)) {
		place = place_of(problem);
		detail = json_string_value(json_object_get(problem, "detail"));
		if (!detail)
			detail = json_string_value(json_object_get(problem, "title"));
		if (detail && place && !has_place(detail, place))
			err_set(err, err->code, NULL, "%s: %s", place, detail);
		else if (detail)
			err_set(err, err->code, NULL, "%s", detail);
	}
	err->detail = STR_NULL;
	json_decref(problem);
	response_free(&response);
}

/* ---- the request ---- */

static bool find_route(const struct native_client *client, const struct native_call *call,
	struct request *request, const struct route **route, struct err *err)
{
	unsigned allowed;
	size_t skip;

	if (!request_add_cgi_param(request, STR("REQUEST_METHOD"), str_cstr(call->method), err) ||
		!request_add_cgi_param(request, STR("REQUEST_URI"), call->uri, err) ||
		!request_parse(request, err))
		return false;
	request->body = call->body;
	request->now = clock_wall_ms();
	request->tz = &client->tz;
	request->retention = &client->retention;
	request->base_url = str_cstr(client->admin->conf->public_url);
	request->body_limit = client->admin->conf->body_limit;
	request->principal = (struct principal){ .user = STR(NATIVE_CALL_USER),
		.tenant = call->tenant,
		.dialect = STR("*"),
		.rights = ALL_RIGHTS };
	if (dialect_by_path(request, &skip) != &native_dialect ||
		route_find(native_dialect.routes, request, skip, route, &allowed) != ROUTE_FOUND)
		return err_set(err, ERR_NO_ROUTE, NULL, NULL);
	return request->body.len <= native_dialect.body_max ||
	       err_set(err, ERR_TOO_LARGE, NULL, NULL);
}

static bool decode(struct store *store, struct request *request, const struct route *route,
	struct op *op, struct err *err)
{
	op->arena = request->arena;
	op->tenant = request->principal.tenant;
	op->actor = request->principal.user;
	op->now = request->now;
	op->tz = request->tz;
	op->leave_end = native_dialect.leaves_end;
	op->slice_steps = LIST_SLICE_STEPS;
	if (request->method != METHOD_GET && !store_new_id(store, request->now, &op->new_id))
		return err_set(err, ERR_INTERNAL, NULL, NULL);
	if (!route->decode(request, op, err))
		return false;
	/* Its response has items, which no command prints. */
	return op->kind != OP_BATCH ||
	       err_set(err, ERR_INVALID, NULL, "The body must be one task.");
}

static bool apply(struct store *store, const struct op *op, struct result *result, struct err *err)
{
	bool ok = store_apply(store, op, result, err);

	if (!ok && err->code == ERR_CONFLICT && op->kind == OP_CREATE)
		err->task = op->new_id;
	while (ok && result->unfinished)
		ok = store_go_on(result, LIST_SLICE_STEPS, err);
	return ok;
}

/* ---- the response ---- */

struct answer {
	struct response response;
	struct buf rows; /* each with a line feed, which JSON text does not contain */
};

static bool encode_rows(const struct native_call *call, const struct request *request,
	const struct route *route, struct result *result, struct answer *answer, struct err *err)
{
	struct buf *body = &answer->response.body, *out = call->take_row ? &answer->rows : body;
	bool end = false;
	struct task row;

	while (store_list_next(result, &row, &end, err) && !end) {
		if (!call->take_row && result->rows_returned > 1)
			buf_putc(out, ',');
		if (!route->encode_row(request, &row, out))
			return err_no_memory(err);
		if (call->take_row)
			buf_putc(out, '\n');
	}
	return end && (route->encode_end(request, result, body) || err_no_memory(err));
}

static bool encode(const struct native_call *call, const struct request *request,
	const struct route *route, struct result *result, struct answer *answer, struct err *err)
{
	if (!route->encode(request, result, &answer->response, err) ||
		(result->listing && !encode_rows(call, request, route, result, answer, err)))
		return false;
	return (buf_ok(&answer->response.body) && buf_ok(&answer->rows)) || err_no_memory(err);
}

/* Only what is on disk is shown. */
static bool flush(struct store *store, struct str tenant, struct err *err)
{
	return store_is_flushed_for(store, tenant) || store_flush(store, err);
}

static bool hand_over(const struct native_call *call, const struct answer *answer, struct buf *out,
	struct err *err)
{
	struct str rest = buf_str(&answer->rows);
	bool ok = true;

	while (ok && rest.len > 0)
		ok = call->take_row(str_split_next(&rest, '\n'), call->data, err);
	if (ok)
		buf_put_str(out, buf_str(&answer->response.body));
	return ok && (buf_ok(out) || err_no_memory(err));
}

bool native_call(const struct native_client *client, const struct native_call *call,
	struct buf *out, struct err *err)
{
	struct store *store = client->admin->store;
	struct arena arena = { 0 };
	struct request request = { .arena = &arena };
	struct answer answer = { 0 };
	const struct route *route = NULL;
	struct result result = { 0 };
	struct op op = { 0 };
	bool ok = find_route(client, call, &request, &route, err) &&
		  decode(store, &request, route, &op, err) && apply(store, &op, &result, err) &&
		  encode(call, &request, route, &result, &answer, err);

	if (!ok)
		describe_error(&request, err);
	ok = ok && flush(store, call->tenant, err) && hand_over(call, &answer, out, err);
	store_result_free(&result);
	response_free(&answer.response);
	buf_free(&answer.rows);
	arena_free(&arena);
	return ok;
}
