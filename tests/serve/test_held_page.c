/* Pages of lists that are held back until their last row (serve/held_page.h). */
#include <stdio.h>

#include "serve/app_fixture.h"
#include "serve/held_page.h"

#define LIST	"/v1/tasks?limit=2"
#define LARGE	"/v1/tasks?limit=500"
#define OWN_MAX 1000000 /* bytes of a body in these tests */

static void create(struct app_fixture *f, const char *body)
{
	assert_int_equal(app_ask(f, "POST", "/v1/tasks", body), 201);
}

/* The ETag of the last response, with W/ and quotes. */
static const char *tag_of(struct app_fixture *f, char tag[64])
{
	struct str head = buf_str(&f->exchange.response.headers);
	const char *at = memmem(head.ptr, head.len, "ETag: ", 6);

	assert_non_null(at);
	snprintf(tag, 64, "%.*s", (int)strcspn(at + 6, "\r"), at + 6);
	return tag;
}

static int ask_with(struct app_fixture *f, const char *method, const char *uri, const char *tag)
{
	app_begin(f, method, uri, "");
	app_principal(f, "demo", "ann", "*", "read,write");
	app_param(f, "HTTP_IF_NONE_MATCH", tag);
	return app_answer(f);
}

static void page_has_a_weak_tag(void **state)
{
	struct app_fixture *f = *state;
	char tag[64];

	create(f, "{}");
	assert_int_equal(app_ask(f, "GET", LIST, ""), 200);
	assert_true(str_starts(str_cstr(tag_of(f, tag)), STR("W/\"")));
	assert_int_equal(strspn(tag + 3, "0123456789abcdef"), 32);
}

static void unchanged_page_is_304_without_a_body(void **state)
{
	struct app_fixture *f = *state;
	char tag[64], again[64];

	create(f, "{}");
	app_ask(f, "GET", LIST, "");
	tag_of(f, tag);
	assert_int_equal(ask_with(f, "GET", LIST, tag), 304);
	assert_int_equal(app_body(f).len, 0);
	assert_null(f->exchange.response.media_type);
	assert_string_equal(tag_of(f, again), tag);
}

/* Weak comparison (RFC 9110 §8.8.3.2), and `*` for any page. */
static void tag_is_found_in_each_form(void **state)
{
	struct app_fixture *f = *state;
	char tag[64], list[128];

	app_ask(f, "GET", LIST, "");
	tag_of(f, tag);
	assert_int_equal(ask_with(f, "GET", LIST, tag + 2), 304);
	snprintf(list, sizeof(list), "\"1\", %s", tag);
	assert_int_equal(ask_with(f, "GET", LIST, list), 304);
	assert_int_equal(ask_with(f, "GET", LIST, "*"), 304);
	assert_int_equal(ask_with(f, "HEAD", LIST, tag), 304);
}

static void other_and_malformed_tags_are_not_found(void **state)
{
	static const char *const tags[] = { "\"1\"", "W/\"\"", "x", "", "W/\"0\", \"" };
	struct app_fixture *f = *state;

	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
		assert_int_equal(ask_with(f, "GET", LIST, tags[i]), 200);
}

static void changed_row_changes_the_tag(void **state)
{
	struct app_fixture *f = *state;
	char tag[64], uri[128];

	app_make_task(f, uri);
	app_ask(f, "GET", LIST, "");
	tag_of(f, tag);
	assert_int_equal(app_ask(f, "PUT", uri, "{\"log\":\"x\"}"), 200);
	assert_int_equal(ask_with(f, "GET", LIST, tag), 200);
}

/* The page has the same rows, but another total. */
static void row_of_another_page_changes_the_tag(void **state)
{
	struct app_fixture *f = *state;
	char tag[64];

	for (int i = 0; i < 3; i++)
		create(f, "{}");
	app_ask(f, "GET", LIST, "");
	tag_of(f, tag);
	create(f, "{}");
	assert_int_equal(ask_with(f, "GET", LIST, tag), 200);
}

static void other_users_of_a_tenant_have_the_same_tag(void **state)
{
	struct app_fixture *f = *state;
	char tag[64];

	create(f, "{}");
	app_ask(f, "GET", LIST, "");
	tag_of(f, tag);
	app_begin(f, "GET", LIST, "");
	app_principal(f, "demo", "bob", "*", "read");
	app_param(f, "HTTP_IF_NONE_MATCH", tag);
	assert_int_equal(app_answer(f), 304);
}

