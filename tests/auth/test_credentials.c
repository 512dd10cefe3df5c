/* Where each dialect's clients send tokens, and its challenges (test_authorize.c: VirtShell). */
#include <stdio.h>

#include "auth/auth_fixture.h"

static const struct {
	const char *name, *challenge;
	const char *without_token; /* NULL: the same */
} challenges[] = {
	{ .name = "vionlabs", .challenge = "APIKey" },
	{ .name = "uplynk",
		.challenge = "Bearer realm=\"polytask\", error=\"invalid_token\", "
			     "error_description=\"The credential is invalid\"",
		.without_token = "Bearer realm=\"polytask\"" },
	{ .name = "fourhse", .challenge = "Bearer realm=\"api\"" },
	{ .name = "idol",
		.challenge = "Bearer realm=\"Doorkeeper\", error=\"invalid_token\", "
			     "error_description=\"The access token is invalid\"" },
	{ .name = "native",
		.challenge = "Bearer realm=\"polytask\", error=\"invalid_token\", "
			     "error_description=\"The access token is invalid.\"",
		.without_token = "Bearer realm=\"polytask\"" },
};

#define DIALECTS (sizeof(challenges) / sizeof(challenges[0]))

static void assert_challenged(
	const struct param changes[CHANGES_MAX], const char *reason, const char *challenge)
{
	struct request request;
	struct response response;

	fill_request(&request, changes);
	authorize_request(&request, &response);
	if (response.status != 401 || !has_header(&response, "X-Polytask-Reason", reason) ||
		!has_header(&response, "WWW-Authenticate", challenge))
		fail_msg("%s, %s: %d %.*s", changes[0].value, reason, response.status,
			STR_ARGS(buf_str(&response.headers)));
	assert_null(memmem(response.headers.data, response.headers.len, "X-Polytask-User", 15));
	response_free(&response);
}

static void every_dialect_accepts_bearer_tokens(void **state)
{
	char bearer[100];

	(void)state;
	snprintf(bearer, sizeof(bearer), "Bearer %s", token);
	for (size_t i = 0; i < DIALECTS; i++) {
		const struct param right[CHANGES_MAX] = { DIALECT(challenges[i].name),
			{ AUTHORIZATION_HEADER, bearer } };
		const struct param wrong[CHANGES_MAX] = { DIALECT(challenges[i].name),
			{ AUTHORIZATION_HEADER, "Bearer pt_x" } };
		const char *bare = challenges[i].without_token ? challenges[i].without_token
							       : challenges[i].challenge;
		const struct param nothing[CHANGES_MAX] = { DIALECT(challenges[i].name) };
		const struct param signature[CHANGES_MAX] = { DIALECT(challenges[i].name),
			{ VIRTSHELL_HEADER, "ann:" VECTOR_SIGNATURE } };

		assert_params_accepted(right, "read", challenges[i].name);
		assert_challenged(wrong, AUTH_DENIED, challenges[i].challenge);
		assert_challenged(nothing, AUTH_MISSING, bare);
		assert_challenged(signature, AUTH_MISSING, bare);
	}
}

/* As in Doorkeeper, the challenge says if the token was valid once. */
static void idol_challenge_names_token_state(void **state)
{
	char bearer[100], revoked[AUTH_TOKEN_MAX];
	const struct param changes[CHANGES_MAX] = { DIALECT("idol"),
		{ AUTHORIZATION_HEADER, bearer } };
	struct user brief;

	(void)state;
	snprintf(bearer, sizeof(bearer), "Bearer %s", expired);
	assert_challenged(changes, AUTH_EXPIRED,
		"Bearer realm=\"Doorkeeper\", error=\"invalid_token\", "
		"error_description=\"The access token expired\"");
	must(user_add(store, "brief", "demo", RIGHT_READ, 0, NOW, &brief, &err), &err);
	must(token_add(store, "b", TERMS("brief", 0, 0), revoked, &err), &err);
	must(user_revoke(store, "brief", &err), &err);
	snprintf(bearer, sizeof(bearer), "Bearer %s", revoked);
	assert_challenged(changes, AUTH_REVOKED,
		"Bearer realm=\"Doorkeeper\", error=\"invalid_token\", "
		"error_description=\"The access token was revoked\"");
}

/* ---- tokens in queries, forms and X-API-Key ---- */

static void assert_token_outcome(
	const struct request *request, const char *dialect, const char *format, const char *reason)
{
	struct response response;

	authorize_request(request, &response);
	if (response.status != (reason ? 401 : 204) ||
		(reason && !has_header(&response, "X-Polytask-Reason", reason)))
		fail_msg("%s %s: %d %.*s", dialect, format, response.status,
			STR_ARGS(buf_str(&response.headers)));
	response_free(&response);
}

