/* OP_ACCESS: what ends, for how long, what is refused, and the log. */
#include "auth/access_fixture.h"
#include "auth/login_tokens.h"
#include "http/alloc_fault.h"

#define CALLER "92d30f0c-8c9c-11e5-8994-feff819cdc9f"
#define NEVER  OPTIONAL_TIME_NONE

static void assert_conflict(bool ok, const char *text)
{
	assert_false(ok);
	assert_int_equal(err.code, ERR_CONFLICT);
	assert_string_equal(err_text(&err), text);
}

static bool act_on_user(enum access_action action, const char *id, struct optional_time end)
{
	return access_try(&(struct op_access){ .action = action, .end = end }, id, NOW);
}

static const struct access_user *shown_user(void)
{
	assert_int_equal(access_result.access->user_count, 1);
	return &access_result.access->users[0];
}

static const struct access_credential *shown(void)
{
	assert_int_equal(access_result.access->credential_count, 1);
	return &access_result.access->credentials[0];
}

/* ---- users ---- */

static void end_of_a_user_ends_its_credentials(void **state)
{
	(void)state;
	assert_true(act_on_user(ACCESS_USER_END, ann.id, optional_time(NOW + 5)));
	assert_int_equal(optional_time_ms(shown_user()->expires), NOW + 5);
	assert_int_equal(shown_user()->state, ACCESS_LIVE);
	assert_token(token, NOW + 4, NULL);
	assert_token(token, NOW + 5, PRINCIPAL_EXPIRED);
	assert_true(act_on_user(ACCESS_USER_END, ann.id, optional_time(0)));
	assert_int_equal(shown_user()->state, ACCESS_EXPIRED);
	assert_token(token, NOW, PRINCIPAL_EXPIRED);
	assert_true(act_on_user(ACCESS_USER_END, ann.id, NEVER));
	assert_false(optional_time_is_set(shown_user()->expires));
	assert_token(token, NOW + 5, NULL);
}

static void revocation_of_a_user_is_permanent(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_true(act_on_user(ACCESS_USER_REVOKE, ann.id, NEVER));
		assert_int_equal(shown_user()->state, ACCESS_REVOKED);
	}
	assert_token(token, NOW, PRINCIPAL_REVOKED);
	assert_conflict(act_on_user(ACCESS_USER_END, ann.id, NEVER),
		"The user is revoked, which is permanent.");
}

static void own_user_is_not_ended(void **state)
{
	static const char record[] = "{\"id\":\"" CALLER
				     "\",\"tenant\":\"demo\",\"rights\":\"admin\","
				     "\"created\":1309549078000,\"revoked\":false}";
	static const char text[] = "You cannot end your own user or change its end: another "
				   "administrator or the operator can.";

	(void)state;
	put_record(STORE_USERS, "caller", record);
	assert_conflict(act_on_user(ACCESS_USER_REVOKE, CALLER, NEVER), text);
	assert_conflict(act_on_user(ACCESS_USER_END, CALLER, optional_time(NOW + 5)), text);
	assert_conflict(act_on_user(ACCESS_USER_END, CALLER, NEVER), text);
	assert_true(act_on_user(ACCESS_USER, CALLER, NEVER));
	assert_int_equal(shown_user()->state, ACCESS_LIVE);
	assert_false(optional_time_is_set(shown_user()->expires));
}

/* ---- tokens ---- */

static void token_ends(void **state)
{
	struct access_credential found = access_find("t", NOW);

	(void)state;
	assert_true(access_act(ACCESS_CREDENTIAL_END, found.id, optional_time(NOW + 5), NOW));
	assert_int_equal(optional_time_ms(shown()->expires), NOW + 5);
	assert_token(token, NOW + 4, NULL);
	assert_token(token, NOW + 5, PRINCIPAL_EXPIRED);
	assert_true(access_act(ACCESS_CREDENTIAL_END, found.id, NEVER, NOW));
	assert_token(token, NOW + 5, NULL);
	for (int i = 0; i < 2; i++) {
		assert_true(access_act(ACCESS_CREDENTIAL_REVOKE, found.id, NEVER, NOW + 6));
		assert_int_equal(shown()->state, ACCESS_REVOKED);
		assert_token(token, NOW, PRINCIPAL_REVOKED);
	}
	assert_conflict(access_act(ACCESS_CREDENTIAL_END, found.id, NEVER, NOW),
		"The credential is revoked, which is permanent.");
}

