/*
 * The made-up dialect of toybox/ in the whole path of a request: nothing outside its folder, the
 * list of dialects and its vectors knows it.
 */
#include <stdio.h>

#include "admin/sample.h"
#include "auth/token_change.h"
#include "auth/user.h"
#include "dialect/toybox/toybox.h"
#include "serve/app_fixture.h"
#include "task/right.h"

#define TOYS "/toybox/v1/toys"

/* Adds a toy and writes its id. */
static void add_toy(struct app_fixture *f, char id[ID_TEXT_LEN + 1])
{
	const char *start;

	assert_int_equal(app_ask(f, "POST", TOYS, "{\"toy\":\"bear\"}"), 201);
	assert_true(f->exchange.response.after_flush);
	start = memmem(app_body(f).ptr, app_body(f).len, "\"id\":\"", 6);
	assert_non_null(start);
	snprintf(id, ID_TEXT_LEN + 1, "%.36s", start + 6);
}

static void assert_body_has(struct app_fixture *f, const char *text)
{
	if (!memmem(app_body(f).ptr, app_body(f).len, text, strlen(text)))
		fail_msg("no %s in %.*s", text, STR_ARGS(app_body(f)));
}

static void created_toy_can_be_read_and_removed(void **state)
{
	struct app_fixture *f = *state;
	char id[ID_TEXT_LEN + 1], uri[128];

	add_toy(f, id);
	snprintf(uri, sizeof(uri), TOYS "/%s", id);
	assert_int_equal(app_ask(f, "GET", uri, ""), 200);
	assert_body_has(f, "\"toy\":\"bear\",\"state\":\"boxed\"");
	assert_int_equal(app_ask(f, "DELETE", uri, ""), 204);
	assert_int_equal(app_ask(f, "GET", uri, ""), 404);
	assert_str(app_body(f), "{\"oops\":\"This toy is not in the box.\"}");
}

static void list_has_every_toy(void **state)
{
	struct app_fixture *f = *state;
	char first[ID_TEXT_LEN + 1], second[ID_TEXT_LEN + 1];

	add_toy(f, first);
	add_toy(f, second);
	assert_int_equal(app_ask(f, "GET", TOYS, ""), 200);
	assert_body_has(f, first);
	assert_body_has(f, second);
}

static void errors_have_the_dialects_format(void **state)
{
	struct app_fixture *f = *state;

	assert_int_equal(app_ask(f, "POST", TOYS, "[]"), 400);
	assert_string_equal(f->exchange.response.media_type, "application/vnd.toybox+json");
	assert_int_equal(app_ask(f, "PUT", TOYS, ""), 405);
	assert_true(app_head_has(f, "Allow: GET, HEAD, POST, OPTIONS\r\n"));
	app_begin(f, "GET", TOYS, "");
	assert_int_equal(app_answer(f), 401);
	assert_true(app_head_has(f, "WWW-Authenticate: Toy\r\n"));
}

static void trailing_slash_is_not_found(void **state)
{
	struct app_fixture *f = *state;

	assert_int_equal(app_ask(f, "GET", TOYS "/", ""), 404);
	assert_str(app_body(f), "{\"oops\":\"There is nothing at this address.\"}");
}

/* ---- credentials ---- */

/* Asks the authorizer about a request with one more parameter, or with a body. */
static int ask_authorizer(struct app_fixture *f, const char *uri, const char *name,
	const char *value, const char *body)
{
	app_begin(f, "GET", "/-/authorize", body);
	app_param(f, "POLYTASK_CALL", "authorize");
	app_param(f, "POLYTASK_DIALECT", "toybox");
	app_param(f, "ORIGINAL_URI", uri);
	if (name)
		app_param(f, name, value);
	return app_answer(f);
}

/* A token of ann; expires is 0 for never. */
static void make_token(struct app_fixture *f, int64_t expires, char token[AUTH_TOKEN_MAX])
{
	const struct credential_terms terms = { .user = "ann",
		.rights = RIGHT_READ,
		.expires = expires,
		.created = REQUEST_NOW - 2000 };
	struct user user;
	struct err err;

	if (!user_get(f->store, "ann", &user, &err))
		must(user_add(f->store, "ann", "demo", RIGHT_READ, 0, REQUEST_NOW - 2000, &user,
			     &err),
			&err);
	must(token_add(f->store, expires ? "short" : "long", &terms, token, &err), &err);
}

