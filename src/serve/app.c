#include "serve/app.h"

#include <stdio.h>

#include "auth/access.h"
#include "auth/limit_domain.h"
#include "base/clock.h"
#include "serve/batch.h"
#include "serve/body.h"
#include "serve/calls.h"
#include "serve/list_tag.h"
#include "serve/precondition.h"
#include "serve/preference.h"
#include "serve/prefetch.h"
#include "serve/rate.h"
#include "serve/refusal.h"
#include "serve/routing.h"
#include "serve/waiting.h"
#include "task/right.h"

/* Refuses a request of a credential without a right. */
static bool refuse_right(struct exchange *exchange, enum right right, struct err *err)
{
	const char *challenge = exchange->dialect->auth->scope_challenge;
	char scope[RIGHTS_TEXT_SIZE], text[128];
	int len;

	rights_format(right, scope, sizeof(scope));
	len = snprintf(text, sizeof(text), "%s, error=\"insufficient_scope\", scope=\"%s\"",
		challenge ? challenge : "", scope);
	if (challenge)
		response_add_header(
			&exchange->response, "WWW-Authenticate", (struct str){ text, (size_t)len });
	return err_set(err, ERR_FORBIDDEN, NULL, NULL);
}

static bool check_principal(struct exchange *exchange, struct err *err)
{
	struct request *request = &exchange->request;
	struct str credential_dialect;

	if (!request_parse_principal(request, err))
		return false;
	/* Reject a path for which nginx chose another dialect than dialect_by_path(). */
	credential_dialect = request->principal.dialect;
	if (!str_eq(credential_dialect, STR("*")) &&
		!str_eq(credential_dialect, str_cstr(exchange->dialect->name)))
		return err_set(err, ERR_FORBIDDEN, NULL, NULL);
	return true;
}

static bool make_id(
	struct app *app, const struct exchange *exchange, struct id *id, struct err *err)
{
	if (!store_new_id(app->store, exchange->request.now, id))
		return err_set(err, ERR_INTERNAL, NULL, NULL);
	if (exchange->dialect->uuid_version)
		id_set_version(id, exchange->dialect->uuid_version);
	return true;
}

static void set_principal(const struct request *request, struct op *op)
{
	op->arena = request->arena;
	op->tenant = request->principal.tenant;
	op->actor = request->principal.user;
	op->request = request_cgi_param(request, "POLYTASK_REQUEST_ID");
	op->trace = request->trace;
	op->now = request->now;
	op->tz = request->tz;
}