static void only_live_current_tokens_get_another_end(void **state)
{
	char replaced[ACCESS_ID_SIZE], successor[AUTH_TOKEN_MAX];

	(void)state;
	assert_conflict(access_act(ACCESS_CREDENTIAL_END, access_find("e", NOW).id, NEVER, NOW),
		"The token has expired, which is permanent.");
	assert_true(access_act(ACCESS_CREDENTIAL_REVOKE, access_find("e", NOW).id, NEVER, NOW));
	assert_int_equal(shown()->state, ACCESS_REVOKED);
	memcpy(replaced, access_find("t", NOW).id, sizeof(replaced));
	must(token_rotate(store, "t", 100, NOW, successor, &err), &err);
	assert_conflict(access_act(ACCESS_CREDENTIAL_END, replaced, NEVER, NOW),
		"The token was replaced: change the end of its successor.");
	assert_true(access_act(ACCESS_CREDENTIAL_REVOKE, replaced, NEVER, NOW));
	assert_token(token, NOW, PRINCIPAL_REVOKED);
	assert_token(successor, NOW, NULL);
}

/* The user's validity does not count: an operator may extend it. */
static void token_of_an_expired_user_is_revoked(void **state)
{
	(void)state;
	must(user_expire(store, "ann", NOW, &err), &err);
	assert_true(access_act(ACCESS_CREDENTIAL_REVOKE, access_find("t", NOW).id, NEVER, NOW));
	must(user_expire(store, "ann", 0, &err), &err);
	assert_token(token, NOW, PRINCIPAL_REVOKED);
}

/* ---- keys ---- */

static bool key_is_live(const char *id, int64_t now)
{
	enum validity validity;
	struct key key;

	must(key_get(store, id, &key, &err), &err);
	must(key_validity(store, &key, now, &validity, &err), &err);
	return validity == VALIDITY_LIVE;
}

static void key_ends(void **state)
{
	struct access_credential found = access_find("reader", NOW);

	(void)state;
	assert_true(access_act(ACCESS_CREDENTIAL_END, found.id, optional_time(NOW + 5), NOW));
	assert_true(key_is_live("reader", NOW + 4));
	assert_false(key_is_live("reader", NOW + 5));
	/* As polytaskctl key expire: one that has expired lives again. */
	assert_true(access_act(ACCESS_CREDENTIAL_END, access_find("old", NOW).id, NEVER, NOW));
	assert_true(key_is_live("old", NOW));
	for (int i = 0; i < 2; i++) {
		assert_true(access_act(ACCESS_CREDENTIAL_REVOKE, found.id, NEVER, NOW));
		assert_int_equal(shown()->state, ACCESS_REVOKED);
		assert_false(key_is_live("reader", NOW));
	}
	assert_conflict(access_act(ACCESS_CREDENTIAL_END, found.id, NEVER, NOW),
		"The credential is revoked, which is permanent.");
}

/* ---- logins ---- */

static void revocation_of_a_login_ends_both_tokens(void **state)
{
	struct login_tokens made, other, renewed;
	struct user user;

	(void)state;
	must(user_set_password(store, "ann", "a", 0, NOW, &err), &err);
	must(user_get(store, "ann", &ann, &err), &err);
	must(login_tokens_add(store, &ann, NOW, &made, &err), &err);
	assert_conflict(access_act(ACCESS_CREDENTIAL_END, access_find(TOKEN_LOGIN_LABEL, NOW).id,
				optional_time(NOW), NOW),
		"The end of a login cannot be changed: revoke it, or set the end of its user.");
	assert_true(access_act(
		ACCESS_CREDENTIAL_REVOKE, access_find(TOKEN_LOGIN_LABEL, NOW).id, NEVER, NOW));
	assert_int_equal(shown()->state, ACCESS_REVOKED);
	must(login_tokens_add(store, &ann, NOW, &other, &err), &err);
	assert_token(made.access, NOW, PRINCIPAL_REVOKED);
	assert_false(
		login_tokens_renew(store, str_cstr(made.refresh), 0, NOW, &renewed, &user, &err));
	assert_token(other.access, NOW, NULL);
	must(login_tokens_renew(store, str_cstr(other.refresh), 0, NOW, &renewed, &user, &err),
		&err);
}

/* ---- the disk, memory and the log ---- */

