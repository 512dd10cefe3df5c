/* Each dialect's own ways to send a credential, and how it refuses (test_authorize.c: VirtShell).
 */
#include <stdio.h>

#include "auth/auth_fixture.h"
#include "auth/uplynk_signature.h"

#define DIALECT(name)                      \
	{                                  \
		"POLYTASK_DIALECT", (name) \
	}
#define URI(text)                      \
	{                              \
		"ORIGINAL_URI", (text) \
	}

#define UPLYNK_QUERY "/api/v4/managed-slicer/ingest-points/tasks?"
/* As a client percent-encodes it. */
#define SENT_MSG                                      \
	"eNqrVorPL89LLVKyUlBKTEpOSU0zMDQyNjE1M7ewROc" \
	"r6SgoxZdk5qYWlyTmFgB1GJqZmVgaGFiaGtYCAANbFE8%3D"
#define UPPER_SIG "DB21F676B35CE581A964150A663679C911DAC618C0E776263587260F401E726F"

static const struct {
	const char *name, *challenge;
} challenges[] = {
	{ "vionlabs", "APIKey" },
	{ "uplynk", "Bearer realm=\"polytask\"" },
	{ "fourhse", "Bearer realm=\"api\"" },
	{ "idol", "Bearer realm=\"Doorkeeper\", error=\"invalid_token\", "
		  "error_description=\"The access token is invalid\"" },
	{ "native", "Bearer realm=\"polytask\"" },
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

static void every_dialect_takes_a_bearer(void **state)
{
	char bearer[100];

	(void)state;
	snprintf(bearer, sizeof(bearer), "Bearer %s", token);
	for (size_t i = 0; i < DIALECTS; i++) {
		const struct param right[CHANGES_MAX] = { DIALECT(challenges[i].name),
			{ AUTHORIZATION_HEADER, bearer } };
		const struct param wrong[CHANGES_MAX] = { DIALECT(challenges[i].name),
			{ AUTHORIZATION_HEADER, "Bearer pt_x" } };
		const struct param nothing[CHANGES_MAX] = { DIALECT(challenges[i].name) };
		const struct param signature[CHANGES_MAX] = { DIALECT(challenges[i].name),
			{ VIRTSHELL_HEADER, "ann:" VECTOR_SIGNATURE } };

		assert_params_let_in(right, "read", challenges[i].name);
		assert_challenged(wrong, AUTH_DENIED, challenges[i].challenge);
		assert_challenged(nothing, AUTH_MISSING, challenges[i].challenge);
		assert_challenged(signature, AUTH_MISSING, challenges[i].challenge);
	}
}

/* Doorkeeper tells a client that its token was good once. */
static void idol_challenge_names_token_state(void **state)
{
	char bearer[100], of_gone[AUTH_TOKEN_MAX];
	const struct param changes[CHANGES_MAX] = { DIALECT("idol"),
		{ AUTHORIZATION_HEADER, bearer } };
	struct user brief;

	(void)state;
	snprintf(bearer, sizeof(bearer), "Bearer %s", expired);
	assert_challenged(changes, AUTH_EXPIRED,
		"Bearer realm=\"Doorkeeper\", error=\"invalid_token\", "
		"error_description=\"The access token expired\"");
	must(user_add(store, "brief", "demo", RIGHT_READ, 0, NOW, &brief, &err), &err);
	must(token_add(store, "b", TERMS("brief", 0, 0), of_gone, &err), &err);
	must(user_revoke(store, "brief", &err), &err);
	snprintf(bearer, sizeof(bearer), "Bearer %s", of_gone);
	assert_challenged(changes, AUTH_REVOKED,
		"Bearer realm=\"Doorkeeper\", error=\"invalid_token\", "
		"error_description=\"The access token was revoked\"");
}

/* ---- tokens in queries and in X-API-Key ---- */

static void tokens_in_queries(void **state)
{
	static const struct {
		const char *dialect, *format, *reason; /* NULL: let in */
	} cases[] = {
		{ "vionlabs", "/tasks/catalog-item/1?key=%s", NULL },
		{ "vionlabs", "/tasks/catalog-item/1?a=b&key=%s&key2=x", NULL },
		{ "vionlabs", "/tasks/catalog-item/1?&&%%zz=%%&key=%s&=", NULL },
		{ "vionlabs", "/tasks/catalog-item/1?%%6bey=%s", NULL },
		{ "vionlabs", "/tasks/catalog-item/1?key=%s&key=x", AUTH_DENIED },
		{ "vionlabs", "/tasks/catalog-item/1?key=x&key=%s", AUTH_DENIED },
		{ "vionlabs", "/tasks/catalog-item/1?key=%s&%%6Bey=", AUTH_DENIED },
		{ "vionlabs", "/tasks/catalog-item/1?key=%s+", AUTH_DENIED },
		{ "vionlabs", "/tasks/catalog-item/1?key=%s%%00", AUTH_DENIED },
		{ "vionlabs", "/tasks/catalog-item/1?key=%s%%", AUTH_DENIED },
		{ "vionlabs", "/tasks/catalog-item/1?key=%%ff%s", AUTH_DENIED },
		{ "vionlabs", "/tasks/catalog-item/1?key&x=%s", AUTH_DENIED },
		{ "vionlabs", "/tasks/catalog-item/1?key=&x=%s", AUTH_DENIED },
		{ "vionlabs", "/tasks/catalog-item/1?Key=%s", AUTH_MISSING },
		{ "vionlabs", "/tasks/catalog-item/1?access-token=%s", AUTH_MISSING },
		{ "vionlabs", "/tasks/catalog-item/key=%s", AUTH_MISSING },
		{ "fourhse", "/v2/task/index?access-token=%s", NULL },
		{ "fourhse", "/v2/task/index?access%%2Dtoken=%s", NULL },
		{ "fourhse", "/v2/task/index?access-token=%s&access-token=%s", AUTH_DENIED },
		{ "fourhse", "/v2/task/index?access_token=%s", AUTH_MISSING },
		{ "fourhse", "/v2/task/index?key=%s", AUTH_MISSING },
		{ "idol", "/api/v2/import-tasks?access_token=%s", AUTH_MISSING },
		{ "idol", "/api/v2/import-tasks?access-token=%s", AUTH_MISSING },
		{ "native", "/v1/tasks?key=%s", AUTH_MISSING },
		{ "uplynk", UPLYNK_QUERY "key=%s", AUTH_MISSING },
	};
	struct request request;
	struct response response;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char uri[300];
		const struct param changes[CHANGES_MAX] = { DIALECT(cases[i].dialect), URI(uri) };

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(uri, sizeof(uri), cases[i].format, token, token);
#pragma GCC diagnostic pop
		fill_request(&request, changes);
		authorize_request(&request, &response);
		if (response.status != (cases[i].reason ? 401 : 204) ||
			(cases[i].reason &&
				!has_header(&response, "X-Polytask-Reason", cases[i].reason)))
			fail_msg("%s %s: %d %.*s", cases[i].dialect, cases[i].format,
				response.status, STR_ARGS(buf_str(&response.headers)));
		response_free(&response);
	}
}

