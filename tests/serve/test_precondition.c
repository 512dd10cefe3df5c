/* Header fields with one meaning for all dialects: If-Match, Idempotency-Key, Content-MD5. */
#include <stdio.h>

#include "serve/app_fixture.h"

struct condition {
	const char *method, *name, *value;
	int status;
};

/* The rows are requests for one new task, whose first entity tag is "1". */
static void check_conditions(struct app_fixture *f, const struct condition *rows, size_t count)
{
	char uri[128];

	app_make_task(f, uri);
	for (size_t i = 0; i < count; i++) {
		app_begin(f, rows[i].method, uri, "{\"log\":\"x\"}");
		app_principal(f, "demo", "ann", "virtshell", "read,write");
		app_param(f, rows[i].name, rows[i].value);
		assert_int_equal(app_answer(f), rows[i].status);
		if (rows[i].status == 304)
			assert_int_equal(app_body(f).len, 0);
	}
}

static void if_none_match_compares_weakly(void **state)
{
	static const struct condition rows[] = {
		{ "GET", "HTTP_IF_NONE_MATCH", "\"1\"", 304 },
		{ "GET", "HTTP_IF_NONE_MATCH", "W/\"1\"", 304 },
		{ "GET", "HTTP_IF_NONE_MATCH", "\"7\", \"1\"", 304 },
		{ "GET", "HTTP_IF_NONE_MATCH", "*", 304 },
		{ "GET", "HTTP_IF_NONE_MATCH", "\"2\"", 200 },
		{ "GET", "HTTP_IF_NONE_MATCH", "1", 200 },
		{ "PUT", "HTTP_IF_NONE_MATCH", "*", 412 },
	};

	check_conditions(*state, rows, sizeof(rows) / sizeof(rows[0]));
}

/* Each 200 increments the revision. */
static void if_match_compares_strongly(void **state)
{
	static const struct condition rows[] = {
		{ "PUT", "HTTP_IF_MATCH", "\"2\"", 412 },
		{ "PUT", "HTTP_IF_MATCH", "W/\"1\"", 412 },
		{ "PUT", "HTTP_IF_MATCH", "nonsense", 400 },
		{ "PUT", "HTTP_IF_MATCH", "\"1\"", 200 },
		{ "PUT", "HTTP_IF_MATCH", "\"1\"", 412 },
		{ "PUT", "HTTP_IF_MATCH", "*", 200 },
		{ "PUT", "HTTP_IF_MATCH", "\"9\", \"3\"", 200 },
		{ "PUT", "HTTP_IF_MATCH", "\"9\",\"3\"", 412 },
		{ "PUT", "HTTP_IF_MATCH", " ", 400 },
		{ "PUT", "HTTP_IF_MATCH", "1,2,3,4,5,6,7,8,9", 400 },
	};

	check_conditions(*state, rows, sizeof(rows) / sizeof(rows[0]));
}

/* Repeated If-Match fields form one list; an empty field or a second one is not ignored. */
static void repeated_if_match_is_one_list(void **state)
{
	static const struct {
		const char *first, *second;
		int status;
	} rows[] = {
		{ "\"7\"", "\"1\"", 200 },
		{ "\"7\"", "\"1\"", 412 },
		{ "", "\"2\"", 400 },
		{ "\"2\"", "", 400 },
	};
	struct app_fixture *f = *state;
	char uri[128];

	app_make_task(f, uri);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		app_begin(f, "PUT", uri, "{\"log\":\"x\"}");
		app_principal(f, "demo", "ann", "virtshell", "read,write");
		app_param(f, "HTTP_IF_MATCH", rows[i].first);
		app_param(f, "HTTP_IF_MATCH", rows[i].second);
		assert_int_equal(app_answer(f), rows[i].status);
	}
}

