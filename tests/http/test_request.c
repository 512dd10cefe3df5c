#include <stdio.h>

#include "http/alloc_fault.h"
#include "http/request.h"
#include "lib/check.h"
#include "task/right.h"

static struct arena arena;

static bool parse(struct request *request, struct str method, struct str uri, struct err *err)
{
	*request = (struct request){ .arena = &arena };
	return request_add_cgi_param(request, STR("REQUEST_METHOD"), method, err) &&
	       request_add_cgi_param(request, STR("REQUEST_URI"), uri, err) &&
	       request_parse(request, err);
}

static const struct {
	const char *uri, *path;
	bool slash;
	size_t count;
	const char *segments[4];
} paths[] = {
	{ "/", "/", true, 0, { NULL } },
	{ "/?a", "/", true, 0, { NULL } },
	{ "/tasks", "/tasks", false, 1, { "tasks" } },
	{ "/tasks/", "/tasks/", true, 1, { "tasks" } },
	{ "/tasks/?/x/", "/tasks/", true, 1, { "tasks" } },
	{ "/a/b/c/d?x=1", "/a/b/c/d", false, 4, { "a", "b", "c", "d" } },
	{ "/a%2Fb/c", "/a%2Fb/c", false, 2, { "a/b", "c" } },
	{ "/a%2F", "/a%2F", false, 1, { "a/" } },
	{ "/%2F", "/%2F", false, 1, { "/" } },
	{ "/a+b/c%20d", "/a+b/c%20d", false, 2, { "a+b", "c d" } },
	{ "/\xC3\xA4/%C3%A4", "/\xC3\xA4/%C3%A4", false, 2, { "\xC3\xA4", "\xC3\xA4" } },
	{ "/%3F%23", "/%3F%23", false, 1, { "?#" } },
	{ "/%252e%252e", "/%252e%252e", false, 1, { "%2e%2e" } },
	{ "/.../a.b/.c/d..", "/.../a.b/.c/d..", false, 4, { "...", "a.b", ".c", "d.." } },
	{ "/a%0Ab", "/a%0Ab", false, 1, { "a\nb" } },
	{ "/;a=1,2:@!$'()*~", "/;a=1,2:@!$'()*~", false, 1, { ";a=1,2:@!$'()*~" } },
};

static void paths_are_split_and_decoded(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct request request;
		struct err err;

		must(parse(&request, STR("GET"), str_cstr(paths[i].uri), &err), &err);
		assert_int_equal(request.method, METHOD_GET);
		assert_str(request.uri, paths[i].uri);
		assert_str(request.path, paths[i].path);
		assert_int_equal(request.trailing_slash, paths[i].slash);
		assert_int_equal(request.segment_count, paths[i].count);
		for (size_t k = 0; k < paths[i].count; k++)
			assert_str(request.segments[k], paths[i].segments[k]);
	}
	arena_free(&arena);
}

static const struct str unsafe_uris[] = {
	STR(""),
	STR("*"),
	STR("tasks"),
	STR("?a=1"),
	STR("http://host/tasks"),
	STR("host:443"),
	STR("/."),
	STR("/./a"),
	STR("/.."),
	STR("/a/.."),
	STR("/a/../b"),
	STR("/a/./b"),
	STR("/%2e"),
	STR("/%2E%2e/a"),
	STR("/.%2e/a"),
	STR("/a%2Eb"),
	STR("/..%2Fa"),
	STR("/a%2f..%2Fb"),
	STR("/a%2F."),
	STR("/a\\b"),
	STR("/a%5Cb"),
	STR("/a%5cb"),
	STR("/a#b"),
	STR("/a?b#c"),
	STR("/a b"),
	STR("/a?b c"),
	STR("/a\tb"),
	STR("/a\r\nX: b"),
	STR("/a\x7F"),
	STR("/a\x01"),
	STR("/a\0b"),
	STR("/a%00b"),
	STR("/a?b=%00"),
	STR("/%"),
	STR("/%4"),
	STR("/%zz"),
	STR("/a?b=%zz"),
	STR("/\xFF"),
	STR("/%FF"),
	STR("/%C0%AE"),
	STR("/%C3/%A4"),
	STR("/%ED%A0%80"),
	STR("/a?b=\xFF"),
};

static void unsafe_uris_are_rejected(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(unsafe_uris) / sizeof(unsafe_uris[0]); i++) {
		struct request request;
		struct err err;

		if (parse(&request, STR("HEAD"), unsafe_uris[i], &err))
			fail_msg("%.*s is accepted", STR_ARGS(unsafe_uris[i]));
		assert_err(&err, ERR_MALFORMED);
		assert_int_equal(request.method, METHOD_HEAD);
		assert_int_equal(request.query_count, 0);
		assert_null(request.uri.ptr);
	}
	arena_free(&arena);
}