static bool decode(struct app *app, struct exchange *exchange, struct op *op, struct err *err)
{
	struct request *request = &exchange->request;
	/* Further attempts of these waits only read: an id would be wasted. */
	bool changes = request->method != METHOD_GET && request->method != METHOD_HEAD &&
		       !(exchange->wait.resumed && exchange->wait.of_task);

	set_principal(request, op);
	op->leave_end = exchange->dialect->leaves_end;
	if (changes && !make_id(app, exchange, &op->new_id, err))
		return false;
	if (!exchange->route->decode(request, op, err))
		return false;
	if (op->right != RIGHT_NONE && !(request->principal.rights & op->right))
		return refuse_right(exchange, op->right, err);
	if (!precondition_parse(request, op, err))
		return false;
	if (app->wake_counters)
		preference_parse(exchange, op);
	if (op->companion) {
		set_principal(request, op->companion);
		return !id_is_zero(&op->companion->new_id) ||
		       make_id(app, exchange, &op->companion->new_id, err);
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
	preference_add_applied(exchange);
	if (response->status == 200)
		list_tag_add(exchange);
	exchange->held_back = exchange->result.listing && exchange->route->encode_links;
	exchange->streaming = exchange->held_back || exchange->result.batch ||
			      (exchange->result.listing && exchange->request.method != METHOD_HEAD);
	return true;
}

/* From the path to a row of a dialect's table that this principal may use. */
static bool find_route(struct app *app, struct exchange *exchange, struct err *err)
{
	struct request *request = &exchange->request;
	size_t skip = 0;
	bool parsed = request_parse(request, err);

	routing_find_dialect(exchange, parsed, &skip);
	if (!parsed)
		return false;
	if (!exchange->dialect)
		return err_set(err, ERR_NO_ROUTE, NULL, NULL);
	request->trace = request_trace(request);
	request->tz = app->tz;
	request->retention = &app->options.retention;
	request->body_limit = app->options.body_limit;
	request->completes_tasks = app->options.completes_tasks[exchange->dialect->code];
	if (!routing_set_base_url(app, request, err) || !check_principal(exchange, err) ||
		!rate_take(app, exchange, err) || !routing_find_route(exchange, skip, err))
		return false;
	if (exchange->route && !(request->principal.rights & exchange->route->right))
		return refuse_right(exchange, exchange->route->right, err);
	return true;
}

/* Ends an operation, unless it is one in slices that is not complete, or a bulk to wait for. */
static bool finish(struct app *app, struct exchange *exchange, struct err *err)
{
	exchange->work = exchange->result.unfinished ? WORK_SLICES : WORK_NONE;
	if (exchange->work == WORK_SLICES)
		return true;
	if (!waiting_for_bulk(app, exchange, err))
		return false;
	if (waiting_goes_on(exchange)) {
		exchange->work = WORK_PARKED;
		return true;
	}
	exchange->response.after_flush = exchange->result.written;
	return encode(exchange, err);
}

static unsigned slice_steps(const struct app *app)
{
	return app->slice_steps > 0 ? app->slice_steps : LIST_SLICE_STEPS;
}

int64_t app_slice_us(const struct app *app)
{
	return (int64_t)LIST_SLICE_US * slice_steps(app) / LIST_SLICE_STEPS;
}

/*
 * Whether work that flushes by itself (store_auth_update()) has to wait for the flush of the round:
 * it would end the round, and a failure would not be known to the other requests.
 */
static bool postpone(const struct app *app, struct exchange *exchange, enum exchange_work work)
{
	exchange->is_postponed = store_has_unflushed(app->store);
	if (exchange->is_postponed) {
		exchange->used_store = true;
		exchange->work = work;
	}
	return exchange->is_postponed;
}

static bool apply(struct app *app, struct exchange *exchange, const struct op *op, struct err *err)
{
	bool waits = op->wait_ms > 0 && app->wake_counters &&
		     (op->kind != OP_BULK || exchange->wait.resumed);

	exchange->used_store = true;
	if (op->kind == OP_ACCESS)
		return auth_apply(app->store, op, &exchange->result, err);
	if (!(waits ? waiting_apply(app, exchange, op, err)
		    : store_apply(app->store, op, &exchange->result, err))) {
		if (err->code == ERR_CONFLICT && op->kind == OP_CREATE)
			err->task = op->new_id;
		return false;
	}
	exchange->undo = exchange->result.claimed_count > 0;
	return true;
}

/*
 * Finds where a stream begins, and writes its head. The events are read by the stream, the first
 * one again.
 */
static bool begin_stream(
	struct app *app, struct exchange *exchange, const struct op *op, struct err *err)
{
	struct op_feed first = *op->feed;
	struct op look = *op;

	first.limit = 1;
	first.with_tasks = false;
	look.feed = &first;
	exchange->used_store = true;
	if (!store_apply(app->store, &look, &exchange->result, err) || !encode(exchange, err))
		return false;
	response_add_header(&exchange->response, "Cache-Control", STR("no-store"));
	/* nginx passes events on at once, and keeps none for a slow reader. */
	response_add_header(&exchange->response, "X-Accel-Buffering", STR("no"));
	exchange->stream = op->feed;
	if (exchange->request.method != METHOD_HEAD)
		exchange->work = WORK_STREAM;
	return true;
}

static bool takes_slices(enum op_kind kind)
{
	return kind == OP_LIST || kind == OP_STATS || kind == OP_SERIES || kind == OP_WORKERS ||
	       kind == OP_FEED || kind == OP_BULK || kind == OP_ACCESS;
}

/* Content-MD5 and signatures are those of the coded body (RFC 1864 §2). */
static bool make_body_plain(struct app *app, struct exchange *exchange, struct err *err)
{
	if (!exchange->body_is_plain)
		exchange->body_is_plain = precondition_check_digest(&exchange->request, err) &&
					  body_decode(app, exchange, err);
	return exchange->body_is_plain;
}

/*
 * Decodes the request to one operation and applies it. again: one that cannot be cut in slices has
 * got its turn.
 */
static bool execute(struct app *app, struct exchange *exchange, bool again, struct err *err)
{
	struct op op;

	if (exchange->request.body.len > body_limit(app, &exchange->request, exchange->dialect))
		return err_set(err, ERR_TOO_LARGE, NULL, NULL);
	if (waiting_has_ended(exchange))
		return finish(app, exchange, err);
	memset(&op, 0, sizeof(op));
	if (!make_body_plain(app, exchange, err))
		return false;
	if (!decode(app, exchange, &op, err))
		return false;
	if (op.kind == OP_NONE)
		return finish(app, exchange, err);
	if (op.kind == OP_FEED && op.feed->is_stream)
		return begin_stream(app, exchange, &op, err);
	if (list_tag_answer(app, exchange, &op))
		return buf_ok(&exchange->response.headers) || err_no_memory(err);
	if (op.kind == OP_ACCESS && postpone(app, exchange, WORK_OPERATION))
		return true;
	if (!again && batch_is_long(&op)) {
		exchange->work = WORK_WHOLE;
		return true;
	}
	/* A wait must not miss a change that it has counted (wait.seen). */
	op.is_prefetched = exchange->is_prefetched && op.wait_ms == 0;
	rate_set_quota(app, &op);
	batch_begin(app, exchange, &op);
	/* A removal with few dependents is one transaction whatever the load. */
	op.slice_steps = takes_slices(op.kind) ? slice_steps(app) : LIST_SLICE_STEPS;
	exchange->commits_slices = !takes_slices(op.kind);
	if (op.claim && app->claim_us > 0)
		op.claim_until_us = clock_mono_us() + app->claim_us;
	if (!apply(app, exchange, &op, err))
		return false;
	return finish(app, exchange, err);
}

static bool go_on_with_slices(struct app *app, struct exchange *exchange, struct err *err)
{
	struct result *result = &exchange->result;

	if (result->access && postpone(app, exchange, WORK_SLICES))
		return true;
	exchange->used_store = true;
	return (result->access ? auth_go_on(result, slice_steps(app), err)
			       : store_go_on(result, slice_steps(app), err)) &&
	       finish(app, exchange, err);
}

static void begin(struct app *app, struct exchange *exchange)
{
	struct err err = { 0 };

	if (!find_route(app, exchange, &err))
		refusal_write(exchange, &err);
	else if (exchange->route)
		exchange->work = WORK_OPERATION;
}

void app_resume(struct app *app, struct exchange *exchange)
{
	exchange->wait.resumed = true;
	begin(app, exchange);
}

void app_start(struct app *app, struct exchange *exchange)
{
	exchange->began_us = clock_mono_us();
	if (calls_begin(app, exchange))
		return;
	begin(app, exchange);
	prefetch_task(app, exchange);
}

void app_run_again(struct app *app, struct exchange *exchange, const struct exchange_wait *waited)
{
	exchange_rewind(exchange);
	exchange->runs++;
	if (waited) {
		exchange->wait = *waited;
		app_resume(app, exchange);
	} else if (!calls_begin(app, exchange)) {
		begin(app, exchange);
	}
}

static bool do_work(struct app *app, struct exchange *exchange, struct err *err)
{
	enum exchange_work work = exchange->work;

	exchange->work = WORK_NONE;
	switch (work) {
	case WORK_AUTHORIZE:
		exchange->used_store = true;
		return calls_authorize(app, exchange, err);
	case WORK_LOGIN:
		if (postpone(app, exchange, WORK_LOGIN))
			return true;
		exchange->used_store = true;
		return calls_log_in(app, exchange, err);
	case WORK_SLICES:
		return go_on_with_slices(app, exchange, err);
	case WORK_OPERATION:
	case WORK_WHOLE:
		return execute(app, exchange, work == WORK_WHOLE, err);
	case WORK_STREAM:
	case WORK_PARKED:
	case WORK_NONE:
	default:
		return true;
	}
}

bool app_go_on(struct app *app, struct exchange *exchange, struct err *err)
{
	if (do_work(app, exchange, err))
		return true;
	if (err->code == ERR_PANIC)
		return false;
	exchange->is_deferred = err->code == ERR_BUSY && store_is_deferred(app->store);
	app_undo(app, exchange);
	exchange->work = WORK_NONE;
	exchange->streaming = exchange->held_back = false;
	refusal_write(exchange, err);
	return true;
}

bool app_handle(struct app *app, struct exchange *exchange, struct err *err)
{
	app_start(app, exchange);
	while (app_is_working(exchange)) {
		if (!app_go_on(app, exchange, err))
			return false;
	}
	return true;
}

void app_set_error(struct exchange *exchange, const struct err *err)
{
	size_t skip = 0;

	if (!exchange->dialect)
		routing_find_dialect(exchange, false, &skip);
	exchange->work = WORK_NONE;
	exchange->streaming = exchange->held_back = false;
	buf_reset(&exchange->response.headers);
	refusal_write(exchange, err);
}