static void head_has_the_fields_of_get(void **state)
{
	struct app_fixture *f = *state;
	char tag[64], again[64];

	for (int i = 0; i < 3; i++)
		create(f, "{}");
	app_ask(f, "GET", LIST, "");
	assert_true(app_head_has(f, "; rel=\"next\""));
	tag_of(f, tag);
	assert_int_equal(app_ask(f, "HEAD", LIST, ""), 200);
	assert_int_equal(app_body(f).len, 0);
	assert_true(app_head_has(f, "; rel=\"next\""));
	assert_string_equal(tag_of(f, again), tag);
}

/* Creates tasks of more bytes than a page may have. */
static void create_large(struct app_fixture *f)
{
	static char body[OWN_MAX];

	f->app.options.body_limit = OWN_MAX;
	for (unsigned i = 0; i < 16; i++) {
		snprintf(body, sizeof(body),
			"{\"dialect\":\"idol\",\"fields\":{\"master-type\":\"cd\",\"attachable\":"
			"{\"type\":\"tracks\",\"id\":\"1\"},\"x\":\"%0200000d\"}}",
			(int)i);
		create(f, body);
	}
}

/* Native clients may follow rel="next" alone, so no page may lack it. */
static void page_that_ends_by_its_size_links_to_the_next(void **state)
{
	struct app_fixture *f = *state;

	create_large(f);
	assert_int_equal(app_ask(f, "GET", LARGE, ""), 200);
	assert_in_range(app_body(f).len, 1 << 20, 2 << 20);
	assert_true(app_head_has(f, "; rel=\"next\""));
	assert_true(app_head_has(f, "ETag: W/"));
}

static void nothing_is_sent_of_a_page_that_is_held_back(void **state)
{
	struct app_fixture *f = *state;
	struct exchange *exchange = &f->exchange;
	struct err err;

	for (int i = 0; i < 3; i++)
		create(f, "{}");
	app_begin(f, "GET", LIST, "");
	app_principal(f, "demo", "ann", "*", "read");
	must(app_handle(&f->app, exchange, &err), &err);
	must(app_stream_rows(exchange, exchange->response.body.len + 1, INT64_MAX, &err), &err);
	assert_true(exchange->streaming);
	assert_true(exchange->held_back);
	while (exchange->streaming)
		must(app_stream_rows(exchange, exchange->response.body.len + 1, INT64_MAX, &err),
			&err);
	assert_false(exchange->held_back);
}

#define IDOL_LIST "/api/v2/import-tasks?page[size]=200"

static void idol_page_has_a_tag(void **state)
{
	struct app_fixture *f = *state;
	char tag[64];

	app_ask(f, "GET", IDOL_LIST, "");
	assert_int_equal(ask_with(f, "GET", IDOL_LIST, tag_of(f, tag)), 304);
}

/* A turn that has no time left reads one batch of rows. */
static void page_is_read_in_turns(void **state)
{
	struct app_fixture *f = *state;
	struct exchange *exchange = &f->exchange;
	unsigned turns = 0;
	struct err err;

	for (int i = 0; i < 200; i++)
		create(f, "{}");
	app_begin(f, "GET", "/v1/tasks?limit=200", "");
	app_principal(f, "demo", "ann", "*", "read");
	must(app_handle(&f->app, exchange, &err), &err);
	for (; exchange->streaming; turns++)
		must(app_stream_rows(exchange, SIZE_MAX, 0, &err), &err);
	assert_int_equal(turns, 3);
	assert_int_equal(exchange->result.rows_returned, 200);
}

/* Bytes that could end the link are escaped. */
static void link_repeats_the_query_escaped(void **state)
{
	struct app_fixture *f = *state;

	for (int i = 0; i < 2; i++)
		create(f, "{}");
	assert_int_equal(app_ask(f, "GET",
				 "/v1/tasks/?limit=1&created_from=2015-01-01T00:00:00%2B01:00", ""),
		200);
	assert_true(app_head_has(
		f, "/v1/tasks/?limit=1&created_from=2015-01-01T00%3A00%3A00%2B01%3A00&cursor="));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		APP_TEST(page_has_a_weak_tag),
		APP_TEST(unchanged_page_is_304_without_a_body),
		APP_TEST(tag_is_found_in_each_form),
		APP_TEST(other_and_malformed_tags_are_not_found),
		APP_TEST(changed_row_changes_the_tag),
		APP_TEST(row_of_another_page_changes_the_tag),
		APP_TEST(other_users_of_a_tenant_have_the_same_tag),
		APP_TEST(head_has_the_fields_of_get),
		APP_TEST(page_that_ends_by_its_size_links_to_the_next),
		APP_TEST(nothing_is_sent_of_a_page_that_is_held_back),
		APP_TEST(idol_page_has_a_tag),
		APP_TEST(page_is_read_in_turns),
		APP_TEST(link_repeats_the_query_escaped),
	};

	return CHECK_RUN(tests);
}
