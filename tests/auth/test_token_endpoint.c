/* Passwords, and the tokens that are given for them. */
#include <stdio.h>

#include "auth/auth_fixture.h"
#include "auth/token_endpoint.h"
#include "base/clock.h"
#include "http/json.h"

#define PASSWORD "correct horse"
#define FORM	 "grant_type=password&username=ann&password="

static void set_password(const char *user, const char *password)
{
	char hash[PASSWORD_HASH_SIZE];

	must(password_hash(str_cstr(password), hash, &err), &err);
	must(user_set_password(store, user, hash, 0, NOW, &err), &err);
}

static struct limit limit;
static struct token_endpoint granting;
static struct auth_log_entry note;

static void post_from(
	const char *address, const char *method, struct str body, struct response *response)
{
	struct arena arena = { 0 };
	struct request request = { .now = NOW, .arena = &arena, .body = body };

	granting.store = store;
	must(request_add_cgi_param(&request, STR("REQUEST_METHOD"), str_cstr(method), &err), &err);
	must(request_add_cgi_param(&request, STR("REMOTE_ADDR"), str_cstr(address), &err), &err);
	*response = (struct response){ 0 };
	note = (struct auth_log_entry){ 0 };
	must(token_endpoint_answer(&granting, &request, response, &note, &err), &err);
	assert_true(has_header(response, "Cache-Control", "no-store"));
	assert_string_equal(response->media_type, "application/json; charset=utf-8");
	arena_free(&arena);
}

static void post(const char *method, struct str body, struct response *response)
{
	post_from("192.0.2.1", method, body, response);
}

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

static void password_check_result(void **state)
{
	char hash[PASSWORD_HASH_SIZE], again[PASSWORD_HASH_SIZE];
	char longest[PASSWORD_MAX + 1];
	bool matches = true;

	(void)state;
	must(password_hash(STR(PASSWORD), hash, &err), &err);
	must(password_hash(STR(PASSWORD), again, &err), &err);
	assert_string_not_equal(hash, again);
	assert_true(str_starts(str_cstr(hash), STR("$argon2id$v=19$m=19456,t=2,p=1$")));
	must(password_check(STR(PASSWORD), hash, &matches, &err), &err);
	assert_true(matches);
	must(password_check(STR("correct horsf"), hash, &matches, &err), &err);
	assert_false(matches);
	must(password_check(STR(PASSWORD), "", &matches, &err), &err);
	assert_false(matches);
	must(password_check(STR_NULL, "", &matches, &err), &err);
	assert_false(matches);
	memset(longest, 'x', sizeof(longest));
	must(password_hash((struct str){ longest, PASSWORD_MAX }, hash, &err), &err);
	must(password_check((struct str){ longest, PASSWORD_MAX }, hash, &matches, &err), &err);
	assert_true(matches);
	must(password_check((struct str){ longest, PASSWORD_MAX + 1 }, hash, &matches, &err), &err);
	assert_false(matches);
	assert_false(password_hash((struct str){ longest, PASSWORD_MAX + 1 }, hash, &err));
	assert_false(password_hash(STR("seven77"), hash, &err));
	assert_false(password_hash(STR("eight\n88"), hash, &err));
	assert_false(password_hash(STR("eight\xff\xff\xff"), hash, &err));
	assert_err(&err, ERR_INVALID);
}

static int64_t check_us(const char *hash)
{
	int64_t begun = clock_mono_us();
	bool matches = true;

	for (int i = 0; i < 3; i++) {
		must(password_check(STR("another horse"), hash, &matches, &err), &err);
		assert_false(matches);
	}
	return clock_mono_us() - begun;
}

/* An answer that comes at once would tell who has a password. The margin is for a busy machine. */
static void unknown_user_costs_same_time(void **state)
{
	char hash[PASSWORD_HASH_SIZE];

	(void)state;
	must(password_hash(STR(PASSWORD), hash, &err), &err);
	assert_true(check_us("") > check_us(hash) / 8);
	assert_refusal(STR("grant_type=password&username=bob&password=x"), "invalid_grant");
	assert_refusal(STR("grant_type=password&username=ann&password="), "invalid_grant");
}

