/* The calls of the token endpoint in the words of each OAuth server (auth/token_style.h). */
#include <stdio.h>

#include "auth/login_fixture.h"
#include "http/json.h"
#include "store/auth_table.h"

#define LOGIN FORM "correct+horse"

static struct token_address address;
static struct response response;

static const struct auth_policy policy = {
	.sources = { { .kind = SOURCE_BEARER },
		{ .kind = SOURCE_QUERY, .name = "access_token", .empty_is_absent = true } },
};

static int close_login(void **state)
{
	response_free(&response);
	return close_store(state);
}

#define CHECK_CALL(function) cmocka_unit_test_setup_teardown(function, open_login, close_login)

/* One request; header is Authorization. The response stays until the next one. */
static int ask(enum token_style_name style, enum token_call call, const char *method,
	const char *query, const char *body, const char *header)
{
	struct arena arena = { 0 };
	struct request request = { .now = NOW, .arena = &arena, .body = str_cstr(body) };
	char uri[300];

	snprintf(uri, sizeof(uri), "/x?%s", query);
	must(request_add_cgi_param(&request, STR("REQUEST_METHOD"), str_cstr(method), &err), &err);
	must(request_add_cgi_param(&request, STR("QUERY_STRING"), str_cstr(query), &err), &err);
	must(request_add_cgi_param(&request, STR("ORIGINAL_URI"), str_cstr(uri), &err), &err);
	must(request_add_cgi_param(&request, STR("REMOTE_ADDR"), STR("192.0.2.1"), &err), &err);
	must(request_add_cgi_param(&request, STR("HTTP_AUTHORIZATION"), str_cstr(header), &err),
		&err);
	address = (struct token_address){ "/x", call, style };
	endpoint.address = &address;
	endpoint.policy = &policy;
	endpoint.dialect = STR("idol");
	response_free(&response);
	response = (struct response){ 0 };
	log_entry = (struct auth_log_entry){ 0 };
	must(token_endpoint_answer(&endpoint, &request, &response, &log_entry, &err), &err);
	arena_free(&arena);
	return response.status;
}

static int grant(enum token_style_name style, const char *body)
{
	return ask(style, TOKEN_CALL_GRANT, "POST", "", body, "");
}

static int inform(const char *query, const char *header)
{
	return ask(TOKEN_STYLE_DOORKEEPER, TOKEN_CALL_INFO, "GET", query, "", header);
}

static void assert_body(const char *expected)
{
	assert_str(buf_str(&response.body), expected);
}

/* Copies a member of the last response. */
static void copy_member(char text[AUTH_TOKEN_MAX], const char *name)
{
	const char *value;
	json_t *json;

	must(json_parse_object(&json, buf_str(&response.body), &err), &err);
	value = json_string_value(json_object_get(json, name));
	assert_non_null(value);
	snprintf(text, AUTH_TOKEN_MAX, "%s", value);
	json_decref(json);
}

/* Replaces the tokens in the last response, which cannot be known. */
static void assert_members(const char *expected)
{
	static const char *const names[] = { "access_token", "refresh_token" };
	struct str body;
	char seen[400] = "";
	char *at;

	buf_putc(&response.body, '\0');
	body = buf_str(&response.body);
	snprintf(seen, sizeof(seen), "%s", body.ptr);
	for (size_t i = 0; i < 2; i++) {
		at = strstr(seen, names[i]);
		assert_non_null(at);
		at += strlen(names[i]) + strlen("\":\"");
		memmove(at, strchr(at, '"'), strlen(strchr(at, '"')) + 1);
	}
	assert_string_equal(seen, expected);
}