#define FIVE	   "&a=b&a=b&a=b&a=b&a=b"
#define TWENTYFIVE FIVE FIVE FIVE FIVE FIVE
/* 127 fields. */
#define MANY "x=y&x=y" TWENTYFIVE TWENTYFIVE TWENTYFIVE TWENTYFIVE TWENTYFIVE

static void tokens_in_forms(void **state)
{
	static const struct {
		const char *dialect, *format, *reason; /* NULL: let in */
	} cases[] = {
		{ "fourhse", "access-token=%s", NULL },
		{ "fourhse", "handler=a+b&access%%2Dtoken=%s&x", NULL },
		{ "fourhse", MANY "&access-token=%s", NULL },
		{ "fourhse", MANY "&a=b&access-token=%s", AUTH_MISSING },
		{ "fourhse", "access-token=%s&access-token=%s", AUTH_DENIED },
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
	struct request request;
	struct response response;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char body[1000];
		const struct param changes[CHANGES_MAX] = { DIALECT(cases[i].dialect) };

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(body, sizeof(body), cases[i].format, token, token);
#pragma GCC diagnostic pop
		fill_request(&request, changes);
		request.body = str_cstr(body);
		authorize_request(&request, &response);
		if (response.status != (cases[i].reason ? 401 : 204) ||
			(cases[i].reason &&
				!has_header(&response, "X-Polytask-Reason", cases[i].reason)))
			fail_msg("%s %s: %d %.*s", cases[i].dialect, cases[i].format,
				response.status, STR_ARGS(buf_str(&response.headers)));
		response_free(&response);
	}
}