static void a_token_is_given(void **state)
{
	struct response response;
	struct identity who;
	const char *given, *type, *scope;
	char text[AUTH_TOKEN_MAX];
	int seconds, created;
	json_t *json;

	(void)state;
	set_password("ann", PASSWORD);
	post("POST", STR(FORM "correct+horse&scope=all"), &response);
	assert_int_equal(response.status, 200);
	must(json_parse_object(&json, buf_str(&response.body), &err), &err);
	assert_int_equal(json_unpack_ex(json, NULL, JSON_STRICT, "{s:s, s:s, s:i, s:s, s:i}",
				 "access_token", &given, "token_type", &type, "expires_in",
				 &seconds, "scope", &scope, "created_at", &created),
		0);
	assert_string_equal(type, "Bearer");
	assert_string_equal(scope, "read write");
	assert_true(seconds == 7200 && created == 1309549078);
	snprintf(text, sizeof(text), "%s", given);
	json_decref(json);
	response_free(&response);
	must(token_check(store, str_cstr(text), NOW + 7200 * 1000 - 1, &who, &err), &err);
	assert_string_equal(who.user, ann.id);
	assert_false(token_check(store, str_cstr(text), NOW + 7200 * 1000, &who, &err));
	assert_string_equal(err.field, PRINCIPAL_EXPIRED);
}

static void invalid_requests_are_refused(void **state)
{
	struct response response;

	(void)state;
	set_password("ann", PASSWORD);
	assert_refusal(STR(FORM "correct+horsf"), "invalid_grant");
	assert_refusal(
		STR("grant_type=password&username=Ann&password=correct+horse"), "invalid_grant");
	assert_refusal(STR("grant_type=password&username=ann"), "invalid_grant");
	assert_refusal(STR("grant_type=password&password=correct+horse"), "invalid_grant");
	assert_refusal(STR("username=ann&password=correct+horse"), "invalid_request");
	assert_refusal(STR(FORM "correct+horse&username=ann"), "invalid_request");
	assert_refusal(STR(FORM "correct+horse&grant_type=x"), "invalid_request");
	assert_refusal(STR(FORM "%00"), "invalid_request");
	assert_refusal(STR(FORM "%ff"), "invalid_request");
	assert_refusal(STR(""), "invalid_request");
	assert_refusal(STR("{\"grant_type\":\"password\"}"), "invalid_request");
	assert_refusal(STR("grant_type=refresh_token&refresh_token=x"), "unsupported_grant_type");
	post("GET", STR(FORM "correct+horse"), &response);
	assert_int_equal(response.status, 405);
	assert_true(has_header(&response, "Allow", "POST"));
	response_free(&response);
	must(user_revoke(store, "ann", &err), &err);
	assert_refusal(STR(FORM "correct+horse"), "invalid_grant");
	fixture_auth_put(store, STORE_USERS, STR("ann"), STR("{"));
	post("POST", STR(FORM "correct+horse"), &response);
	assert_int_equal(response.status, 503);
	assert_true(has_header(&response, "Retry-After", "1"));
	response_free(&response);
}

#define SECONDS 1000000

/* The status of a login at a time of the limiter's. */
static int login(const char *address, const char *name, const char *password, int64_t now_us)
{
	struct response response;
	char body[200];
	int status;

	granting.now_us = now_us;
	snprintf(body, sizeof(body), "grant_type=password&username=%s&password=%s", name, password);
	post_from(address, "POST", str_cstr(body), &response);
	status = response.status;
	if (status == 429)
		assert_str(buf_str(&response.body),
			"{\"error\":\"temporarily_unavailable\",\"error_description\":"
			"\"Too many logins have failed.\"}");
	assert_true((status == 429) == (memmem(response.headers.data, response.headers.len,
						"Retry-After", 11) != NULL));
	assert_true((note.reason != NULL) == (status != 200));
	response_free(&response);
	return status;
}

static void set_limit(uint64_t burst)
{
	memset(&limit, 0, sizeof(limit));
	must(limit_init(&limit, &err), &err);
	granting = (struct token_endpoint){ .limit = &limit, .burst = burst };
	set_password("ann", PASSWORD);
}