static void everything_ends_while_the_disk_is_nearly_full(void **state)
{
	struct login_tokens made;
	static const char *const labels[] = { "t", "reader", TOKEN_LOGIN_LABEL };

	(void)state;
	must(login_tokens_add(store, &ann, NOW, &made, &err), &err);
	fixture_set_read_only(store, true);
	for (size_t i = 0; i < 3; i++)
		assert_true(access_act(
			ACCESS_CREDENTIAL_REVOKE, access_find(labels[i], NOW).id, NEVER, NOW));
	assert_true(act_on_user(ACCESS_USER_REVOKE, ann.id, NEVER));
	fixture_set_read_only(store, false);
	assert_token(token, NOW, PRINCIPAL_REVOKED);
	assert_token(made.access, NOW, PRINCIPAL_REVOKED);
}

static unsigned changes_logged;
static char logged[1000];

static void note_line(enum log_level level, struct str line)
{
	(void)level;
	if (!memmem(line.ptr, line.len, "\"event\":\"access\"", 16))
		return;
	changes_logged++;
	assert_true(line.len < sizeof(logged));
	memcpy(logged, line.ptr, line.len);
	logged[line.len] = '\0';
}

static void each_change_is_logged_once(void **state)
{
	struct access_credential found = access_find("t", NOW);

	(void)state;
	changes_logged = 0;
	log_capture(note_line);
	for (int i = 0; i < 2; i++)
		assert_true(access_act(ACCESS_CREDENTIAL_REVOKE, found.id, NEVER, NOW));
	assert_int_equal(changes_logged, 1);
	assert_non_null(
		strstr(logged, "\"verb\":\"token revoke\",\"operand\":\"t\",\"owner\":\"ann\","
			       "\"tenant\":\"demo\",\"user\":\"" CALLER "\""));
	assert_null(strstr(logged, found.id));
	for (int i = 0; i < 2; i++)
		assert_true(act_on_user(ACCESS_USER_END, ann.id, optional_time(NOW)));
	assert_int_equal(changes_logged, 3);
	assert_non_null(strstr(logged, "\"verb\":\"user expire\",\"operand\":\"ann\","
				       "\"expires\":\"2011-07-01T19:37:58Z\",\"tenant\":\"demo\""));
	assert_true(act_on_user(ACCESS_USER, ann.id, NEVER));
	assert_int_equal(changes_logged, 3);
	check_setup(state);
}

static void ignore_line(enum log_level level, struct str line)
{
	(void)level, (void)line;
}

/* An operation that succeeds is complete; one that fails has freed everything. */
static void failing_allocations_are_errors(void **state)
{
	const struct op_access all = { .action = ACCESS_CREDENTIALS, .limit = 3 };
	struct access_credential found = access_find("t", NOW);
	bool failed = true;

	(void)state;
	/* A record that cannot be read for want of memory is left out. */
	log_capture(ignore_line);
	for (unsigned n = 0; failed; n++) {
		bool done;

		alloc_fault_begin(ALLOC_FAULT_ONCE, n);
		done = access_try(&all, NULL, NOW);
		failed = alloc_fault_end();
		assert_true(failed || (done && access_result.access->credential_count == 3));
	}
	failed = true;
	for (unsigned n = 0; failed; n++) {
		bool done;

		alloc_fault_begin(ALLOC_FAULT_ONCE, n);
		done = access_act(ACCESS_CREDENTIAL_REVOKE, found.id, NEVER, NOW);
		failed = alloc_fault_end();
		assert_true(done || failed);
		assert_true(done || err.code != ERR_NOT_FOUND);
		if (done)
			assert_int_equal(shown()->state, ACCESS_REVOKED);
	}
	assert_token(token, NOW, PRINCIPAL_REVOKED);
	check_setup(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK_ACCESS(end_of_a_user_ends_its_credentials),
		CHECK_ACCESS(revocation_of_a_user_is_permanent),
		CHECK_ACCESS(own_user_is_not_ended),
		CHECK_ACCESS(token_ends),
		CHECK_ACCESS(only_live_current_tokens_get_another_end),
		CHECK_ACCESS(token_of_an_expired_user_is_revoked),
		CHECK_ACCESS(key_ends),
		CHECK_ACCESS(revocation_of_a_login_ends_both_tokens),
		CHECK_ACCESS(everything_ends_while_the_disk_is_nearly_full),
		CHECK_ACCESS(each_change_is_logged_once),
		CHECK_ACCESS(failing_allocations_are_errors),
	};

	return CHECK_RUN(tests);
}