static const struct {
	const char *dialect, *format;
	const char *reason; /* NULL: accepted */
} query_cases[] = {
	{ "vionlabs", "/tasks/catalog-item/1?key=%s", NULL },
	{ "vionlabs", "/tasks/catalog-item/1?a=b&key=%s&key2=x", NULL },
	{ "vionlabs", "/tasks/catalog-item/1?&&%%zz=%%&key=%s&=", NULL },
	{ "vionlabs", "/tasks/catalog-item/1?%%6bey=%s", NULL },
	{ "vionlabs", "/tasks/catalog-item/1?key=%s&key=x", AUTH_DENIED },
	{ "vionlabs", "/tasks/catalog-item/1?key=x&key=%s", NULL },
	{ "vionlabs", "/tasks/catalog-item/1?key=%s&%%6Bey=", AUTH_MISSING },
	{ "vionlabs", "/tasks/catalog-item/1?key=%s+", AUTH_DENIED },
	{ "vionlabs", "/tasks/catalog-item/1?key=%s%%00", AUTH_DENIED },
	{ "vionlabs", "/tasks/catalog-item/1?key=%s%%", AUTH_DENIED },
	{ "vionlabs", "/tasks/catalog-item/1?key=%%ff%s", AUTH_DENIED },
	{ "vionlabs", "/tasks/catalog-item/1?key&x=%s", AUTH_MISSING },
	{ "vionlabs", "/tasks/catalog-item/1?key=&x=%s", AUTH_MISSING },
	{ "vionlabs", "/tasks/catalog-item/1?key=%%zz&key=%s", NULL },
	{ "vionlabs", "/tasks/catalog-item/1?Key=%s", AUTH_MISSING },
	{ "vionlabs", "/tasks/catalog-item/1?access-token=%s", AUTH_MISSING },
	{ "vionlabs", "/tasks/catalog-item/key=%s", AUTH_MISSING },
	{ "fourhse", "/v2/task/index?access-token=%s", NULL },
	{ "fourhse", "/v2/task/index?access%%2Dtoken=%s", NULL },
	{ "fourhse", "/v2/task/index?access-token=x&access-token=%s", NULL },
	{ "fourhse", "/v2/task/index?access-token=%s&access-token=", AUTH_DENIED },
	{ "fourhse", "/v2/task/index?access-token=&x=%s", AUTH_DENIED },
	{ "fourhse", "/v2/task/index?access_token=%s", AUTH_MISSING },
	{ "fourhse", "/v2/task/index?key=%s", AUTH_MISSING },
	{ "idol", "/api/v2/import-tasks?access_token=%s", NULL },
	{ "idol", "/api/v2/import-tasks?bearer_token=%s", NULL },
	{ "idol", "/api/v2/import-tasks?access_token=&bearer_token=%s", NULL },
	{ "idol", "/api/v2/import-tasks?access_token=x&bearer_token=%s", AUTH_DENIED },
	{ "idol", "/api/v2/import-tasks?access_token=&x=%s", AUTH_MISSING },
	{ "idol", "/api/v2/import-tasks?access-token=%s", AUTH_MISSING },
	{ "native", "/v1/tasks?key=%s", AUTH_MISSING },
	{ "uplynk", UPLYNK_QUERY "key=%s", AUTH_MISSING },
};

static void tokens_are_read_from_queries(void **state)
{
	struct request request;

	(void)state;
	for (size_t i = 0; i < sizeof(query_cases) / sizeof(query_cases[0]); i++) {
		char uri[300];
		const struct param changes[CHANGES_MAX] = { DIALECT(query_cases[i].dialect),
			URI(uri) };

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(uri, sizeof(uri), query_cases[i].format, token, token);
#pragma GCC diagnostic pop
		fill_request(&request, changes);
		assert_token_outcome(&request, query_cases[i].dialect, query_cases[i].format,
			query_cases[i].reason);
	}
}

#define FIVE	   "&a=b&a=b&a=b&a=b&a=b"
#define TWENTYFIVE FIVE FIVE FIVE FIVE FIVE
/* 127 fields */
#define MANY "x=y&x=y" TWENTYFIVE TWENTYFIVE TWENTYFIVE TWENTYFIVE TWENTYFIVE