/* The same for a name that nobody has; another address and another name may go on. */
static void failures_are_limited_per_address(void **state)
{
	static const char *const names[] = { "ann", "nobody", "not%20a%20name", "" };
	struct response response;

	(void)state;
	set_limit(2);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(login("192.0.2.1", names[i], "x", SECONDS), 400);
		assert_int_equal(login("192.0.2.1", names[i], "x", SECONDS), 400);
		assert_int_equal(login("192.0.2.1", names[i], "x", SECONDS), 429);
		assert_string_equal(note.reason, "limited");
		assert_string_equal(note.name, "");
		assert_int_equal(login("192.0.2.2", names[i], "x", SECONDS), 400);
	}
	/* even with the right password: guessing on is no use */
	assert_int_equal(login("192.0.2.1", "ann", PASSWORD, SECONDS), 429);
	assert_int_equal(login("192.0.2.1", "ann", PASSWORD, 10 * SECONDS), 429);
	post("POST", STR(FORM "x"), &response);
	assert_true(has_header(&response, "Retry-After", "1"));
	response_free(&response);
	assert_int_equal(login("192.0.2.1", "ann", PASSWORD, 11 * SECONDS), 200);
	assert_int_equal(login("192.0.2.1", "ann", "x", 11 * SECONDS), 400);
	assert_int_equal(login("192.0.2.1", "ann", "x", 11 * SECONDS), 429);
	granting = (struct token_endpoint){ 0 };
}

static void success_does_not_count(void **state)
{
	(void)state;
	set_limit(2);
	for (int i = 0; i < 5; i++)
		assert_int_equal(login("192.0.2.1", "ann", PASSWORD, SECONDS), 200);
	assert_int_equal(login("192.0.2.1", "ann", "x", SECONDS), 400);
	assert_int_equal(login("192.0.2.1", "ann", PASSWORD, SECONDS), 200);
	assert_string_equal(note.name, "ann");
	assert_int_equal(login("192.0.2.1", "ann", "x", SECONDS), 400);
	assert_int_equal(login("192.0.2.1", "ann", PASSWORD, SECONDS), 429);
	granting = (struct token_endpoint){ 0 };
}

/* Guesses from many addresses: 20 times as many in all. */
static void failures_are_limited_per_name(void **state)
{
	char address[32];

	(void)state;
	set_limit(1);
	for (int i = 0; i < 20; i++) {
		snprintf(address, sizeof(address), "192.0.2.%d", i);
		assert_int_equal(login(address, "ann", "x", SECONDS), 400);
	}
	assert_int_equal(login("198.51.100.1", "ann", PASSWORD, SECONDS), 429);
	assert_int_equal(login("198.51.100.1", "bob", "x", SECONDS), 400);
	/* what was refused for the name did not count for the address */
	assert_int_equal(login("198.51.100.1", "ann", "x", 11 * SECONDS), 400);
	granting = (struct token_endpoint){ 0 };
}

/* Nothing was judged: nothing failed. */
static void store_error_is_not_counted(void **state)
{
	(void)state;
	set_limit(1);
	fixture_auth_put(store, STORE_USERS, STR("ann"), STR("{"));
	for (int i = 0; i < 3; i++) {
		struct response response;

		post("POST", STR(FORM "x"), &response);
		assert_int_equal(response.status, 503);
		assert_string_equal(note.reason, "temporarily_unavailable");
		response_free(&response);
	}
	granting = (struct token_endpoint){ 0 };
}

/* A password in the place of the name: no text of a client's but one that is a user's name. */
static void log_names_only_known_users(void **state)
{
	(void)state;
	set_limit(0);
	assert_int_equal(login("192.0.2.1", "ann", "x", SECONDS), 400);
	assert_string_equal(note.name, "ann");
	assert_string_equal(note.reason, "invalid_grant");
	assert_int_equal(login("192.0.2.1", "gone", "x", SECONDS), 400);
	assert_string_equal(note.name, "gone");
	assert_int_equal(login("192.0.2.1", "s3cret", "ann", SECONDS), 400);
	assert_string_equal(note.name, "");
	granting = (struct token_endpoint){ 0 };
}

static void a_password_survives_what_else_changes(void **state)
{
	struct user before, after;

	(void)state;
	must(user_get(store, "ann", &before, &err), &err);
	assert_string_equal(before.password_hash, "");
	set_password("ann", PASSWORD);
	must(user_get(store, "ann", &after, &err), &err);
	assert_true(after.password_hash[0] && after.created == before.created &&
		    after.rights == before.rights && !after.revoked);
	assert_string_equal(after.id, before.id);
	must(user_revoke(store, "ann", &err), &err);
	must(user_get(store, "ann", &before, &err), &err);
	assert_string_equal(before.password_hash, after.password_hash);
	assert_false(user_set_password(store, "ann", after.password_hash, 0, NOW, &err));
	assert_err(&err, ERR_CONFLICT);
	assert_false(user_rotate_password(store, "ann", after.password_hash, 0, NOW, &err));
	assert_err(&err, ERR_CONFLICT);
	must(user_revoke_password(store, "ann", NOW, &err), &err);
	assert_false(user_set_password(store, "bob", after.password_hash, 0, NOW, &err));
	assert_err(&err, ERR_NOT_FOUND);
}

