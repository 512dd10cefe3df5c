/* POST /oauth/token: tokens for passwords (test_login_limit.c: the limit of failed logins). */
#include <stdio.h>

#include "auth/login_fixture.h"
#include "http/json.h"
#include "store/auth_table.h"

static void assert_refusal(struct str body, const char *error)
{
	struct response response;
	char head[100];

	post("POST", body, &response);
	snprintf(head, sizeof(head), "{\"error\":\"%s\",", error);
	if (response.status != 400 || !str_starts(buf_str(&response.body), str_cstr(head)))
		fail_msg("%.*s: %d %.*s", STR_ARGS(body), response.status,
			STR_ARGS(buf_str(&response.body)));
	response_free(&response);
}

static void valid_password_yields_token(void **state)
{
	struct response response;
	struct identity who;
	const char *given, *type, *scope, *refresh;
	char text[AUTH_TOKEN_MAX];
	int seconds, created;
	json_t *json;

	(void)state;
	post("POST", STR(FORM "correct+horse&scope="), &response);
	assert_int_equal(response.status, 200);
	must(json_parse_object(&json, buf_str(&response.body), &err), &err);
	assert_int_equal(
		json_unpack_ex(json, NULL, JSON_STRICT, "{s:s, s:s, s:i, s:s, s:s, s:i}",
			"access_token", &given, "token_type", &type, "expires_in", &seconds,
			"refresh_token", &refresh, "scope", &scope, "created_at", &created),
		0);
	assert_string_equal(type, "Bearer");
	assert_string_equal(scope, "read write");
	assert_int_equal(seconds, 7200);
	assert_int_equal(created, 1309549078);
	snprintf(text, sizeof(text), "%s", given);
	json_decref(json);
	response_free(&response);
	must(token_check(store, str_cstr(text), NOW + 7200 * 1000 - 1, &who, &err), &err);
	assert_string_equal(who.user, ann.id);
	assert_false(token_check(store, str_cstr(text), NOW + 7200 * 1000, &who, &err));
	assert_string_equal(err.field, PRINCIPAL_EXPIRED);
}

static void invalid_forms_and_wrong_passwords_are_refused(void **state)
{
	(void)state;
	assert_refusal(STR(FORM "correct+horsf"), "invalid_grant");
	assert_refusal(STR("grant_type=password&username=bob&password=x"), "invalid_grant");
	assert_refusal(STR("grant_type=password&username=ann&password="), "invalid_grant");
	assert_refusal(
		STR("grant_type=password&username=an&password=correct+horse"), "invalid_grant");
	assert_refusal(STR("grant_type=password&username=ann"), "invalid_grant");
	assert_refusal(STR("grant_type=password&password=correct+horse"), "invalid_grant");
	assert_refusal(STR("username=ann&password=correct+horse"), "invalid_request");
	assert_refusal(STR(FORM "correct+horse&username=ann"), "invalid_request");
	assert_refusal(STR(FORM "correct+horse&grant_type=x"), "invalid_request");
	assert_refusal(STR(FORM "%00"), "invalid_request");
	assert_refusal(STR(FORM "%ff"), "invalid_request");
	assert_refusal(STR(""), "invalid_request");
	assert_refusal(STR("{\"grant_type\":\"password\"}"), "invalid_request");
	assert_refusal(STR("grant_type=client_credentials"), "unsupported_grant_type");
}