static const struct {
	const char *dialect, *format;
	const char *reason; /* NULL: accepted */
} form_cases[] = {
	{ "fourhse", "access-token=%s", NULL },
	{ "fourhse", "handler=a+b&access%%2Dtoken=%s&x", NULL },
	{ "fourhse", MANY "&access-token=%s", NULL },
	{ "fourhse", MANY "&a=b&access-token=%s", AUTH_MISSING },
	{ "fourhse", "access-token=x&access-token=%s", NULL },
	{ "fourhse", "access-token=%s&access-token=x", AUTH_DENIED },
	{ "fourhse", "access-token=&x=%s", AUTH_DENIED },
	{ "fourhse", "access-token=%s+", AUTH_DENIED },
	{ "fourhse", "access-token=%s&x=%%zz", AUTH_MISSING },
	{ "fourhse", "access-token=%s&x=%%00", AUTH_MISSING },
	{ "fourhse", "access-token[]=%s", AUTH_MISSING },
	{ "fourhse", "{\"access-token\":\"%s\"}", AUTH_MISSING },
	{ "fourhse", "", AUTH_MISSING },
	{ "vionlabs", "access-token=%s", AUTH_MISSING },
	{ "native", "access-token=%s", AUTH_MISSING },
};

static void tokens_are_read_from_forms(void **state)
{
	struct request request;

	(void)state;
	for (size_t i = 0; i < sizeof(form_cases) / sizeof(form_cases[0]); i++) {
		char body[1000];
		const struct param changes[CHANGES_MAX] = { DIALECT(form_cases[i].dialect) };

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(body, sizeof(body), form_cases[i].format, token, token);
#pragma GCC diagnostic pop
		fill_request(&request, changes);
		request.body = str_cstr(body);
		assert_token_outcome(&request, form_cases[i].dialect, form_cases[i].format,
			form_cases[i].reason);
	}
}

/* A credential elsewhere takes precedence over the form, even if it is wrong. */
static void form_token_has_lowest_precedence(void **state)
{
	char bearer[100], uri[100], right[100];
	const struct param wrong_bearer[CHANGES_MAX] = { DIALECT("fourhse"),
		{ AUTHORIZATION_HEADER, "Bearer pt_x" } };
	const struct param wrong_query[CHANGES_MAX] = { DIALECT("fourhse"),
		URI("/v2/task/index?access-token=pt_x") };
	const struct param right_bearer[CHANGES_MAX] = { DIALECT("fourhse"),
		{ AUTHORIZATION_HEADER, bearer } };
	const struct param right_query[CHANGES_MAX] = { DIALECT("fourhse"), URI(uri) };
	struct request request;

	(void)state;
	snprintf(bearer, sizeof(bearer), "Bearer %s", token);
	snprintf(uri, sizeof(uri), "/v2/task/index?access-token=%s", token);
	snprintf(right, sizeof(right), "access-token=%s", token);
	fill_request(&request, wrong_bearer);
	request.body = str_cstr(right);
	assert_refused(&request, "a wrong bearer", 401, AUTH_DENIED);
	fill_request(&request, wrong_query);
	request.body = str_cstr(right);
	assert_refused(&request, "a wrong query", 401, AUTH_DENIED);
	fill_request(&request, right_bearer);
	request.body = STR("access-token=pt_x");
	assert_accepted(&request, "read", "fourhse");
	fill_request(&request, right_query);
	request.body = STR("access-token=pt_x");
	assert_accepted(&request, "read", "fourhse");
}

/* Only for an accepted request, and only if the parameter was sent. */
static void continue_becomes_accel_redirect(void **state)
{
	char bearer[100];
	const struct param right[CHANGES_MAX] = { DIALECT("fourhse"),
		{ AUTHORIZATION_HEADER, bearer } };
	const struct param wrong[CHANGES_MAX] = { DIALECT("fourhse"),
		{ AUTHORIZATION_HEADER, "Bearer pt_x" } };
	struct request request;
	struct response response;

	(void)state;
	snprintf(bearer, sizeof(bearer), "Bearer %s", token);
	fill_request(&request, right);
	authorize_request(&request, &response);
	assert_null(memmem(response.headers.data, response.headers.len, "X-Accel", 7));
	response_free(&response);
	must(request_add_cgi_param(&request, STR("POLYTASK_CONTINUE"), STR("@next"), &err), &err);
	authorize_request(&request, &response);
	assert_int_equal(response.status, 204);
	assert_true(has_header(&response, "X-Accel-Redirect", "@next"));
	response_free(&response);
	must(request_add_cgi_param(&request, STR("POLYTASK_CONTINUE"), STR("@other"), &err), &err);
	assert_refused(&request, "twice", 401, AUTH_DENIED);
	fill_request(&request, wrong);
	must(request_add_cgi_param(&request, STR("POLYTASK_CONTINUE"), STR("@next"), &err), &err);
	authorize_request(&request, &response);
	assert_int_equal(response.status, 401);
	assert_null(memmem(response.headers.data, response.headers.len, "X-Accel", 7));
	response_free(&response);
}

