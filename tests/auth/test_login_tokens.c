/* The tokens of a login: renewing, revoking, their ends. */
#include <stdio.h>

#include "auth/auth_row.h"
#include "auth/login_fixture.h"
#include "store/auth_table.h"

#define REFRESH_END (NOW + (int64_t)LOGIN_REFRESH_S * 1000)
#define ACCESS_END  (NOW + (int64_t)LOGIN_ACCESS_S * 1000)

static unsigned rights_of(const char *text)
{
	struct identity who;

	must(token_check(store, str_cstr(text), NOW, &who, &err), &err);
	return who.rights;
}

static void access_token_has_the_rights_of_the_user(void **state)
{
	(void)state;
	assert_int_equal(rights_of(tokens.access), ann.rights);
	assert_token(tokens.access, ACCESS_END - 1, NULL);
	assert_token(tokens.access, ACCESS_END, PRINCIPAL_EXPIRED);
}

static void refresh_token_is_no_bearer_token(void **state)
{
	(void)state;
	assert_token(tokens.refresh, NOW, "");
	assert_token(tokens.refresh, REFRESH_END, "");
}

static void access_token_renews_nothing(void **state)
{
	(void)state;
	assert_no_renewal(tokens.access, NOW, "");
	assert_no_renewal(token, NOW, "");
	assert_no_renewal("pt_unknown", NOW, "");
	assert_no_renewal("", NOW, "");
	assert_token(tokens.access, NOW, NULL);
}

static void renewal_replaces_both_tokens(void **state)
{
	struct login_tokens made;

	(void)state;
	must(renew(tokens.refresh, 0, REFRESH_END - 1, &made), &err);
	assert_token(tokens.access, NOW, "");
	assert_no_renewal(tokens.refresh, REFRESH_END - 1, PRINCIPAL_REVOKED);
	assert_token(made.access, REFRESH_END, NULL);
	assert_token(made.refresh, REFRESH_END, "");
	must(renew(made.refresh, 0, REFRESH_END, &made), &err);
}

static void expired_refresh_token_renews_nothing(void **state)
{
	(void)state;
	assert_no_renewal(tokens.refresh, REFRESH_END, PRINCIPAL_EXPIRED);
}

static void renewal_narrows_for_good(void **state)
{
	struct login_tokens narrow, made;

	(void)state;
	must(renew(tokens.refresh, RIGHT_READ, NOW, &narrow), &err);
	assert_int_equal(rights_of(narrow.access), RIGHT_READ);
	assert_fails(
		renew(narrow.refresh, RIGHT_READ | RIGHT_WRITE, NOW, &made), &err, ERR_INVALID);
	assert_fails(renew(narrow.refresh, RIGHT_ADMIN, NOW, &made), &err, ERR_INVALID);
	must(renew(narrow.refresh, 0, NOW, &made), &err);
	assert_int_equal(rights_of(made.access), RIGHT_READ);
}

static void refused_scope_leaves_the_tokens(void **state)
{
	struct login_tokens made;

	(void)state;
	assert_fails(renew(tokens.refresh, RIGHT_ADMIN, NOW, &made), &err, ERR_INVALID);
	assert_fails(renew(tokens.refresh, ~(unsigned)RIGHT_ALL, NOW, &made), &err, ERR_INVALID);
	assert_token(tokens.access, NOW, NULL);
	must(renew(tokens.refresh, 0, NOW, &made), &err);
}

static bool give_rights(void *record, const void *data, struct err *error)
{
	struct user *user = record;
	const unsigned *rights = data;

	(void)error;
	user->rights = *rights;
	return true;
}

static void set_rights(unsigned rights)
{
	struct user user;
	const struct auth_record_update update = { &user_kind, "ann", &user, give_rights, &rights };

	must(auth_record_update(store, &update, &err), &err);
}

static void renewal_never_adds_rights(void **state)
{
	struct login_tokens made, again;

	(void)state;
	set_rights(RIGHT_ALL);
	must(renew(tokens.refresh, 0, NOW, &made), &err);
	assert_int_equal(rights_of(made.access), RIGHT_READ | RIGHT_WRITE);
	set_rights(RIGHT_READ);
	must(renew(made.refresh, 0, NOW, &again), &err);
	set_rights(RIGHT_ALL);
	assert_int_equal(rights_of(again.access), RIGHT_READ);
}

static bool limit_to_idol(void *record, const void *data, struct err *error)
{
	struct token *refresh = record;

	(void)data, (void)error;
	memcpy(refresh->terms.dialects, "idol", sizeof("idol"));
	return true;
}