static void each_server_has_its_members(void **state)
{
	(void)state;
	assert_int_equal(grant(TOKEN_STYLE_DOORKEEPER, LOGIN), 200);
	assert_members(
		"{\"access_token\":\"\",\"token_type\":\"Bearer\",\"expires_in\":7200,"
		"\"refresh_token\":\"\",\"scope\":\"read write\",\"created_at\":1309549078}");
	assert_int_equal(grant(TOKEN_STYLE_KEYCLOAK, LOGIN), 200);
	assert_members("{\"access_token\":\"\",\"expires_in\":7200,\"refresh_expires_in\":604800,"
		       "\"refresh_token\":\"\",\"token_type\":\"Bearer\",\"not-before-policy\":0,"
		       "\"scope\":\"read write\"}");
	assert_int_equal(grant(TOKEN_STYLE_BSHAFFER, LOGIN), 200);
	assert_members("{\"access_token\":\"\",\"expires_in\":7200,\"token_type\":\"Bearer\","
		       "\"scope\":\"read write\",\"refresh_token\":\"\"}");
	assert_int_equal(grant(TOKEN_STYLE_NATIVE, LOGIN), 200);
	assert_members("{\"access_token\":\"\",\"token_type\":\"Bearer\",\"expires_in\":7200,"
		       "\"refresh_token\":\"\",\"scope\":\"read write\"}");
}

#define GRANT_INVALID                                                                        \
	"The provided authorization grant is invalid, expired, revoked, does not match the " \
	"redirection URI used in the authorization request, or was issued to another client."
#define REFRESH "grant_type=refresh_token"

