#include "serve/calls.h"

#include "auth/limit_domain.h"
#include "auth/token_endpoint.h"
#include "base/clock.h"
#include "serve/routing.h"

/* Requests without a principal, which nginx limits, take turns by their network. */
static void set_client(const struct app *app, struct exchange *exchange)
{
	struct str address = request_cgi_param(&exchange->request, "REMOTE_ADDR");
	uint8_t bytes[16];

	if (app->limit)
		exchange->account = limit_key(
			app->limit, LIMIT_CLIENT, limit_network(address, bytes), STR_NULL);
}

/*
 * Yes or no: whether a load balancer should send requests. Nothing more, because everyone can ask.
 * While the disk is nearly full it should: reads work, and no other host has the tasks.
 */
static void answer_probe(const struct app *app, struct response *response)
{
	bool ready = !app->serving || atomic_load(app->serving);

	response->status = ready ? 200 : 503;
	response->media_type = "text/plain";
	response_add_header(response, "Cache-Control", STR("no-store"));
	buf_puts(&response->body, ready ? "ready\n" : "not ready\n");
}

static const struct {
	struct str name;
	enum request_call call;
	enum exchange_work work;
} calls[] = {
	{ STR("authorize"), CALL_AUTHORIZE, WORK_AUTHORIZE },
	{ STR("token"), CALL_TOKEN, WORK_LOGIN },
	{ STR("ready"), CALL_READY, WORK_NONE },
};

bool calls_begin(const struct app *app, struct exchange *exchange)
{
	struct str name = request_cgi_param(&exchange->request, "POLYTASK_CALL");

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		if (!str_eq(name, calls[i].name))
			continue;
		exchange->call = calls[i].call;
		exchange->work = calls[i].work;
		set_client(app, exchange);
		if (exchange->call == CALL_READY) {
			exchange->event = EVENT_PROBE;
			answer_probe(app, &exchange->response);
		}
		return true;
	}
	return false;
}

bool calls_authorize(struct app *app, struct exchange *exchange, struct err *err)
{
	const struct dialect *dialect;
	size_t skip = 0;

	routing_find_dialect(exchange, false, &skip);
	dialect = exchange->dialect;
	if (!authorize(app->store, dialect ? dialect->auth : NULL,
		    dialect ? app->options.clock_skew_ms[dialect->code] : 0, &exchange->request,
		    &exchange->response, &exchange->auth_log, err))
		return false;
	if (exchange->auth_log.reason)
		exchange->event = EVENT_DENIED;
	else if (exchange->response.status < 400)
		exchange->event = EVENT_AUTHORIZED;
	return true;
}

/* The path is a row's: nginx has a location for each. */
bool calls_log_in(struct app *app, struct exchange *exchange, struct err *err)
{
	const struct dialect *dialect;
	const struct token_address *address = dialect_token_address(
		request_cgi_param(&exchange->request, "REQUEST_URI"), &dialect);
	struct token_endpoint endpoint = {
		.store = app->store,
		.limit = app->limit,
		.burst = app->options.login_burst,
		.now_us = exchange->began_us,
		.address = address,
	};

	if (!address)
		return err_set(err, ERR_NO_ROUTE, NULL, NULL);
	endpoint.policy = dialect->auth;
	endpoint.dialect = str_cstr(dialect->name);
	exchange->event = EVENT_LOGIN;
	return token_endpoint_answer(
		&endpoint, &exchange->request, &exchange->response, &exchange->auth_log, err);
}