/* Logins have no such limit, but a record of another build may have one. */
static void renewal_keeps_the_dialects(void **state)
{
	char key[TOKEN_HASH_LEN + 1];
	struct token record;
	const struct auth_record_update update = { &token_kind, key, &record, limit_to_idol, NULL };
	struct login_tokens made, again;
	struct identity who;

	(void)state;
	must(token_hash((struct str){ tokens.refresh, LOGIN_ID_LEN }, key, &err), &err);
	must(auth_record_update(store, &update, &err), &err);
	must(renew(tokens.refresh, 0, NOW, &made), &err);
	must(renew(made.refresh, 0, NOW, &again), &err);
	must(token_check(store, str_cstr(again.access), NOW, &who, &err), &err);
	assert_string_equal(who.dialects, "idol");
}

static void user_without_the_rights_renews_nothing(void **state)
{
	(void)state;
	set_rights(RIGHT_ADMIN);
	assert_no_renewal(tokens.refresh, NOW, PRINCIPAL_REVOKED);
}

static void revoked_user_renews_nothing(void **state)
{
	(void)state;
	must(user_revoke(store, "ann", &err), &err);
	assert_no_renewal(tokens.refresh, NOW, PRINCIPAL_REVOKED);
}

static void expired_user_renews_nothing(void **state)
{
	(void)state;
	must(user_expire(store, "ann", NOW, &err), &err);
	assert_no_renewal(tokens.refresh, NOW, PRINCIPAL_EXPIRED);
}

static void changed_password_ends_both_tokens(void **state)
{
	(void)state;
	set_password("ann", PASSWORD);
	assert_token(tokens.access, NOW, PRINCIPAL_REVOKED);
	assert_no_renewal(tokens.refresh, NOW, PRINCIPAL_REVOKED);
}

static void removed_password_ends_both_tokens(void **state)
{
	(void)state;
	must(user_revoke_password(store, "ann", NOW + 1, &err), &err);
	assert_token(tokens.access, NOW, PRINCIPAL_REVOKED);
	assert_no_renewal(tokens.refresh, NOW, PRINCIPAL_REVOKED);
}

static void expired_password_ends_the_refresh_token(void **state)
{
	(void)state;
	must(user_expire_password(store, "ann", NOW + 1, &err), &err);
	assert_token(tokens.access, NOW + 1, NULL);
	assert_no_renewal(tokens.refresh, NOW + 1, PRINCIPAL_EXPIRED);
}

/* A change after the token was read must not be lost: the new tokens are of the old password. */
static void renewal_keeps_the_password_of_the_login(void **state)
{
	struct login_tokens made;

	(void)state;
	must(renew(tokens.refresh, 0, NOW, &made), &err);
	set_password("ann", PASSWORD);
	assert_token(made.access, NOW, PRINCIPAL_REVOKED);
}

static void either_token_revokes_both(void **state)
{
	struct login_tokens made;

	(void)state;
	must(renew(tokens.refresh, 0, NOW, &made), &err);
	revoke_token(made.access, NOW);
	assert_token(made.access, NOW, PRINCIPAL_REVOKED);
	assert_no_renewal(made.refresh, NOW, PRINCIPAL_REVOKED);
}

static void refresh_token_revokes_the_access_token(void **state)
{
	(void)state;
	revoke_token(tokens.refresh, ACCESS_END + 1);
	assert_token(tokens.access, NOW, PRINCIPAL_REVOKED);
	assert_no_renewal(tokens.refresh, NOW, PRINCIPAL_REVOKED);
	revoke_token(tokens.refresh, NOW);
}

static void expired_access_token_revokes_nothing(void **state)
{
	struct login_tokens made;

	(void)state;
	revoke_token(tokens.access, ACCESS_END);
	must(renew(tokens.refresh, 0, ACCESS_END, &made), &err);
}

static void other_tokens_can_be_revoked(void **state)
{
	char name[USER_NAME_MAX];

	(void)state;
	must(login_tokens_revoke(store, str_cstr(token), NOW, name, &err), &err);
	assert_string_equal(name, "ann");
	assert_token(token, NOW, PRINCIPAL_REVOKED);
	must(login_tokens_revoke(store, STR("pt_unknown"), NOW, name, &err), &err);
	assert_string_equal(name, "");
	assert_token(tokens.access, NOW, NULL);
}

static void renewal_works_without_the_access_token(void **state)
{
	struct login_tokens made;

	(void)state;
	assert_int_equal(purge_tokens(TOKEN_LOGIN_LABEL, ACCESS_END + 1), 1);
	must(renew(tokens.refresh, 0, ACCESS_END, &made), &err);
	assert_int_equal(purge_tokens(TOKEN_LOGIN_LABEL, INT64_MAX), 2);
	assert_no_renewal(made.refresh, ACCESS_END, "");
}

