/* The parameters of the token endpoint in each kind of body (auth/token_params.h). */
#include <stdlib.h>

#include "auth/token_params.h"
#include "lib/check.h"

#define MULTIPART	   "multipart/form-data; boundary=b"
#define PART(head, value)  "--b\r\n" head "\r\n\r\n" value "\r\n"
#define FIELD(name, value) PART("Content-Disposition: form-data; name=\"" name "\"", value)
#define TYPE		   FIELD("grant_type", "password")

static struct arena arena;
static struct token_params params;

static int free_texts(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

static enum token_params_fault read_params(const char *type, const char *query, struct str body)
{
	struct request request = { .arena = &arena, .body = body };
	struct err err;

	must(request_add_cgi_param(&request, STR("CONTENT_TYPE"), str_cstr(type), &err), &err);
	must(request_add_cgi_param(&request, STR("QUERY_STRING"), str_cstr(query), &err), &err);
	must(token_params_read(&params, &request, true, &err), &err);
	return params.fault;
}

static void assert_value(enum token_param param, const char *expected)
{
	if (expected)
		assert_str(params.values[param], expected);
	else
		assert_null(params.values[param].ptr);
}

static void every_kind_of_body_is_read(void **state)
{
	static const struct {
		const char *type, *body;
	} cases[] = {
		{ "", "grant_type=password&username=a+b&x=y" },
		{ "application/x-www-form-urlencoded; charset=utf-8",
			"grant_type=password&username=a%20b" },
		{ "application/json", "{\"grant_type\":\"password\",\"username\":\"a b\","
				      "\"x\":{\"username\":[1]},\"scope\":null}" },
		{ "Application/JSON; charset=utf-8",
			"{\"grant_type\":\"password\",\"username\":\"a b\"}" },
		{ "application/vnd.api+json",
			"{\"grant_type\":\"password\",\"username\":\"a b\"}" },
		{ MULTIPART, TYPE FIELD("username", "a b") "--b--\r\n" },
		{ MULTIPART, "preamble\r\n" TYPE FIELD("username", "a b") "--b--" },
		{ "multipart/form-data; charset=utf-8; Boundary=\"b\"",
			TYPE PART("content-type: text/plain\r\ncontent-disposition: form-data; "
				  "NAME=username",
				"a b") "--b--\r\nepilogue" },
		{ MULTIPART, "--b \t\r\nContent-Disposition: form-data; name=\"grant_type\"\r\n\r\n"
			     "password\r\n" FIELD("username", "a b")
				     PART("Content-Disposition: form-data; name=\"scope\"; "
					  "filename=\"x\"",
					     "admin") PART("X: y", "z") "--b\r\n\r\nv\r\n--b--" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(read_params(cases[i].type, "", str_cstr(cases[i].body)),
			TOKEN_PARAMS_VALID);
		assert_value(TOKEN_GRANT_TYPE, "password");
		assert_value(TOKEN_USERNAME, "a b");
		assert_value(TOKEN_PASSWORD, NULL);
		assert_value(TOKEN_SCOPE, NULL);
	}
}

static void body_replaces_the_query(void **state)
{
	(void)state;
	assert_int_equal(read_params("", "username=a&scope=read", STR("username=b&password=")),
		TOKEN_PARAMS_VALID);
	assert_value(TOKEN_USERNAME, "b");
	assert_value(TOKEN_SCOPE, "read");
	assert_value(TOKEN_PASSWORD, "");
	assert_int_equal(read_params("application/json", "username=a",
				 STR("{\"username\":null,\"scope\":\"read\"}")),
		TOKEN_PARAMS_VALID);
	assert_value(TOKEN_USERNAME, "a");
}

static void other_bodies_have_no_parameters(void **state)
{
	static const struct {
		const char *type, *body;
	} cases[] = {
		{ "text/plain", "username=a" },
		{ "application/xml", "<username>a</username>" },
		{ "application/json", "[{\"username\":\"a\"}]" },
		{ "application/json", "null" },
		{ "application/json", "\"username\"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(read_params(cases[i].type, "", str_cstr(cases[i].body)),
			TOKEN_PARAMS_VALID);
		assert_value(TOKEN_USERNAME, NULL);
	}
}

static void repeated_parameters_are_found(void **state)
{
	(void)state;
	assert_int_equal(read_params("", "scope=a&scope=a", STR("")), TOKEN_PARAMS_REPEATED);
	assert_int_equal(read_params("", "", STR("username=a&username=b")), TOKEN_PARAMS_REPEATED);
	assert_int_equal(read_params(MULTIPART, "", STR(TYPE TYPE "--b--")), TOKEN_PARAMS_REPEATED);
	assert_int_equal(read_params("", "", STR("x=a&x=b")), TOKEN_PARAMS_VALID);
}

static void unreadable_bodies_are_found(void **state)
{
	static const struct {
		const char *type;
		struct str body;
	} cases[] = {
		{ "", STR("username=%zz") },
		{ "", STR("username=%00") },
		{ "", STR("username=\xFF") },
		{ "", STR("&a=&a=&a=&a=&a=&a=&a=&a=&a=&a=&a=&a=&a=&a=&a=&a=&a=") },
		{ "application/json", STR("{") },
		{ "application/json", STR("{\"username\":1}") },
		{ "application/json", STR("{\"username\":{\"a\":\"b\"}}") },
		{ "application/json", STR("{\"username\":[\"a\"]}") },
		{ "application/json", STR("{\"username\":\"a\",\"username\":\"b\"}") },
		{ "application/json", STR("{\"username\":\"\\u0000\"}") },
		{ "application/json", STR("{\"username\":\"\xFF\"}") },
		{ "application/json", STR("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]"
					  "]]]]]]]]]]]]]") },
		{ "multipart/form-data", STR(TYPE "--b--") },
		{ "multipart/form-data; boundary=", STR(TYPE "--b--") },
		{ "multipart/form-data; boundary=\"", STR(TYPE "--b--") },
		{ "multipart/form-data; boundary=c", STR(TYPE "--b--") },
		{ "multipart/form-data; boundary="
		  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
			STR(TYPE "--b--") },
		{ MULTIPART, STR(TYPE) },
		{ MULTIPART, STR("--b") },
		{ MULTIPART, STR("--bc\r\n") },
		{ MULTIPART, STR("--b\r\nx\r\n--b--") },
		{ MULTIPART, STR("--b\nContent-Disposition: form-data; name=\"a\"\n\nb\n--b--") },
		{ MULTIPART, STR(FIELD("username", "\xFF") "--b--") },
		{ MULTIPART, STR(FIELD("username", "a\0b") "--b--") },
		{ MULTIPART, STR(FIELD("user\0name", "a") "--b--") },
		{ MULTIPART,
			STR(PART("", "") PART("", "") PART("", "") PART("", "") PART("", "") PART(
				"", "") PART("", "") PART("", "") PART("", "") PART("", "")
					PART("", "") PART("", "") PART("", "") PART("", "")
						PART("", "") PART("", "") PART("", "") "--b--") },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (read_params(cases[i].type, "", cases[i].body) != TOKEN_PARAMS_UNREADABLE)
			fail_msg("%s: %.*s", cases[i].type, STR_ARGS(cases[i].body));
	}
	assert_int_equal(read_params("", "a=%", STR("")), TOKEN_PARAMS_UNREADABLE);
}

/* Every prefix and every changed byte: the sanitizers find reads beyond the end. */
static void damaged_multipart_bodies_are_harmless(void **state)
{
	static const char body[] = TYPE PART(
		"Content-Disposition: form-data; name=\"username\\\"\"; x", "a") "--b--";
	char copy[sizeof(body)];

	(void)state;
	for (size_t i = 0; i < sizeof(body) - 1; i++) {
		char *text = malloc(i > 0 ? i : 1);

		assert_non_null(text);
		memcpy(text, body, i);
		read_params(MULTIPART, "", (struct str){ text, i });
		free(text);
		for (const char *at = "\r\n-\";=\\"; *at; at++) {
			memcpy(copy, body, sizeof(body));
			copy[i] = *at;
			read_params(MULTIPART, "", (struct str){ copy, sizeof(body) - 1 });
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(every_kind_of_body_is_read, free_texts),
		cmocka_unit_test_teardown(body_replaces_the_query, free_texts),
		cmocka_unit_test_teardown(other_bodies_have_no_parameters, free_texts),
		cmocka_unit_test_teardown(repeated_parameters_are_found, free_texts),
		cmocka_unit_test_teardown(unreadable_bodies_are_found, free_texts),
		cmocka_unit_test_teardown(damaged_multipart_bodies_are_harmless, free_texts),
	};

	return CHECK_RUN(tests);
}