/* The web server does not select its rules by the query. */
static void query_may_contain_what_a_path_may_not(void **state)
{
	struct request request;
	struct err err;

	(void)state;
	must(parse(&request, STR("GET"), STR("/t?url=http://h/../a&b=x+y&b=2&%2e=..%5c&q?"), &err),
		&err);
	assert_int_equal(request.query_count, 5);
	assert_str(request_query_param(&request, "url"), "http://h/../a");
	assert_str(request_query_param(&request, "b"), "x y");
	assert_str(request.query[2].value, "2");
	assert_str(request_query_param(&request, "."), "..\\");
	assert_str(request_query_param(&request, "q?"), "");
	assert_non_null(request_query_param(&request, "q?").ptr);
	assert_null(request_query_param(&request, "c").ptr);
	arena_free(&arena);
}

static void repeat(struct buf *uri, const char *head, const char *part, size_t times)
{
	buf_reset(uri);
	buf_puts(uri, head);
	for (size_t i = 0; i < times; i++)
		buf_puts(uri, part);
}

static void check_limit(const char *head, const char *part, size_t most)
{
	struct buf uri = BUF_INIT;
	struct request request;
	struct err err = { 0 };

	repeat(&uri, head, part, most);
	must(parse(&request, STR("GET"), buf_str(&uri), &err), &err);
	repeat(&uri, head, part, most + 1);
	assert_false(parse(&request, STR("GET"), buf_str(&uri), &err));
	assert_err(&err, ERR_URI_TOO_LONG);
	buf_free(&uri);
	arena_free(&arena);
}

static void uri_has_limits(void **state)
{
	(void)state;
	check_limit("/", "a", REQUEST_URI_MAX - 1);
	check_limit("/?", "a", REQUEST_URI_MAX - 2);
	check_limit("", "/a", REQUEST_SEGMENTS_MAX);
	check_limit("/?", "a&", REQUEST_QUERY_MAX);
}

static void trailing_slash_is_not_a_segment(void **state)
{
	struct buf uri = BUF_INIT;
	struct request request;
	struct err err;

	(void)state;
	repeat(&uri, "/", "a/", REQUEST_SEGMENTS_MAX);
	must(parse(&request, STR("GET"), buf_str(&uri), &err), &err);
	assert_int_equal(request.segment_count, REQUEST_SEGMENTS_MAX);
	assert_true(request.trailing_slash);
	buf_free(&uri);
	arena_free(&arena);
}