static void repeated_idempotency_key_is_invalid(void **state)
{
	struct app_fixture *f = *state;

	app_begin(f, "POST", TASKS, "{\"log\":\"x\"}");
	app_principal(f, "demo", "ann", "virtshell", "read,write");
	app_param(f, "HTTP_IDEMPOTENCY_KEY", "a");
	app_param(f, "HTTP_IDEMPOTENCY_KEY", "b");
	assert_int_equal(app_answer(f), 400);
}

static const char named_task[] = "/tasks/catalog-item/movie/product/markers/version/1";

/* Vionlabs creates a task under a name of the client's, or finds it there. */
static int post_named_task(struct app_fixture *f, const char *name, const char *value)
{
	app_begin(f, "POST", named_task, "");
	app_principal(f, "demo", "ann", "vionlabs", "read,write");
	app_param(f, name, value);
	return app_answer(f);
}

static void creation_may_require_existence_or_absence(void **state)
{
	struct app_fixture *f = *state;

	assert_int_equal(post_named_task(f, "HTTP_IF_MATCH", "*"), 412);
	assert_int_equal(post_named_task(f, "HTTP_IF_NONE_MATCH", "*"), 200);
	assert_int_equal(post_named_task(f, "HTTP_IF_NONE_MATCH", "*"), 412);
	assert_int_equal(post_named_task(f, "HTTP_IF_MATCH", "*"), 200);
	/* The first revision of a named task is its creation time in ms. */
	assert_true(app_head_has(f, "ETag: \"1454433171000\"\r\n"));
	assert_int_equal(post_named_task(f, "HTTP_IF_MATCH", "\"1454433171000\""), 200);
	assert_int_equal(post_named_task(f, "HTTP_IF_MATCH", "\"1\""), 412);
}

/* A repeated request gets the first response; quotes are not part of the key. */
static void idempotency_key_repeats_the_response(void **state)
{
	static const struct {
		const char *key, *body;
		int status;
	} rows[] = {
		{ "\"k\"", "{\"log\":\"x\"}", 200 },
		{ "k", "{\"log\":\"x\"}", 200 },
		{ "k", "{\"log\":\"y\"}", 400 },
		{ "", "{\"log\":\"x\"}", 400 },
		{ "\"\"", "{\"log\":\"x\"}", 400 },
		{ "\x7f", "{\"log\":\"x\"}", 400 },
	};
	struct app_fixture *f = *state;
	char first[100] = "";

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		app_begin(f, "POST", TASKS, rows[i].body);
		app_principal(f, "demo", "ann", "virtshell", "read,write");
		app_param(f, "HTTP_IDEMPOTENCY_KEY", rows[i].key);
		assert_int_equal(app_answer(f), rows[i].status);
		if (i == 0)
			snprintf(first, sizeof(first), "%.*s", STR_ARGS(app_body(f)));
		else if (i == 1)
			assert_str(app_body(f), first);
	}
}

#define BODY	 "{\"status\": \"sucess\", \"log\": \"done\"}"
#define BODY_MD5 "7M0A4OBKUxRxxXC9BjjOgA=="

static int post_with_md5(struct app_fixture *f, const char *body)
{
	app_begin(f, "POST", TASKS, body);
	app_principal(f, "demo", "ann", "virtshell", "write");
	app_param(f, "HTTP_CONTENT_MD5", BODY_MD5);
	return app_answer(f);
}

static void content_md5_must_match_the_body(void **state)
{
	assert_int_equal(post_with_md5(*state, BODY), 200);
	assert_int_equal(post_with_md5(*state, "{\"status\": \"failed\"}"), 400);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		APP_TEST(if_none_match_compares_weakly),
		APP_TEST(if_match_compares_strongly),
		APP_TEST(repeated_if_match_is_one_list),
		APP_TEST(repeated_idempotency_key_is_invalid),
		APP_TEST(creation_may_require_existence_or_absence),
		APP_TEST(idempotency_key_repeats_the_response),
		APP_TEST(content_md5_must_match_the_body),
	};

	return CHECK_RUN(tests);
}