static void scope_narrows_the_rights(void **state)
{
	static const struct {
		const char *asked, *granted; /* NULL: refused */
	} cases[] = {
		{ "read", "read" },
		{ "write+read", "read write" },
		{ "+read++admin+", "read" },
		{ "+", "read write" },
		{ "admin", NULL },
		{ "public", NULL },
		{ "read+public", NULL },
		{ "read,write", NULL },
		{ "read%09write", NULL },
		{ "read%0a", NULL },
		{ "none", NULL },
		{ "Read", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct response response;
		char body[200], member[64];

		snprintf(body, sizeof(body), FORM "correct+horse&scope=%s", cases[i].asked);
		if (!cases[i].granted) {
			assert_refusal(str_cstr(body), "invalid_scope");
			continue;
		}
		post("POST", str_cstr(body), &response);
		assert_int_equal(response.status, 200);
		snprintf(member, sizeof(member), ",\"scope\":\"%s\",", cases[i].granted);
		assert_non_null(
			memmem(response.body.data, response.body.len, member, strlen(member)));
		response_free(&response);
	}
	assert_refusal(STR(FORM "wrong&scope=public"), "invalid_grant");
}

static void other_methods_are_refused(void **state)
{
	struct response response;

	(void)state;
	post("GET", STR(FORM "correct+horse"), &response);
	assert_int_equal(response.status, 405);
	assert_true(has_header(&response, "Allow", "POST"));
	response_free(&response);
}

static void revoked_user_gets_no_token(void **state)
{
	(void)state;
	must(user_revoke(store, "ann", &err), &err);
	assert_refusal(STR(FORM "correct+horse"), "invalid_grant");
}

static void unreadable_user_record_is_503(void **state)
{
	struct response response;

	(void)state;
	fixture_auth_put(store, STORE_USERS, STR("ann"), STR("{"));
	post("POST", STR(FORM "correct+horse"), &response);
	assert_int_equal(response.status, 503);
	assert_true(has_header(&response, "Retry-After", "1"));
	response_free(&response);
}

static const char *log_in(const char *password)
{
	static char text[AUTH_TOKEN_MAX];
	struct response response;
	struct str body, given;
	char form[100];

	snprintf(form, sizeof(form), FORM "%s", password);
	post("POST", str_cstr(form), &response);
	assert_int_equal(response.status, 200);
	body = str_skip(buf_str(&response.body), strlen("{\"access_token\":\""));
	given = str_split_next(&body, '"');
	snprintf(text, sizeof(text), "%.*s", STR_ARGS(given));
	response_free(&response);
	return text;
}

static void assert_revoked(const char *text)
{
	struct identity who;

	assert_fails(
		token_check(store, str_cstr(text), NOW, &who, &err), &err, ERR_UNAUTHENTICATED);
	assert_string_equal(err.field, PRINCIPAL_REVOKED);
}

/* A changed password revokes the tokens issued for the old one, and no others. */
static void login_tokens_are_revoked_with_their_password(void **state)
{
	struct identity who;
	const char *text;

	(void)state;
	text = log_in("correct+horse");
	must(token_check(store, str_cstr(text), NOW, &who, &err), &err);
	/* the same password in the same millisecond */
	set_password("ann", PASSWORD);
	assert_revoked(text);
	text = log_in("correct+horse");
	must(user_expire_password(store, "ann", NOW + 1, &err), &err);
	must(token_check(store, str_cstr(text), NOW + 2, &who, &err), &err);
	must(user_revoke_password(store, "ann", NOW + 3, &err), &err);
	assert_revoked(text);
	assert_refusal(STR(FORM "correct+horse"), "invalid_grant");
	assert_fails(user_revoke_password(store, "ann", NOW + 3, &err), &err, ERR_NOT_FOUND);
	assert_fails(user_expire_password(store, "ann", 0, &err), &err, ERR_NOT_FOUND);
	must(token_check(store, str_cstr(token), NOW, &who, &err), &err);
}

static void expired_password_is_refused(void **state)
{
	(void)state;
	must(user_expire_password(store, "ann", NOW, &err), &err);
	assert_refusal(STR(FORM "correct+horse"), "invalid_grant");
	must(user_expire_password(store, "ann", NOW + 1, &err), &err);
	log_in("correct+horse");
	must(user_expire(store, "ann", NOW, &err), &err);
	assert_refusal(STR(FORM "correct+horse"), "invalid_grant");
	must(user_expire(store, "ann", 0, &err), &err);
	log_in("correct+horse");
}

static void native_address_has_its_own_sentences(void **state)
{
	static const struct token_address native = { "/v1/token", TOKEN_CALL_GRANT,
		TOKEN_STYLE_NATIVE };
	static const struct {
		struct str body, error, description;
	} cases[] = {
		{ STR(""), STR("invalid_request"), STR("The parameter grant_type is missing.") },
		{ STR("grant_type=x"), STR("unsupported_grant_type"),
			STR("grant_type must be password or refresh_token.") },
		{ STR("grant_type=password"), STR("invalid_request"),
			STR("The parameter username is missing.") },
		{ STR(FORM), STR("invalid_request"), STR("The parameter password is missing.") },
		{ STR(FORM "x"), STR("invalid_grant"),
			STR("The user name or the password is wrong.") },
		{ STR(FORM "correct+horse&scope=x"), STR("invalid_scope"),
			STR("scope must name rights that the user and the login have.") },
		{ STR("grant_type=refresh_token"), STR("invalid_request"),
			STR("The parameter refresh_token is missing.") },
		{ STR("grant_type=refresh_token&refresh_token=x"), STR("invalid_grant"),
			STR("The refresh token is invalid, expired, revoked or was replaced.") },
	};
	struct response response;
	char body[200];

	(void)state;
	endpoint.address = &native;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		post("POST", cases[i].body, &response);
		snprintf(body, sizeof(body), "{\"error\":\"%.*s\",\"error_description\":\"%.*s\"}",
			STR_ARGS(cases[i].error), STR_ARGS(cases[i].description));
		assert_int_equal(response.status, 400);
		assert_str(buf_str(&response.body), body);
		response_free(&response);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK_LOGIN(valid_password_yields_token),
		CHECK_LOGIN(invalid_forms_and_wrong_passwords_are_refused),
		CHECK_LOGIN(scope_narrows_the_rights),
		CHECK_LOGIN(other_methods_are_refused),
		CHECK_LOGIN(revoked_user_gets_no_token),
		CHECK_LOGIN(unreadable_user_record_is_503),
		CHECK_LOGIN(login_tokens_are_revoked_with_their_password),
		CHECK_LOGIN(expired_password_is_refused),
		CHECK_LOGIN(native_address_has_its_own_sentences),
	};

	return CHECK_RUN(tests);
}