static void label_revokes_refresh_tokens_as_well(void **state)
{
	(void)state;
	must(token_revoke(store, TOKEN_LOGIN_LABEL, NOW, &err), &err);
	assert_token(tokens.access, NOW, PRINCIPAL_REVOKED);
	assert_no_renewal(tokens.refresh, NOW, PRINCIPAL_REVOKED);
}

/* SHA-256 of "x". */
#define HASH_OF_X "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
#define RECORD(members)                                                            \
	"{\"label\":\"oauth\",\"user\":\"ann\",\"rights\":\"read\",\"created\":1," \
	"\"expires\":2000000000000" members "}"

static void token_of_an_earlier_version_is_read(void **state)
{
	(void)state;
	put_record(STORE_TOKENS, HASH_OF_X, RECORD(""));
	assert_token("x", NOW, NULL);
	revoke_token("x", NOW);
	assert_token("x", NOW, PRINCIPAL_REVOKED);
}

static void pair_that_is_too_long_is_unreadable(void **state)
{
	struct identity who;

	(void)state;
	put_record(
		STORE_TOKENS, HASH_OF_X, RECORD(",\"refresh\":true,\"pair\":\"" HASH_OF_X "0\""));
	assert_fails(token_check(store, STR("x"), NOW, &who, &err), &err, ERR_INTERNAL);
}

/* The code of the refusal of a row of an export. */
static enum err_code import(const char *record)
{
	struct auth_rows rows = { .store = store };
	bool ok = auth_rows_check(&rows, STR("tokens"), STR(HASH_OF_X), str_cstr(record), &err);

	auth_rows_free(&rows);
	return ok ? ERR_NONE : err.code;
}

#define OF_LOGIN   ",\"login\":1"
#define OF_RENEWAL ",\"refresh\":true,\"pair\":\"" HASH_OF_X "\""
#define CURRENT	   ",\"current\":\"" HASH_OF_X "\""
#define BEFORE	   ",\"before\":\"" HASH_OF_X "\""

static void rows_of_logins_keep_their_kind(void **state)
{
	(void)state;
	assert_int_equal(import(RECORD(OF_LOGIN OF_RENEWAL)), ERR_NONE);
	assert_int_equal(import(RECORD(OF_LOGIN ",\"refresh\":1")), ERR_INVALID);
	assert_int_equal(import(RECORD(OF_LOGIN ",\"pair\":\"x\"")), ERR_INVALID);
	assert_int_equal(import(RECORD(OF_RENEWAL)), ERR_INVALID);
	assert_int_equal(import(RECORD(OF_LOGIN OF_RENEWAL CURRENT BEFORE)), ERR_NONE);
	assert_int_equal(import(RECORD(OF_LOGIN CURRENT)), ERR_INVALID);
	assert_int_equal(import(RECORD(OF_LOGIN BEFORE)), ERR_INVALID);
	put_record(STORE_TOKENS, HASH_OF_X, RECORD(OF_LOGIN OF_RENEWAL));
	assert_int_equal(import(RECORD(OF_LOGIN)), ERR_CONFLICT);
	assert_int_equal(import(RECORD(OF_LOGIN OF_RENEWAL)), ERR_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK_TOKENS(access_token_has_the_rights_of_the_user),
		CHECK_TOKENS(refresh_token_is_no_bearer_token),
		CHECK_TOKENS(access_token_renews_nothing),
		CHECK_TOKENS(renewal_replaces_both_tokens),
		CHECK_TOKENS(expired_refresh_token_renews_nothing),
		CHECK_TOKENS(renewal_narrows_for_good),
		CHECK_TOKENS(refused_scope_leaves_the_tokens),
		CHECK_TOKENS(renewal_never_adds_rights),
		CHECK_TOKENS(renewal_keeps_the_dialects),
		CHECK_TOKENS(user_without_the_rights_renews_nothing),
		CHECK_TOKENS(revoked_user_renews_nothing),
		CHECK_TOKENS(expired_user_renews_nothing),
		CHECK_TOKENS(changed_password_ends_both_tokens),
		CHECK_TOKENS(removed_password_ends_both_tokens),
		CHECK_TOKENS(expired_password_ends_the_refresh_token),
		CHECK_TOKENS(renewal_keeps_the_password_of_the_login),
		CHECK_TOKENS(either_token_revokes_both),
		CHECK_TOKENS(refresh_token_revokes_the_access_token),
		CHECK_TOKENS(expired_access_token_revokes_nothing),
		CHECK_TOKENS(other_tokens_can_be_revoked),
		CHECK_TOKENS(renewal_works_without_the_access_token),
		CHECK_TOKENS(label_revokes_refresh_tokens_as_well),
		CHECK_TOKENS(token_of_an_earlier_version_is_read),
		CHECK_TOKENS(pair_that_is_too_long_is_unreadable),
		CHECK_TOKENS(rows_of_logins_keep_their_kind),
	};

	return CHECK_RUN(tests);
}