/* A credential elsewhere decides before the form, also when it is wrong. */
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
	assert_let_in(&request, "read", "fourhse");
	fill_request(&request, right_query);
	request.body = STR("access-token=pt_x");
	assert_let_in(&request, "read", "fourhse");
}

/* Only where it was asked for: another answer leads nowhere. */
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
	assert_true(response.status == 204 && has_header(&response, "X-Accel-Redirect", "@next"));
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

static void the_header_of_vionlabs(void **state)
{
	char right[100], bearer[100];
	const struct param header[CHANGES_MAX] = { DIALECT("vionlabs"), { API_KEY, token } };
	const struct param wrong_header[CHANGES_MAX] = { DIALECT("vionlabs"), { API_KEY, "pt_x" } };
	const struct param key_wins[CHANGES_MAX] = { DIALECT("vionlabs"), { API_KEY, "pt_x" },
		URI(right) };
	const struct param wrong_key[CHANGES_MAX] = { DIALECT("vionlabs"), { API_KEY, token },
		URI("/tasks/catalog-item/1?key=pt_x") };
	const struct param bearer_wins[CHANGES_MAX] = { DIALECT("vionlabs"), { API_KEY, "pt_x" },
		{ AUTHORIZATION_HEADER, bearer }, URI("/tasks/catalog-item/1?key=pt_x") };
	const struct param of_another[CHANGES_MAX] = { DIALECT("fourhse"), { API_KEY, token } };

	(void)state;
	snprintf(right, sizeof(right), "/tasks/catalog-item/1?key=%s", token);
	snprintf(bearer, sizeof(bearer), "Bearer %s", token);
	assert_params_let_in(header, "read", "vionlabs");
	assert_challenged(wrong_header, AUTH_DENIED, "APIKey");
	assert_params_let_in(key_wins, "read", "vionlabs");
	assert_challenged(wrong_key, AUTH_DENIED, "APIKey");
	/* what the web server keeps for a bearer must not hang on anything else */
	assert_params_let_in(bearer_wins, "read", "vionlabs");
	assert_challenged(of_another, AUTH_MISSING, "Bearer realm=\"api\"");
}

/* ---- Uplynk ---- */

static void assert_uplynk(const char *uri, const char *header, int64_t now, const char *reason)
{
	const struct param changes[CHANGES_MAX] = { DIALECT("uplynk"), URI(uri),
		{ AUTHORIZATION_HEADER, header } };
	struct request request;
	struct response response;

	fill_request(&request, changes);
	request.now = now;
	authorize_request(&request, &response);
	if (response.status != (reason ? 401 : 204) ||
		(reason && !has_header(&response, "X-Polytask-Reason", reason)))
		fail_msg("%s, %s: %d %.*s", uri, header, response.status,
			STR_ARGS(buf_str(&response.headers)));
	if (!reason)
		assert_true(has_header(&response, "X-Polytask-User", ann.id) &&
			    has_header(&response, "X-Polytask-Dialect", "uplynk"));
	response_free(&response);
}

static void uplynk_messages_are_let_in(void **state)
{
	static const char *const queries[] = {
		UPLYNK_QUERY "msg=" SENT_MSG "&sig=" OWNER_SIG,
		UPLYNK_QUERY "msg=" OWNER_MSG "&sig=" OWNER_SIG,
		UPLYNK_QUERY "sig=" UPPER_SIG "&x=%&msg=" SENT_MSG,
		/* with the line breaks of Python 2 */
		UPLYNK_QUERY
		"msg=eNqrVorPL89LLVKyUlBKTEpOSU0zMDQyNjE1M7ewROcr6SgoxZdk5qYWlyTmFgB1GJqZmVgaGF"
		"ia%0AGtYCAANbFE8%3D%0A&sig=ea8a84f706b083f569f3db0dab07f35fdf949a4525cdca98100b77d9d3d5558c",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++)
		assert_uplynk(queries[i], "", OWNER_TIME, NULL);
	assert_uplynk(UPLYNK_QUERY, OWNER_MSG " " OWNER_SIG, OWNER_TIME, NULL);
	assert_uplynk(UPLYNK_QUERY, OWNER_MSG " " UPPER_SIG, OWNER_TIME, NULL);
}

