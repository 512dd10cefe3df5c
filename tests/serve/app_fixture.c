#include "serve/app_fixture.h"

#include <stdio.h>

int app_fixture_open(void **state)
{
	static struct app_fixture fixture;
	const struct store_options options = {
		.mode = STORE_EPHEMERAL,
		.expected_tasks = 1000,
		.cache_mb = 8,
		.indexes = dialect_index_tables(),
	};
	struct err err;

	check_setup(state);
	memset(&fixture, 0, sizeof(fixture));
	must(store_open(&fixture.store, &options, &err), &err);
	must(limit_init(&fixture.limit, &err), &err);
	fixture.app = (struct app){ .store = fixture.store, .options.body_limit = BODY_LIMIT };
	exchange_reset(&fixture.exchange);
	*state = &fixture;
	return 0;
}

int app_fixture_close(void **state)
{
	struct app_fixture *f = *state;

	exchange_free(&f->exchange);
	buf_free(&f->scratch);
	store_close(f->store);
	return check_teardown(state);
}

void app_param(struct app_fixture *f, const char *name, const char *value)
{
	struct err err;

	must(request_add_cgi_param(&f->exchange.request, str_cstr(name), str_cstr(value), &err),
		&err);
}

void app_begin(struct app_fixture *f, const char *method, const char *uri, const char *body)
{
	exchange_reset(&f->exchange);
	app_param(f, "REQUEST_METHOD", method);
	app_param(f, "REQUEST_URI", uri);
	app_param(f, "POLYTASK_REQUEST_ID", REQUEST_ID);
	app_param(f, "REMOTE_ADDR", "192.0.2.1");
	f->exchange.request.body = str_cstr(body);
	f->exchange.request.now = REQUEST_NOW;
}

void app_principal(struct app_fixture *f, const char *tenant, const char *user, const char *dialect,
	const char *rights)
{
	app_param(f, "REMOTE_USER", user);
	app_param(f, "POLYTASK_TENANT", tenant);
	app_param(f, "POLYTASK_RIGHTS", rights);
	app_param(f, "POLYTASK_DIALECT", dialect);
}

int app_answer(struct app_fixture *f)
{
	struct exchange *exchange = &f->exchange;
	struct err err;

	must(app_handle(&f->app, exchange, &err), &err);
	while (exchange->streaming)
		must(app_stream_rows(exchange, exchange->response.body.len + 1, INT64_MAX, &err),
			&err);
	return exchange->response.status;
}

int app_ask(struct app_fixture *f, const char *method, const char *uri, const char *body)
{
	app_begin(f, method, uri, body);
	app_principal(f, "demo", "ann", "*", "read,write");
	return app_answer(f);
}

struct str app_body(struct app_fixture *f)
{
	return buf_str(&f->exchange.response.body);
}

bool app_head_has(struct app_fixture *f, const char *text)
{
	struct str head = buf_str(&f->exchange.response.headers);

	return memmem(head.ptr, head.len, text, strlen(text)) != NULL;
}

void app_make_task(struct app_fixture *f, char uri[128])
{
	struct str body;
	const char *id;

	assert_int_equal(app_ask(f, "POST", TASKS, "{\"description\":\"d\"}"), 200);
	assert_true(f->exchange.response.after_flush);
	body = app_body(f);
	id = memmem(body.ptr, body.len, "\"task_id\":\"", 11);
	assert_non_null(id);
	snprintf(uri, 128, TASKS "/%.36s", id + 11);
}