/* The vendor's clients send a bearer for another API of the same host. */
static void vionlabs_keys_precede_bearers(void **state)
{
	char right[100], bearer[100];
	const struct param header[CHANGES_MAX] = { DIALECT("vionlabs"), { API_KEY, token },
		{ AUTHORIZATION_HEADER, "Bearer pt_x" } };
	const struct param wrong_header[CHANGES_MAX] = { DIALECT("vionlabs"), { API_KEY, "pt_x" },
		{ AUTHORIZATION_HEADER, bearer } };
	const struct param key_wins[CHANGES_MAX] = { DIALECT("vionlabs"), { API_KEY, "pt_x" },
		URI(right) };
	const struct param wrong_key[CHANGES_MAX] = { DIALECT("vionlabs"), { API_KEY, token },
		{ AUTHORIZATION_HEADER, bearer }, URI("/tasks/catalog-item/1?key=pt_x") };
	const struct param empty_key[CHANGES_MAX] = { DIALECT("vionlabs"), { API_KEY, " " },
		{ AUTHORIZATION_HEADER, bearer }, URI("/tasks/catalog-item/1?key=") };
	const struct param other_dialect[CHANGES_MAX] = { DIALECT("fourhse"), { API_KEY, token } };

	(void)state;
	snprintf(right, sizeof(right), "/tasks/catalog-item/1?key=%s", token);
	snprintf(bearer, sizeof(bearer), "Bearer %s", token);
	assert_params_accepted(header, "read", "vionlabs");
	assert_challenged(wrong_header, AUTH_DENIED, "APIKey");
	assert_params_accepted(key_wins, "read", "vionlabs");
	assert_challenged(wrong_key, AUTH_DENIED, "APIKey");
	assert_params_accepted(empty_key, "read", "vionlabs");
	assert_challenged(other_dialect, AUTH_MISSING, "Bearer realm=\"api\"");
}

/* Also without a token, which must not depend on how blanks are read. */
static void bearer_decides_alone(void **state)
{
	static const char *const empty[] = { "Bearer", "bearer ", "BEARER \t", "\tBearer\t" };
	char uri[100];

	(void)state;
	snprintf(uri, sizeof(uri), "/v2/task/index?access-token=%s", token);
	for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++) {
		const struct param changes[CHANGES_MAX] = { DIALECT("fourhse"), URI(uri),
			{ AUTHORIZATION_HEADER, empty[i] } };

		assert_challenged(changes, AUTH_DENIED, "Bearer realm=\"api\"");
	}
}

/* nginx caches the decision under POLYTASK_TOKEN. */
static void another_token_than_the_cached_one_is_refused(void **state)
{
	char uri[100];
	const struct param same[CHANGES_MAX] = { DIALECT("vionlabs"), URI(uri),
		{ "POLYTASK_TOKEN", token } };
	const struct param other[CHANGES_MAX] = { DIALECT("vionlabs"), URI(uri),
		{ "POLYTASK_TOKEN", "pt_x" } };
	const struct param none[CHANGES_MAX] = { DIALECT("vionlabs"), { "POLYTASK_TOKEN", token } };

	(void)state;
	snprintf(uri, sizeof(uri), "/tasks/catalog-item/1?key=%s", token);
	assert_params_accepted(same, "read", "vionlabs");
	assert_challenged(other, AUTH_DENIED, "APIKey");
	assert_string_equal(log_entry.credential, "mismatch");
	assert_challenged(none, AUTH_DENIED, "APIKey");
}

/* Accepted without rights: the application then refuses in the format of the dialect. */
static void token_of_other_dialect_has_no_rights(void **state)
{
	struct credential_terms some = { .user = "ann", .dialects = "idol,native", .created = NOW };
	char text[AUTH_TOKEN_MAX], bearer[100];

	(void)state;
	must(token_add(store, "some", &some, text, &err), &err);
	snprintf(bearer, sizeof(bearer), "Bearer %s", text);
	for (size_t i = 0; i < DIALECTS; i++) {
		const char *name = challenges[i].name;
		const struct param changes[CHANGES_MAX] = { DIALECT(name),
			{ AUTHORIZATION_HEADER, bearer } };
		bool here = strcmp(name, "idol") == 0 || strcmp(name, "native") == 0;

		assert_params_accepted(changes, here ? "read,write" : "none", name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK_STORED(every_dialect_accepts_bearer_tokens),
		CHECK_STORED(idol_challenge_names_token_state),
		CHECK_STORED(tokens_are_read_from_queries),
		CHECK_STORED(tokens_are_read_from_forms),
		CHECK_STORED(form_token_has_lowest_precedence),
		CHECK_STORED(continue_becomes_accel_redirect),
		CHECK_STORED(vionlabs_keys_precede_bearers),
		CHECK_STORED(bearer_decides_alone),
		CHECK_STORED(another_token_than_the_cached_one_is_refused),
		CHECK_STORED(token_of_other_dialect_has_no_rights),
	};

	return CHECK_RUN(tests);
}
