#include "serve/exchange_log.h"

#include "auth/limit_domain.h"
#include "base/clock.h"
#include "base/log.h"

/* nginx passes any token as a method, even of thousands of characters. */
#define METHOD_LOG_MAX 32

/* Refusals logged per client address: a burst of 50, then one per second. */
static const struct limit_rule refusal_log_rate = { .interval_us = 1000000, .burst = 50 };

static const struct {
	const char *name;     /* NULL: it is not logged */
	bool unauthenticated; /* clients without a credential can cause it at any rate */
} events[EXCHANGE_EVENTS] = {
	[EVENT_REQUEST] = { "request", false },
	[EVENT_DENIED] = { "denied", true },
	[EVENT_LOGIN] = { "login", true },
	[EVENT_FORBIDDEN] = { "forbidden", false },
	[EVENT_LIMITED] = { "limited", true },
};

static bool may_log(struct app *app, const struct exchange *exchange)
{
	struct str address = request_cgi_param(&exchange->request, "REMOTE_ADDR");
	uint8_t bytes[16];
	uint64_t key;

	if (!app->limit || !events[exchange->event].unauthenticated ||
		exchange->response.status < 400)
		return true;
	key = limit_key(app->limit, LIMIT_REFUSAL_LOG, limit_network(address, bytes), STR_NULL);
	if (limit_take(app->limit, &refusal_log_rate, key, clock_mono_us(), NULL))
		return true;
	app->suppressed++;
	return false;
}

/* Unknown values are left out. */
static void put_text(struct buf *line, const char *prefix, struct str value)
{
	if (value.len == 0)
		return;
	buf_puts(line, prefix);
	buf_put_json_string(line, value);
}

static void put_number(struct buf *line, const char *prefix, int64_t value)
{
	buf_puts(line, prefix);
	buf_put_number(line, value);
}

static void put_trace(struct buf *line, const struct trace *trace)
{
	if (trace->parent.len == 0)
		return;
	put_text(line,
		",\"trace_id\":", (struct str){ trace->parent.ptr + TRACE_ID_AT, TRACE_ID_LEN });
	put_text(line,
		",\"span_id\":", (struct str){ trace->parent.ptr + TRACE_SPAN_AT, TRACE_SPAN_LEN });
}

static void put_request(struct buf *line, const struct exchange *exchange)
{
	const struct request *request = &exchange->request;
	struct str method = request_cgi_param(request, "ORIGINAL_METHOD");

	if (method.len == 0)
		method = request_cgi_param(request, "REQUEST_METHOD");
	if (method.len > METHOD_LOG_MAX)
		method.len = METHOD_LOG_MAX;
	put_text(line, ",\"id\":", request_cgi_param(request, "POLYTASK_REQUEST_ID"));
	put_trace(line, &request->trace);
	put_text(line, ",\"tenant\":", request->principal.tenant);
	put_text(line, ",\"user\":", request->principal.user);
	if (exchange->dialect)
		put_text(line, ",\"dialect\":", str_cstr(exchange->dialect->name));
	put_text(line, ",\"method\":", method);
	if (exchange->route)
		put_text(line, ",\"route\":", str_cstr(exchange->route->pattern));
	if (!id_is_zero(&exchange->result.task.id)) {
		char task[ID_TEXT_LEN + 1];

		id_format(&exchange->result.task.id, task);
		put_text(line, ",\"task\":", str_cstr(task));
	}
}

static void put_event(struct buf *line, const struct exchange *exchange)
{
	const struct auth_log_entry *entry = &exchange->auth_log;

	if (exchange->event == EVENT_REQUEST)
		return;
	put_text(line, ",\"address\":", request_cgi_param(&exchange->request, "REMOTE_ADDR"));
	put_text(line, ",\"call\":", str_cstr(entry->call));
	put_text(line, ",\"reason\":", str_cstr(entry->reason));
	put_text(line, ",\"credential\":", str_cstr(entry->credential));
	put_text(line, ",\"key\":", str_cstr(entry->key));
	put_text(line, ",\"name\":", str_cstr(entry->name));
}

static void count(struct app *app, const struct exchange *exchange, int64_t us)
{
	size_t number = request_number(
		&app->numbers, exchange->dialect, exchange->route, exchange->call);

	if (app->metrics)
		request_metrics_add(app->metrics, number, exchange->response.status,
			exchange->error, exchange->wait.resumed ? -1 : us);
}

void exchange_log(struct app *app, const struct exchange *exchange, struct buf *line, uint64_t sent)
{
	int64_t us = clock_mono_us() - exchange->began_us;

	count(app, exchange, us);
	buf_reset(line);
	if (!events[exchange->event].name || !may_log(app, exchange) ||
		!log_begin(line, LOG_INFO, events[exchange->event].name))
		return;
	put_request(line, exchange);
	put_event(line, exchange);
	put_number(line, ",\"status\":", exchange->response.status);
	put_number(line, ",\"in\":", (int64_t)exchange->request.body.len);
	put_number(line, ",\"out\":", (int64_t)sent);
	put_number(line, ",\"us\":", us);
	if (app->suppressed > 0)
		put_number(line, ",\"suppressed\":", (int64_t)app->suppressed);
	app->suppressed = 0;
	log_end(line);
}