static void credential_is_found_in_each_source(void **state)
{
	struct app_fixture *f = *state;
	char token[AUTH_TOKEN_MAX], bearer[100], query[100], form[100];

	make_token(f, 0, token);
	snprintf(bearer, sizeof(bearer), "Bearer %s", token);
	snprintf(query, sizeof(query), TOYS "?toy-token=%s", token);
	snprintf(form, sizeof(form), "toy-token=%s", token);
	assert_int_equal(ask_authorizer(f, TOYS, "HTTP_AUTHORIZATION", bearer, ""), 204);
	assert_true(app_head_has(f, "X-Polytask-Dialect: toybox\r\n"));
	assert_int_equal(ask_authorizer(f, query, NULL, NULL, ""), 204);
	assert_int_equal(ask_authorizer(f, TOYS, "HTTP_TOY_TOKEN", token, ""), 204);
	assert_int_equal(ask_authorizer(f, TOYS, NULL, NULL, form), 204);
}

static void refusal_has_the_dialects_challenge(void **state)
{
	struct app_fixture *f = *state;
	char token[AUTH_TOKEN_MAX];

	assert_int_equal(ask_authorizer(f, TOYS, NULL, NULL, ""), 401);
	assert_true(app_head_has(f, "X-Polytask-Reason: CredentialMissing\r\n"));
	assert_true(app_head_has(f, "WWW-Authenticate: Toy\r\n"));
	make_token(f, REQUEST_NOW - 1000, token);
	assert_int_equal(ask_authorizer(f, TOYS, "HTTP_TOY_TOKEN", token, ""), 401);
	assert_true(app_head_has(f, "WWW-Authenticate: Toy error=\"worn\"\r\n"));
	/* sources of other dialects do not count */
	make_token(f, 0, token);
	assert_int_equal(ask_authorizer(f, TOYS, "HTTP_X_API_KEY", token, ""), 401);
}

/* ---- the native API and samples ---- */

static void native_api_sees_toys(void **state)
{
	struct app_fixture *f = *state;
	char id[ID_TEXT_LEN + 1];

	add_toy(f, id);
	assert_int_equal(app_ask(f, "GET", "/v1/tasks?dialect=toybox&fields.toy=bear", ""), 200);
	assert_body_has(f, id);
	assert_body_has(f, "\"dialect\":\"toybox\"");
	assert_body_has(f, "\"status\":\"boxed\"");
}

static void native_api_creates_toys(void **state)
{
	struct app_fixture *f = *state;

	app_begin(f, "POST", "/v1/tasks",
		"{\"dialect\":\"toybox\",\"state\":\"running\",\"fields\":{\"toy\":\"car\"}}");
	app_param(f, "CONTENT_TYPE", "application/json");
	app_principal(f, "demo", "ann", "*", "read,write");
	assert_int_equal(app_answer(f), 201);
	assert_int_equal(app_ask(f, "GET", TOYS, ""), 200);
	assert_body_has(f, "\"toy\":\"car\",\"state\":\"glued\"");
	app_begin(f, "POST", "/v1/tasks", "{\"dialect\":\"toybox\"}");
	app_param(f, "CONTENT_TYPE", "application/json");
	app_principal(f, "demo", "ann", "*", "read,write");
	assert_int_equal(app_answer(f), 422);
}

static void sample_is_valid(void **state)
{
	struct arena arena = { 0 };
	struct sample sample;
	struct task task;
	struct err err;

	(void)state;
	must(sample_open(&sample, STR("toybox"), STR("demo"), 100, &err), &err);
	for (uint64_t i = 0; i < 100; i++) {
		assert_true(sample_task(&sample, i, &arena, &task));
		assert_int_equal(dialect_state(&toybox_statuses, task.status), task.state);
		must(toybox_validate(NULL, &task, &err), &err);
		arena_reset(&arena);
	}
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		APP_TEST(created_toy_can_be_read_and_removed),
		APP_TEST(list_has_every_toy),
		APP_TEST(errors_have_the_dialects_format),
		APP_TEST(trailing_slash_is_not_found),
		APP_TEST(credential_is_found_in_each_source),
		APP_TEST(refusal_has_the_dialects_challenge),
		APP_TEST(native_api_sees_toys),
		APP_TEST(native_api_creates_toys),
		CHECK(sample_is_valid),
	};

	return CHECK_RUN(tests);
}