static void method_and_uri_are_required_once(void **state)
{
	static const char *const rows[][4] = {
		{ "REQUEST_METHOD", "REQUEST_METHOD", "REQUEST_URI", NULL },
		{ "REQUEST_METHOD", "REQUEST_URI", "REQUEST_URI", NULL },
		{ "REQUEST_METHOD", NULL },
		{ "REQUEST_URI", NULL },
		{ NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct request request = { .arena = &arena };
		struct err err;

		for (size_t k = 0; rows[i][k]; k++)
			must(request_add_cgi_param(&request, str_cstr(rows[i][k]), STR("/a"), &err),
				&err);
		assert_false(request_parse(&request, &err));
		assert_err(&err, ERR_MALFORMED);
	}
	arena_free(&arena);
}

static void methods_are_parsed(void **state)
{
	static const struct {
		const char *word;
		enum method method;
	} rows[] = {
		{ "GET", METHOD_GET },
		{ "HEAD", METHOD_HEAD },
		{ "POST", METHOD_POST },
		{ "PUT", METHOD_PUT },
		{ "PATCH", METHOD_PATCH },
		{ "DELETE", METHOD_DELETE },
		{ "OPTIONS", METHOD_OPTIONS },
		{ "get", METHOD_OTHER },
		{ "GETX", METHOD_OTHER },
		{ "GE", METHOD_OTHER },
		{ "", METHOD_OTHER },
		{ "NONE", METHOD_OTHER },
		{ "OTHER", METHOD_OTHER },
		{ "TRACE", METHOD_OTHER },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(method_parse(str_cstr(rows[i].word)), rows[i].method);
		if (rows[i].method != METHOD_OTHER)
			assert_string_equal(method_name(rows[i].method), rows[i].word);
	}
}

static void cgi_params_are_limited(void **state)
{
	struct request request = { .arena = &arena };
	struct err err;

	(void)state;
	must(request_add_cgi_param(&request, STR("A"), STR("1"), &err), &err);
	must(request_add_cgi_param(&request, STR("A"), STR("2"), &err), &err);
	must(request_add_cgi_param(&request, STR("B"), STR(""), &err), &err);
	assert_str(request_cgi_param(&request, "A"), "1");
	assert_int_equal(request_count_cgi_param(&request, "A"), 2);
	assert_non_null(request_cgi_param(&request, "B").ptr);
	assert_null(request_cgi_param(&request, "a").ptr);
	assert_int_equal(request_count_cgi_param(&request, "C"), 0);
	while (request.cgi_param_count < REQUEST_CGI_PARAMS_MAX)
		must(request_add_cgi_param(&request, STR("X"), STR("x"), &err), &err);
	assert_false(request_add_cgi_param(&request, STR("X"), STR("x"), &err));
	assert_err(&err, ERR_HEADER_TOO_LARGE);
	assert_int_equal(request.cgi_param_count, REQUEST_CGI_PARAMS_MAX);
}

static const char *const trusted[][2] = {
	{ "REMOTE_USER", "u1" },
	{ "POLYTASK_TENANT", "demo" },
	{ "POLYTASK_RIGHTS", "read,work" },
	{ "POLYTASK_DIALECT", "virtshell" },
};

#define TRUSTED (sizeof(trusted) / sizeof(trusted[0]))

/*
 * All four parameters, but the one with index `other` has this value (STR_NULL: it is missing), and
 * the one with index `again` is repeated. TRUSTED is the index of none.
 */
static bool parse_principal(
	struct request *request, size_t other, struct str value, size_t again, struct err *err)
{
	*request = (struct request){ .arena = &arena };
	for (size_t i = 0; i < TRUSTED; i++) {
		struct str usual = str_cstr(trusted[i][1]);

		if (i == other && !value.ptr)
			continue;
		must(request_add_cgi_param(
			     request, str_cstr(trusted[i][0]), i == other ? value : usual, err),
			err);
		if (i == again)
			must(request_add_cgi_param(request, str_cstr(trusted[i][0]), usual, err),
				err);
	}
	return request_parse_principal(request, err);
}

static void assert_principal_rejected(size_t other, struct str value, size_t again)
{
	struct request request;
	struct err err;

	assert_false(parse_principal(&request, other, value, again, &err));
	assert_err(&err, ERR_UNAUTHENTICATED);
	assert_null(request.principal.user.ptr);
	assert_int_equal(request.principal.rights, 0);
}

static void principal_is_read_from_trusted_params(void **state)
{
	struct request request;
	struct err err;

	(void)state;
	must(parse_principal(&request, TRUSTED, STR_NULL, TRUSTED, &err), &err);
	assert_str(request.principal.user, "u1");
	assert_str(request.principal.tenant, "demo");
	assert_str(request.principal.dialect, "virtshell");
	assert_int_equal(request.principal.rights, RIGHT_READ | RIGHT_WORK);
	for (size_t i = 0; i < TRUSTED; i++) {
		assert_principal_rejected(i, STR_NULL, TRUSTED);
		assert_principal_rejected(i, STR(""), TRUSTED);
		assert_principal_rejected(i, STR("\xFF"), TRUSTED);
		assert_principal_rejected(TRUSTED, STR_NULL, i);
	}
	assert_principal_rejected(2, STR("read,all"), TRUSTED);
	assert_principal_rejected(2, STR("read, write"), TRUSTED);
}

/* Parses while the n-th allocation fails; false if none failed. */
static bool fault_round(enum alloc_fault kind, unsigned n, struct str uri)
{
	struct arena own = { 0 };
	struct request request = { .arena = &own };
	struct err err = { 0 };
	bool failed, ok;

	must(request_add_cgi_param(&request, STR("REQUEST_METHOD"), STR("GET"), &err), &err);
	must(request_add_cgi_param(&request, STR("REQUEST_URI"), uri, &err), &err);
	alloc_fault_begin(kind, n);
	ok = request_parse(&request, &err);
	failed = alloc_fault_end();
	assert_int_equal(ok, !failed);
	if (failed)
		assert_err(&err, ERR_NO_MEMORY);
	arena_free(&own);
	return failed;
}

static void each_allocation_may_fail(void **state)
{
	struct buf uri = BUF_INIT;
	unsigned one = 0, rest = 0;

	(void)state;
	/* 64 pairs of at least 16 bytes, the longest 6 KiB: more than one block of the arena. */
	repeat(&uri, "/a/b/c?", "%41=", 1500);
	for (int i = 0; i < 63; i++)
		buf_printf(&uri, "&name%02d=%0*d", i, 20, i);
	while (fault_round(ALLOC_FAULT_ONCE, one, buf_str(&uri)))
		one++;
	while (fault_round(ALLOC_FAULT_FROM_THERE_ON, rest, buf_str(&uri)))
		rest++;
	assert_int_equal(one, rest);
	assert_true(one >= 1);
	buf_free(&uri);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(paths_are_split_and_decoded),
		CHECK(unsafe_uris_are_rejected),
		CHECK(query_may_contain_what_a_path_may_not),
		CHECK(uri_has_limits),
		CHECK(trailing_slash_is_not_a_segment),
		CHECK(method_and_uri_are_required_once),
		CHECK(methods_are_parsed),
		CHECK(cgi_params_are_limited),
		CHECK(principal_is_read_from_trusted_params),
		CHECK(each_allocation_may_fail),
	};

	return CHECK_RUN(tests);
}