static char *log_in(const char *password)
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

static void assert_ended(const char *text)
{
	struct identity who;

	assert_false(token_check(store, str_cstr(text), NOW, &who, &err));
	assert_err(&err, ERR_UNAUTHENTICATED);
	assert_string_equal(err.field, PRINCIPAL_REVOKED);
}

/* Who changes a password means to end what the old one opened; and only that. */
static void tokens_end_with_their_password(void **state)
{
	struct identity who;
	const char *text;

	(void)state;
	set_password("ann", PASSWORD);
	text = log_in("correct+horse");
	must(token_check(store, str_cstr(text), NOW, &who, &err), &err);
	set_password("ann", PASSWORD); /* the same, in the same millisecond */
	assert_ended(text);
	text = log_in("correct+horse");
	must(user_expire_password(store, "ann", NOW + 1, &err), &err);
	must(token_check(store, str_cstr(text), NOW + 2, &who, &err), &err);
	must(user_revoke_password(store, "ann", NOW + 3, &err), &err);
	assert_ended(text);
	assert_refusal(STR(FORM "correct+horse"), "invalid_grant");
	assert_false(user_revoke_password(store, "ann", NOW + 3, &err));
	assert_err(&err, ERR_NOT_FOUND);
	assert_false(user_expire_password(store, "ann", 0, &err));
	assert_err(&err, ERR_NOT_FOUND);
	must(token_check(store, str_cstr(token), NOW, &who, &err), &err);
}

static void expired_password_is_refused(void **state)
{
	(void)state;
	set_password("ann", PASSWORD);
	must(user_expire_password(store, "ann", NOW, &err), &err);
	assert_refusal(STR(FORM "correct+horse"), "invalid_grant");
	must(user_expire_password(store, "ann", NOW + 1, &err), &err);
	log_in("correct+horse");
	must(user_expire(store, "ann", NOW, &err), &err);
	assert_refusal(STR(FORM "correct+horse"), "invalid_grant");
	must(user_expire(store, "ann", 0, &err), &err);
	log_in("correct+horse");
}

static void ended_tokens_are_removed(void **state)
{
	struct credential_terms later = { .user = "ann" };
	char ended[AUTH_TOKEN_MAX], lasting[AUTH_TOKEN_MAX], other[AUTH_TOKEN_MAX];
	struct identity who;
	unsigned removed = 7;

	(void)state;
	must(token_add(store, "l", TERMS("ann", 0, NOW + 10), ended, &err), &err);
	later.created = NOW + 10;
	must(token_add(store, "l", &later, lasting, &err), &err);
	must(token_add(store, "m", TERMS("ann", 0, NOW + 10), other, &err), &err);
	must(token_purge(store, "l", NOW + 10, &removed, &err), &err);
	assert_int_equal(removed, 0);
	must(token_purge(store, "l", NOW + 11, &removed, &err), &err);
	assert_int_equal(removed, 1);
	assert_false(token_check(store, str_cstr(ended), NOW, &who, &err));
	assert_string_equal(err.field, "");
	must(token_check(store, str_cstr(lasting), NOW, &who, &err), &err);
	must(token_check(store, str_cstr(other), NOW, &who, &err), &err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK_STORED(password_check_result),
		CHECK_STORED(unknown_user_costs_same_time),
		CHECK_STORED(a_token_is_given),
		CHECK_STORED(invalid_requests_are_refused),
		CHECK_STORED(a_password_survives_what_else_changes),
		CHECK_STORED(tokens_end_with_their_password),
		CHECK_STORED(expired_password_is_refused),
		CHECK_STORED(ended_tokens_are_removed),
		CHECK_STORED(failures_are_limited_per_address),
		CHECK_STORED(success_does_not_count),
		CHECK_STORED(failures_are_limited_per_name),
		CHECK_STORED(store_error_is_not_counted),
		CHECK_STORED(log_names_only_known_users),
	};

	return CHECK_RUN(tests);
}