static void other_uplynk_messages_are_refused(void **state)
{
	static const struct {
		const char *query, *header, *reason;
	} cases[] = {
		{ "", "", AUTH_MISSING },
		{ "msg=" SENT_MSG, "", AUTH_DENIED },
		{ "sig=" OWNER_SIG, "", AUTH_DENIED },
		{ "msg=" SENT_MSG "&sig=", "", AUTH_DENIED },
		{ "msg=&sig=" OWNER_SIG, "", AUTH_DENIED },
		{ "msg=" SENT_MSG "&sig=" OWNER_SIG "&sig=" OWNER_SIG, "", AUTH_DENIED },
		{ "msg=" SENT_MSG "&msg=" SENT_MSG "&sig=" OWNER_SIG, "", AUTH_DENIED },
		{ "msg=" SENT_MSG "%&sig=" OWNER_SIG, "", AUTH_DENIED },
		{ "msg=" SENT_MSG "x&sig=" OWNER_SIG, "", AUTH_MISMATCH },
		{ "msg=x&sig=" OWNER_SIG, "", AUTH_MISMATCH },
		/* a line break is signed as well */
		{ "msg=" SENT_MSG "%0A&sig=" OWNER_SIG, "", AUTH_MISMATCH },
		{ "msg=" SENT_MSG "&sig=x", "", AUTH_MISMATCH },
		{ "msg=" SENT_MSG "&sig=" OWNER_SIG "0", "", AUTH_MISMATCH },
		/* the query decides when there is one */
		{ "msg=" SENT_MSG "&sig=x", OWNER_MSG " " OWNER_SIG, AUTH_MISMATCH },
		{ "", OWNER_MSG, AUTH_DENIED },
		{ "", OWNER_MSG "  " OWNER_SIG, AUTH_MISMATCH },
		{ "", OWNER_MSG "," OWNER_SIG, AUTH_DENIED },
		{ "", OWNER_SIG " " OWNER_MSG, AUTH_MISMATCH },
		{ "", "Bearer " OWNER_SIG, AUTH_DENIED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char uri[500];

		snprintf(uri, sizeof(uri), UPLYNK_QUERY "%s", cases[i].query);
		assert_uplynk(uri, cases[i].header, OWNER_TIME, cases[i].reason);
	}
}

static void uplynk_clock_skew_limits(void **state)
{
	static const char uri[] = UPLYNK_QUERY "msg=" SENT_MSG "&sig=" OWNER_SIG;
	static const char wrong[] = UPLYNK_QUERY "msg=" SENT_MSG "&sig=" OWNER_MSG;

	(void)state;
	assert_uplynk(uri, "", OWNER_TIME - UPLYNK_SKEW, NULL);
	assert_uplynk(uri, "", OWNER_TIME + UPLYNK_SKEW, NULL);
	assert_uplynk(uri, "", OWNER_TIME - UPLYNK_SKEW - 1, AUTH_SKEWED);
	assert_uplynk(uri, "", OWNER_TIME + UPLYNK_SKEW + 1, AUTH_SKEWED);
	/* nothing is told of the time to who cannot sign */
	assert_uplynk(wrong, "", OWNER_TIME + UPLYNK_SKEW + 1, AUTH_MISMATCH);
}

/* Whose message it is counts, not that its signature is right: the key is the owner's own. What
 * became of a key is told to nobody who cannot sign with it. */
static void unknown_owner_gets_same_refusal(void **state)
{
	static const char uri[] = UPLYNK_QUERY "msg=" SENT_MSG "&sig=" OWNER_SIG;
	static const char wrong[] = UPLYNK_QUERY "msg=" SENT_MSG "&sig=" OWNER_MSG;
	struct key key;
	unsigned removed;

	(void)state;
	must(key_revoke(store, OWNER, NOW, &err), &err);
	assert_uplynk(uri, "", OWNER_TIME, AUTH_REVOKED);
	assert_uplynk(wrong, "", OWNER_TIME, AUTH_MISMATCH);
	must(key_purge(store, NOW + 1, &removed, &err), &err);
	assert_int_equal(removed, 2); /* and "old" */
	assert_uplynk(uri, "", OWNER_TIME, AUTH_MISMATCH);
	must(key_add(store, OWNER, OWNER_SECRET, TERMS("ann", RIGHT_READ, OWNER_TIME), &key, &err),
		&err);
	assert_uplynk(uri, "", OWNER_TIME - 1, NULL);
	assert_uplynk(uri, "", OWNER_TIME, AUTH_EXPIRED);
	must(user_revoke(store, "ann", &err), &err);
	assert_uplynk(uri, "", OWNER_TIME - 1, AUTH_REVOKED);
	fixture_auth_put(store, STORE_SIGNING_KEYS, STR(OWNER), STR("{"));
	{
		const struct param changes[CHANGES_MAX] = { DIALECT("uplynk"), URI(uri) };
		struct request request;
		struct response response;

		fill_request(&request, changes);
		authorize_request(&request, &response);
		assert_int_equal(response.status, 503);
		response_free(&response);
	}
}

/* Both secrets sign while they overlap, and only one of them after it. */
static void a_rotated_key_of_uplynk(void **state)
{
	static const char uri[] = UPLYNK_QUERY "msg=" SENT_MSG "&sig=" OWNER_SIG;
	static const char header[] = OWNER_MSG " ";
	char of_new[UPLYNK_SIG_LEN + 1], text[sizeof(header) + UPLYNK_SIG_LEN];
	const int64_t until = OWNER_TIME + 100;
	struct key key;

	(void)state;
	must(key_rotate(store, OWNER, NULL, until - NOW, NOW, &key, &err), &err);
	assert_string_equal(key.id, OWNER);
	assert_true(uplynk_sign(STR(OWNER_MSG), str_cstr(key.secret), of_new));
	snprintf(text, sizeof(text), "%s%s", header, of_new);
	assert_uplynk(uri, "", until - 1, NULL);
	assert_uplynk(UPLYNK_QUERY, text, until - 1, NULL);
	assert_uplynk(uri, "", until, AUTH_MISMATCH);
	assert_uplynk(UPLYNK_QUERY, text, until, NULL);
}

/* Who it is stays known where a credential is not for: the application refuses, in its shape. */
static void credential_of_other_dialect_has_no_rights(void **state)
{
	static const char uri[] = UPLYNK_QUERY "msg=" SENT_MSG "&sig=" OWNER_SIG;
	struct credential_terms some = { .user = "ann", .dialects = "idol,native", .created = NOW };
	char text[AUTH_TOKEN_MAX], bearer[100];
	struct key key;

	(void)state;
	must(token_add(store, "some", &some, text, &err), &err);
	snprintf(bearer, sizeof(bearer), "Bearer %s", text);
	for (size_t i = 0; i < DIALECTS; i++) {
		const char *name = challenges[i].name;
		const struct param changes[CHANGES_MAX] = { DIALECT(name),
			{ AUTHORIZATION_HEADER, bearer } };
		bool here = strcmp(name, "idol") == 0 || strcmp(name, "native") == 0;

		assert_params_let_in(changes, here ? "read,write" : "none", name);
	}
	must(key_revoke(store, OWNER, NOW, &err), &err);
	must(key_add(store, OWNER, OWNER_SECRET, &some, &key, &err), &err);
	{
		const struct param changes[CHANGES_MAX] = { DIALECT("uplynk"), URI(uri) };
		struct request request;

		fill_request(&request, changes);
		request.now = OWNER_TIME;
		assert_let_in(&request, "none", "uplynk");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK_STORED(every_dialect_takes_a_bearer),
		CHECK_STORED(idol_challenge_names_token_state),
		CHECK_STORED(tokens_in_queries),
		CHECK_STORED(tokens_in_forms),
		CHECK_STORED(form_token_has_lowest_precedence),
		CHECK_STORED(continue_becomes_accel_redirect),
		CHECK_STORED(the_header_of_vionlabs),
		CHECK_STORED(uplynk_messages_are_let_in),
		CHECK_STORED(other_uplynk_messages_are_refused),
		CHECK_STORED(uplynk_clock_skew_limits),
		CHECK_STORED(unknown_owner_gets_same_refusal),
		CHECK_STORED(a_rotated_key_of_uplynk),
		CHECK_STORED(credential_of_other_dialect_has_no_rights),
	};

	return CHECK_RUN(tests);
}
