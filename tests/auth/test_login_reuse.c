/* Refresh tokens that were replaced: what their use and their revocation do to the login. */
#include "auth/login_fixture.h"

#define GRACE LOGIN_REUSE_GRACE_MS

static struct login_tokens second, third;

/* A login that was renewed at NOW and at `again`. */
static void renew_twice(int64_t again)
{
	must(renew(tokens.refresh, 0, NOW, &second), &err);
	must(renew(second.refresh, 0, again, &third), &err);
}

static void assert_ended(const struct login_tokens *login, int64_t now)
{
	assert_token(login->access, now, PRINCIPAL_REVOKED);
	assert_no_renewal(login->refresh, now, PRINCIPAL_REVOKED);
}

static void tokens_of_a_login_begin_alike(void **state)
{
	(void)state;
	renew_twice(NOW);
	assert_memory_equal(tokens.refresh, third.refresh, LOGIN_ID_LEN);
	assert_true(memcmp(tokens.access, tokens.refresh, LOGIN_ID_LEN) != 0);
	assert_string_not_equal(tokens.refresh, second.refresh);
	assert_string_not_equal(second.refresh, third.refresh);
}

/* The thief renews first, then the client uses the token that was stolen. */
static void reuse_ends_the_login(void **state)
{
	(void)state;
	must(renew(tokens.refresh, 0, NOW, &second), &err);
	expect_log("refresh-reused");
	assert_no_renewal(tokens.refresh, NOW + GRACE, PRINCIPAL_REVOKED);
	assert_ended(&second, NOW + GRACE);
}

static void reuse_at_once_is_only_refused(void **state)
{
	(void)state;
	must(renew(tokens.refresh, 0, NOW, &second), &err);
	assert_no_renewal(tokens.refresh, NOW + GRACE - 1, PRINCIPAL_REVOKED);
	assert_token(second.access, NOW, NULL);
	must(renew(second.refresh, 0, NOW, &third), &err);
}

/* A login that was renewed while the clock was ahead has no longer grace for it. */
static void grace_does_not_depend_on_the_clock(void **state)
{
	(void)state;
	must(renew(tokens.refresh, 0, NOW + 10 * GRACE, &second), &err);
	assert_no_renewal(tokens.refresh, NOW + 9 * GRACE + 1, PRINCIPAL_REVOKED);
	assert_token(second.access, NOW, NULL);
	expect_log("refresh-reused");
	assert_no_renewal(tokens.refresh, NOW, PRINCIPAL_REVOKED);
	assert_ended(&second, NOW);
}

/* A thief who renews all the time gets no grace. */
static void older_tokens_end_the_login_at_once(void **state)
{
	(void)state;
	renew_twice(NOW + 1);
	expect_log("refresh-reused");
	assert_no_renewal(tokens.refresh, NOW + 1, PRINCIPAL_REVOKED);
	assert_ended(&third, NOW + 1);
}

static void ended_login_is_logged_once(void **state)
{
	(void)state;
	renew_twice(NOW + 1);
	expect_log("refresh-reused");
	assert_no_renewal(tokens.refresh, NOW + 1, PRINCIPAL_REVOKED);
	assert_no_renewal(tokens.refresh, NOW + 1, PRINCIPAL_REVOKED);
	assert_no_renewal(second.refresh, NOW + 1 + GRACE, PRINCIPAL_REVOKED);
}

static void reuse_leaves_other_logins(void **state)
{
	struct login_tokens other;
	struct user user;

	(void)state;
	must(user_get(store, "ann", &user, &err), &err);
	must(login_tokens_add(store, &user, NOW, &other, &err), &err);
	renew_twice(NOW);
	expect_log("refresh-reused");
	assert_no_renewal(tokens.refresh, NOW, PRINCIPAL_REVOKED);
	assert_token(other.access, NOW, NULL);
	must(renew(other.refresh, 0, NOW, &second), &err);
}

static void replaced_token_revokes_the_login(void **state)
{
	(void)state;
	renew_twice(NOW);
	revoke_token(tokens.refresh, NOW);
	assert_ended(&third, NOW);
}

/* The id of a login without the rest, and ids of no login. */
static void id_of_a_login_is_no_token(void **state)
{
	char text[AUTH_TOKEN_MAX];

	(void)state;
	memcpy(text, tokens.refresh, sizeof(text));
	text[0] = 'q';
	assert_no_renewal(text, NOW, "");
	text[0] = 'p';
	text[LOGIN_ID_LEN - 1] ^= 1;
	assert_no_renewal(text, NOW, "");
	text[LOGIN_ID_LEN - 1] ^= 1;
	text[LOGIN_ID_LEN] = '\0';
	assert_no_renewal(text, NOW, "");
	assert_token(text, NOW, "");
	must(renew(tokens.refresh, 0, NOW, &second), &err);
}

/* ---- nearly full disk ---- */

static int status_of(const char *form, const char *text)
{
	struct response response;
	struct buf body = BUF_INIT;
	int status;

	buf_printf(&body, "%s%s", form, text);
	post("POST", buf_str(&body), &response);
	status = response.status;
	response_free(&response);
	buf_free(&body);
	return status;
}

#define RENEW "grant_type=refresh_token&refresh_token="

/* As for all requests of clients that write; reading goes on until the access token ends. */
static void nearly_full_disk_refuses_logins_and_renewals(void **state)
{
	(void)state;
	fixture_set_read_only(store, true);
	assert_int_equal(status_of(FORM, PASSWORD), 503);
	assert_int_equal(status_of(FORM, "wrong"), 503);
	assert_int_equal(status_of(RENEW, tokens.refresh), 503);
	assert_int_equal(status_of(RENEW, "pt_unknown"), 400);
	assert_token(tokens.access, NOW, NULL);
	fixture_set_read_only(store, false);
	assert_int_equal(status_of(RENEW, tokens.refresh), 200);
	assert_int_equal(status_of(FORM, "correct+horse"), 200);
}

static void nearly_full_disk_lets_logins_end(void **state)
{
	(void)state;
	renew_twice(NOW);
	fixture_set_read_only(store, true);
	expect_log("refresh-reused");
	assert_int_equal(status_of(RENEW, tokens.refresh), 400);
	assert_ended(&third, NOW);
	revoke_token(token, NOW);
	assert_token(token, NOW, PRINCIPAL_REVOKED);
	fixture_set_read_only(store, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK_TOKENS(nearly_full_disk_refuses_logins_and_renewals),
		CHECK_TOKENS(nearly_full_disk_lets_logins_end),
		CHECK_TOKENS(tokens_of_a_login_begin_alike),
		CHECK_TOKENS(reuse_ends_the_login),
		CHECK_TOKENS(reuse_at_once_is_only_refused),
		CHECK_TOKENS(grace_does_not_depend_on_the_clock),
		CHECK_TOKENS(older_tokens_end_the_login_at_once),
		CHECK_TOKENS(ended_login_is_logged_once),
		CHECK_TOKENS(reuse_leaves_other_logins),
		CHECK_TOKENS(replaced_token_revokes_the_login),
		CHECK_TOKENS(id_of_a_login_is_no_token),
	};

	return CHECK_RUN(tests);
}