static void each_server_has_its_refusals(void **state)
{
	static const struct {
		enum token_style_name style;
		const char *body;
		int status;
		const char *error, *description;
	} cases[] = {
		{ TOKEN_STYLE_DOORKEEPER, "", 400, "invalid_request",
			"Missing required parameter: grant_type." },
		{ TOKEN_STYLE_DOORKEEPER, FORM, 400, "invalid_grant", GRANT_INVALID },
		{ TOKEN_STYLE_DOORKEEPER, REFRESH, 400, "invalid_request",
			"Missing required parameter: refresh_token." },
		{ TOKEN_STYLE_DOORKEEPER, REFRESH "&refresh_token=x", 400, "invalid_grant",
			GRANT_INVALID },
		{ TOKEN_STYLE_KEYCLOAK, "", 400, "invalid_request",
			"Missing form parameter: grant_type" },
		{ TOKEN_STYLE_KEYCLOAK, "grant_type=x", 400, "unsupported_grant_type",
			"Unsupported grant_type" },
		{ TOKEN_STYLE_KEYCLOAK, "grant_type=password", 401, "invalid_request",
			"Missing parameter: username" },
		{ TOKEN_STYLE_KEYCLOAK, FORM, 401, "invalid_grant", "Invalid user credentials" },
		{ TOKEN_STYLE_KEYCLOAK, FORM "x", 401, "invalid_grant",
			"Invalid user credentials" },
		{ TOKEN_STYLE_KEYCLOAK, LOGIN "&scope=x", 400, "invalid_scope", "Invalid scopes" },
		{ TOKEN_STYLE_KEYCLOAK, REFRESH, 400, "invalid_request", "No refresh token" },
		{ TOKEN_STYLE_KEYCLOAK, REFRESH "&refresh_token=x", 400, "invalid_grant",
			"Invalid refresh token" },
		{ TOKEN_STYLE_BSHAFFER, "", 400, "invalid_request",
			"The grant type was not specified in the request" },
		{ TOKEN_STYLE_BSHAFFER, "grant_type=x", 400, "unsupported_grant_type",
			"Grant type not supported" },
		{ TOKEN_STYLE_BSHAFFER, FORM, 400, "invalid_request",
			"Missing parameters: \\\"username\\\" and \\\"password\\\" required" },
		{ TOKEN_STYLE_BSHAFFER, FORM "x", 401, "invalid_grant",
			"Invalid username and password combination" },
		{ TOKEN_STYLE_BSHAFFER, LOGIN "&scope=openid", 400, "invalid_scope",
			"An unsupported scope was requested" },
		{ TOKEN_STYLE_BSHAFFER, REFRESH, 400, "invalid_request",
			"Missing parameter: \\\"refresh_token\\\" is required" },
		{ TOKEN_STYLE_BSHAFFER, REFRESH "&refresh_token=x", 400, "invalid_grant",
			"Invalid refresh token" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char body[400];

		assert_int_equal(grant(cases[i].style, cases[i].body), cases[i].status);
		snprintf(body, sizeof(body), "{\"error\":\"%s\",\"error_description\":\"%s\"}",
			cases[i].error, cases[i].description);
		assert_body(body);
		assert_string_equal(log_entry.reason, cases[i].error);
	}
}

static void refusals_have_a_challenge(void **state)
{
	(void)state;
	grant(TOKEN_STYLE_DOORKEEPER, FORM "x");
	assert_true(has_header(&response, "WWW-Authenticate",
		"Bearer realm=\"Doorkeeper\", error=\"invalid_grant\", "
		"error_description=\"" GRANT_INVALID "\""));
	grant(TOKEN_STYLE_KEYCLOAK, FORM "x");
	assert_true(has_header(&response, "WWW-Authenticate",
		"Bearer realm=\"api\", error=\"invalid_grant\", "
		"error_description=\"Invalid user credentials\""));
	grant(TOKEN_STYLE_KEYCLOAK, "");
	assert_null(memmem(response.headers.data, response.headers.len, "WWW", 3));
	ask(TOKEN_STYLE_DOORKEEPER, TOKEN_CALL_GRANT, "GET", "", "", "");
	assert_null(memmem(response.headers.data, response.headers.len, "WWW", 3));
}

/* OpenID Connect's scopes are no rights; others narrow the rights as usual. */
static void keycloak_ignores_scopes_of_openid(void **state)
{
	(void)state;
	assert_int_equal(
		grant(TOKEN_STYLE_KEYCLOAK, LOGIN "&scope=openid+profile+email+offline_access"),
		200);
	assert_non_null(memmem(response.body.data, response.body.len, "\"read write\"", 12));
	assert_int_equal(grant(TOKEN_STYLE_KEYCLOAK, LOGIN "&scope=openid+read"), 200);
	assert_non_null(memmem(response.body.data, response.body.len, ":\"read\"", 7));
	assert_int_equal(grant(TOKEN_STYLE_DOORKEEPER, LOGIN "&scope=openid"), 400);
}

static void only_doorkeeper_reads_the_query(void **state)
{
	(void)state;
	for (int i = 0; i < TOKEN_STYLES; i++)
		assert_int_equal(ask((enum token_style_name)i, TOKEN_CALL_GRANT, "POST", LOGIN, "",
					 "Basic eDp5"),
			i == TOKEN_STYLE_DOORKEEPER ? 200 : 400);
}

static void refresh_yields_a_new_pair_once(void **state)
{
	char refresh[AUTH_TOKEN_MAX], body[200];

	(void)state;
	grant(TOKEN_STYLE_DOORKEEPER, LOGIN);
	copy_member(refresh, "refresh_token");
	snprintf(body, sizeof(body), REFRESH "&scope=write&refresh_token=%s", refresh);
	assert_int_equal(grant(TOKEN_STYLE_KEYCLOAK, body), 200);
	assert_string_equal(log_entry.call, "refresh");
	assert_string_equal(log_entry.name, "ann");
	assert_non_null(memmem(response.body.data, response.body.len, ":\"write\"", 8));
	assert_int_equal(grant(TOKEN_STYLE_KEYCLOAK, body), 400);
	copy_member(body, "error");
	assert_string_equal(body, "invalid_grant");
}

static void unknown_scope_of_a_refresh_is_refused(void **state)
{
	static const char *const scopes[] = { "admin", "x", "read+x", "read%09", "read,write" };
	char refresh[AUTH_TOKEN_MAX], body[200], error[AUTH_TOKEN_MAX];

	(void)state;
	grant(TOKEN_STYLE_DOORKEEPER, LOGIN);
	copy_member(refresh, "refresh_token");
	for (size_t i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++) {
		snprintf(body, sizeof(body), REFRESH "&refresh_token=%s&scope=%s", refresh,
			scopes[i]);
		assert_int_equal(grant(TOKEN_STYLE_DOORKEEPER, body), 400);
		copy_member(error, "error");
		assert_string_equal(error, "invalid_scope");
	}
}

/* Clients of one network must neither lose their login nor be kept from learning that it ended. */
static void unknown_refresh_tokens_use_no_budget(void **state)
{
	static struct limit limit;
	char refresh[AUTH_TOKEN_MAX], body[200];

	(void)state;
	must(limit_init(&limit, &err), &err);
	grant(TOKEN_STYLE_DOORKEEPER, LOGIN);
	copy_member(refresh, "refresh_token");
	endpoint.limit = &limit;
	endpoint.burst = 1;
	for (int i = 0; i < 50; i++)
		assert_int_equal(grant(TOKEN_STYLE_BSHAFFER, REFRESH "&refresh_token=x"), 400);
	assert_string_equal(log_entry.reason, "invalid_grant");
	assert_int_equal(grant(TOKEN_STYLE_DOORKEEPER, LOGIN), 200);
	snprintf(body, sizeof(body), REFRESH "&refresh_token=%s", refresh);
	assert_int_equal(grant(TOKEN_STYLE_DOORKEEPER, body), 200);
}

static int revoke(enum token_style_name style, const char *text)
{
	char body[200];

	snprintf(body, sizeof(body), "token=%s&token_type_hint=nonsense", text);
	return ask(style, TOKEN_CALL_REVOKE, "POST", "", body, "");
}

static void revocation_always_succeeds(void **state)
{
	char access[AUTH_TOKEN_MAX];

	(void)state;
	assert_int_equal(revoke(TOKEN_STYLE_DOORKEEPER, "pt_unknown"), 200);
	assert_body("{}");
	assert_int_equal(ask(TOKEN_STYLE_DOORKEEPER, TOKEN_CALL_REVOKE, "POST", "", "", ""), 200);
	assert_int_equal(revoke(TOKEN_STYLE_BSHAFFER, ""), 200);
	assert_body("{\"revoked\":true}");
	grant(TOKEN_STYLE_KEYCLOAK, LOGIN);
	copy_member(access, "access_token");
	assert_int_equal(revoke(TOKEN_STYLE_KEYCLOAK, access), 200);
	assert_body("{}");
	assert_string_equal(response.media_type, "application/json");
	assert_token(access, NOW, PRINCIPAL_REVOKED);
	assert_string_equal(log_entry.call, "revoke");
	assert_string_equal(log_entry.name, "ann");
}

static void revocation_needs_one_token(void **state)
{
	(void)state;
	assert_int_equal(
		ask(TOKEN_STYLE_DOORKEEPER, TOKEN_CALL_REVOKE, "POST", "", "token=x&token=y", ""),
		400);
	assert_int_equal(
		ask(TOKEN_STYLE_DOORKEEPER, TOKEN_CALL_REVOKE, "GET", "token=x", "", ""), 405);
	assert_true(has_header(&response, "Allow", "POST"));
}

static void information_describes_the_token(void **state)
{
	char header[100], expected[300], refresh[AUTH_TOKEN_MAX];

	(void)state;
	snprintf(header, sizeof(header), "Bearer %s", token);
	assert_int_equal(inform("", header), 200);
	snprintf(expected, sizeof(expected),
		"{\"resource_owner_id\":\"%s\",\"scope\":[\"read\"],\"expires_in\":null,"
		"\"application\":{\"uid\":null},\"created_at\":1309549078}",
		ann.id);
	assert_body(expected);
	grant(TOKEN_STYLE_DOORKEEPER, LOGIN);
	copy_member(refresh, "refresh_token");
	copy_member(header, "access_token");
	snprintf(expected, sizeof(expected), "access_token=%s", header);
	assert_int_equal(inform(expected, ""), 200);
	snprintf(expected, sizeof(expected),
		"{\"resource_owner_id\":\"%s\",\"scope\":[\"read\",\"write\"],\"expires_in\":7200,"
		"\"application\":{\"uid\":null},\"created_at\":1309549078}",
		ann.id);
	assert_body(expected);
	snprintf(header, sizeof(header), "Bearer %s", refresh);
	assert_int_equal(inform("", header), 401);
}

static void information_refuses_other_tokens(void **state)
{
	char limited[AUTH_TOKEN_MAX], header[100];
	struct credential_terms terms = *TERMS("ann", 0, 0);

	(void)state;
	assert_int_equal(inform("", ""), 401);
	assert_body("{\"error\":\"invalid_token\","
		    "\"error_description\":\"The access token is invalid\","
		    "\"state\":\"unauthorized\"}");
	assert_true(has_header(&response, "WWW-Authenticate",
		"Bearer realm=\"Doorkeeper\", error=\"invalid_token\", "
		"error_description=\"The access token is invalid\""));
	assert_int_equal(inform("access_token=x", ""), 401);
	assert_int_equal(inform("", "Basic eDp5"), 401);
	snprintf(header, sizeof(header), "Bearer %s", expired);
	assert_int_equal(inform("", header), 401);
	snprintf(terms.dialects, sizeof(terms.dialects), "native");
	must(token_add(store, "limited", &terms, limited, &err), &err);
	snprintf(header, sizeof(header), "Bearer %s", limited);
	assert_int_equal(inform("", header), 401);
	assert_int_equal(ask(TOKEN_STYLE_DOORKEEPER, TOKEN_CALL_INFO, "POST", "", "", header), 405);
	assert_true(has_header(&response, "Allow", "GET, HEAD"));
}

#define TEXT "pt_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
/* SHA-256 of the text, and of its first LOGIN_ID_LEN characters. */
#define KEY_OF_TEXT  "17c1c66bc020cc0093d39da74a94a1be26b64567578535098a613b859227a0eb"
#define KEY_OF_LOGIN "b83343ad7c8d2c8ff81c6e29fce5277fe89f19f6f9b2ceafb16f7503e55d4bcb"

static void unreadable_record_is_503(void **state)
{
	(void)state;
	put_record(STORE_TOKENS, KEY_OF_LOGIN, "{");
	assert_int_equal(grant(TOKEN_STYLE_DOORKEEPER, REFRESH "&refresh_token=" TEXT), 503);
	assert_int_equal(revoke(TOKEN_STYLE_DOORKEEPER, TEXT), 503);
	put_record(STORE_TOKENS, KEY_OF_TEXT, "{");
	assert_int_equal(revoke(TOKEN_STYLE_DOORKEEPER, TEXT), 503);
	assert_int_equal(inform("access_token=" TEXT, ""), 503);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK_CALL(each_server_has_its_members),
		CHECK_CALL(each_server_has_its_refusals),
		CHECK_CALL(refusals_have_a_challenge),
		CHECK_CALL(keycloak_ignores_scopes_of_openid),
		CHECK_CALL(only_doorkeeper_reads_the_query),
		CHECK_CALL(refresh_yields_a_new_pair_once),
		CHECK_CALL(unknown_scope_of_a_refresh_is_refused),
		CHECK_CALL(unknown_refresh_tokens_use_no_budget),
		CHECK_CALL(revocation_always_succeeds),
		CHECK_CALL(revocation_needs_one_token),
		CHECK_CALL(information_describes_the_token),
		CHECK_CALL(information_refuses_other_tokens),
		CHECK_CALL(unreadable_record_is_503),
	};

	return CHECK_RUN(tests);
}
