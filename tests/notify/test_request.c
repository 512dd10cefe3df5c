/* The HTTP requests of deliveries. */
#include <stdio.h>

#include "lib/check.h"
#include "notify/request.h"

#define NOW INT64_C(1614265330123)

static struct webhook make_webhook(const char *url, enum webhook_method method)
{
	return (struct webhook){ .url = str_cstr(url),
		.method = method,
		.secret = STR("twenty-four bytes or more"),
		.parallel = 1 };
}

static struct notify_request make(const struct webhook *webhook, const char *body, bool is_signed)
{
	const struct delivery delivery = { .number = 7, .body = str_cstr(body) };
	struct notify_request request = { 0 };
	struct err err = { 0 };

	must(notify_request_make(&request, webhook, &delivery, is_signed, NOW, &err), &err);
	return request;
}

static const char *line(const struct notify_request *request, const char *name)
{
	const char *text = request->lines.data;

	for (size_t i = 0; i < request->line_count; i++) {
		if (strncasecmp(text, name, strlen(name)) == 0)
			return text + strlen(name);
		text += strlen(text) + 1;
	}
	return NULL;
}

static void post_has_the_body(void **state)
{
	struct webhook webhook = make_webhook("https://example.com/hook", WEBHOOK_POST);
	struct notify_request request = make(&webhook, "{\"a\":1}", false);

	(void)state;
	assert_string_equal(request.url.data, "https://example.com/hook");
	assert_str(buf_str(&request.body), "{\"a\":1}");
	assert_string_equal(line(&request, "User-Agent: "), "Polytask/" POLYTASK_VERSION);
	assert_string_equal(line(&request, "Content-Type: "), "application/json");
	assert_null(line(&request, "webhook-"));
	assert_int_equal(request.line_count, 2);
	notify_request_free(&request);
}

static void signed_requests_have_three_fields_more(void **state)
{
	struct webhook webhook = make_webhook("https://example.com/", WEBHOOK_PUT);
	struct notify_request request = make(&webhook, "{}", true);

	(void)state;
	assert_string_equal(
		line(&request, "webhook-id: "), "00000000-0000-0000-0000-000000000000_7");
	assert_string_equal(line(&request, "webhook-timestamp: "), "1614265330");
	assert_int_equal(strncmp(line(&request, "webhook-signature: "), "v1,", 3), 0);
	assert_int_equal(strlen(line(&request, "webhook-signature: ")), 3 + 44);
	notify_request_free(&request);
}

static void the_trace_of_the_task_is_sent(void **state)
{
	struct webhook webhook = make_webhook("https://example.com/", WEBHOOK_GET);
	const struct delivery delivery = {
		.number = 7, .body = STR("{}"), .trace = { STR("00-1-2-01"), STR("a=1") }
	};
	struct notify_request request = { 0 };
	struct err err = { 0 };

	(void)state;
	must(notify_request_make(&request, &webhook, &delivery, true, NOW, &err), &err);
	assert_string_equal(line(&request, "traceparent: "), "00-1-2-01");
	assert_string_equal(line(&request, "tracestate: "), "a=1");
	assert_int_equal(request.line_count, 6);
	notify_request_free(&request);
	request = (struct notify_request){ 0 };
	webhook.headers[0] = (struct webhook_pair){ STR("Traceparent"), STR("mine") };
	webhook.header_count = 1;
	must(notify_request_make(&request, &webhook, &delivery, false, NOW, &err), &err);
	assert_string_equal(line(&request, "Traceparent: "), "mine");
	assert_null(line(&request, "tracestate"));
	notify_request_free(&request);
}

static void own_fields_and_parameters_are_added(void **state)
{
	struct webhook webhook = make_webhook("https://example.com/x?a=b#part", WEBHOOK_POST);
	struct notify_request request;

	(void)state;
	webhook.headers[0] = (struct webhook_pair){ STR("X-Key"), STR("k\xc3\xa4 1") };
	webhook.headers[1] = (struct webhook_pair){ STR("user-agent"), STR("Mine/1") };
	webhook.headers[2] = (struct webhook_pair){ STR("X-Empty"), STR("") };
	webhook.header_count = 3;
	webhook.query[0] = (struct webhook_pair){ STR("k&k"), STR("v=1 2") };
	webhook.query_count = 1;
	request = make(&webhook, "{}", false);
	assert_string_equal(request.url.data, "https://example.com/x?a=b&k%26k=v%3D1+2");
	assert_string_equal(line(&request, "X-Key: "), "k\xc3\xa4 1");
	assert_string_equal(line(&request, "User-Agent: "), "Mine/1");
	assert_string_equal(line(&request, "X-Empty"), ";");
	assert_int_equal(request.line_count, 4);
	notify_request_free(&request);
}

static void get_has_the_members_as_parameters(void **state)
{
	struct webhook webhook = make_webhook("https://example.com", WEBHOOK_GET);
	struct notify_request request;

	(void)state;
	webhook.query[0] = (struct webhook_pair){ STR("k"), STR("v") };
	webhook.query_count = 1;
	request = make(&webhook,
		"{\"product\":\"ad&breaks\",\"n\":1.5,\"b\":true,\"z\":null,\"o\":{\"a\":[1]}}",
		false);
	assert_string_equal(request.url.data,
		"https://example.com?k=v&product=ad%26breaks&n=1.5&b=true&z=&"
		"o=%7B%22a%22%3A%5B1%5D%7D");
	assert_int_equal(request.body.len, 0);
	assert_null(line(&request, "Content-Type"));
	notify_request_free(&request);
}

static void a_signed_get_signs_the_empty_body(void **state)
{
	struct webhook webhook = make_webhook("https://example.com/", WEBHOOK_GET);
	struct notify_request get = make(&webhook, "{\"a\":1}", true), post;

	(void)state;
	webhook.method = WEBHOOK_POST;
	post = make(&webhook, "", true);
	assert_string_equal(line(&get, "webhook-signature: "), line(&post, "webhook-signature: "));
	notify_request_free(&get);
	notify_request_free(&post);
}

static void fields_that_break_the_request_are_refused(void **state)
{
	static const struct webhook_pair pairs[] = {
		{ STR("X"), STR("a\r\nY: b") },
		{ STR("X"), STR("a\nb") },
		{ { "X", 1 }, { "a\0b", 3 } },
		{ STR("X: Y"), STR("b") },
		{ STR("X\r\nY"), STR("b") },
		{ STR(""), STR("b") },
		{ STR("X;"), STR("") },
	};
	const struct delivery delivery = { .number = 7, .body = STR("{}") };

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct webhook webhook = make_webhook("https://example.com/", WEBHOOK_POST);
		struct notify_request request = { 0 };
		struct err err = { 0 };

		webhook.headers[0] = pairs[i];
		webhook.header_count = 1;
		assert_fails(notify_request_make(&request, &webhook, &delivery, true, NOW, &err),
			&err, ERR_INVALID);
		notify_request_free(&request);
	}
}

int main(void)
{
	const struct CMUnitTest requests[] = {
		CHECK(post_has_the_body),
		CHECK(signed_requests_have_three_fields_more),
		CHECK(the_trace_of_the_task_is_sent),
		CHECK(own_fields_and_parameters_are_added),
		CHECK(get_has_the_members_as_parameters),
		CHECK(a_signed_get_signs_the_empty_body),
		CHECK(fields_that_break_the_request_are_refused),
	};

	return CHECK_RUN(requests);
}
