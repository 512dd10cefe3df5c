/* What becomes of tokens and keys: revoked, expired, rotated, forgotten; and records of old. */
#include <stdio.h>

#include "auth/auth_fixture.h"

#define SECOND ((int64_t)1000)

static void put(enum store_table table, const char *key, const char *record)
{
	fixture_auth_put(store, table, str_cstr(key), str_cstr(record));
}

/* NULL: it is let in. */
static void assert_token(const char *text, int64_t now, const char *why)
{
	struct identity who;
	bool ok = token_check(store, str_cstr(text), now, &who, &err);

	if (ok != (why == NULL) || (why && strcmp(err.field, why) != 0))
		fail_msg("%s: %s", why ? why : "live", ok ? "let in" : err.field);
}

/* ---- ends ---- */

static void revoked_wins_over_expired(void **state)
{
	char text[AUTH_TOKEN_MAX];

	(void)state;
	must(token_add(store, "x", TERMS("ann", 0, NOW + SECOND), text, &err), &err);
	assert_token(text, NOW + SECOND - 1, NULL);
	assert_token(text, NOW + SECOND, PRINCIPAL_EXPIRED);
	must(token_revoke(store, "x", NOW + 1, &err), &err);
	assert_token(text, NOW + 2, PRINCIPAL_REVOKED);
	assert_token(text, NOW + SECOND, PRINCIPAL_REVOKED);
}

static void expiry_can_be_changed(void **state)
{
	char text[AUTH_TOKEN_MAX];
	struct identity who;
	struct key key;

	(void)state;
	must(token_add(store, "x", TERMS("ann", 0, 0), text, &err), &err);
	must(token_expire(store, "x", NOW + SECOND, NOW, &err), &err);
	assert_token(text, NOW + SECOND, PRINCIPAL_EXPIRED);
	must(token_expire(store, "x", 0, NOW, &err), &err);
	assert_token(text, NOW + SECOND, NULL);
	/* what has ended stays so: its label may be another's */
	must(token_expire(store, "x", NOW + SECOND, NOW, &err), &err);
	assert_fails(token_expire(store, "x", 0, NOW + SECOND, &err), &err, ERR_NOT_FOUND);
	assert_fails(token_expire(store, "oauth", 0, NOW, &err), &err, ERR_INVALID);

	must(key_expire(store, "ann", NOW + SECOND, &err), &err);
	must(key_get(store, "ann", &key, &err), &err);
	assert_fails(
		key_identity(store, &key, NOW + SECOND, &who, &err), &err, ERR_UNAUTHENTICATED);
	assert_string_equal(err.field, PRINCIPAL_EXPIRED);
	must(key_expire(store, "ann", 0, &err), &err);
	must(key_get(store, "ann", &key, &err), &err);
	must(key_identity(store, &key, NOW + SECOND, &who, &err), &err);
	must(key_revoke(store, "ann", NOW, &err), &err);
	assert_fails(key_expire(store, "ann", 0, &err), &err, ERR_NOT_FOUND);
	assert_fails(key_expire(store, "nobody", 0, &err), &err, ERR_NOT_FOUND);
}

static void expired_user_disables_credentials(void **state)
{
	struct identity who;
	struct key key;
	char text[AUTH_TOKEN_MAX];

	(void)state;
	must(user_expire(store, "ann", NOW + SECOND, &err), &err);
	assert_token(token, NOW + SECOND - 1, NULL);
	assert_token(token, NOW + SECOND, PRINCIPAL_EXPIRED);
	must(key_get(store, "ann", &key, &err), &err);
	assert_fails(
		key_identity(store, &key, NOW + SECOND, &who, &err), &err, ERR_UNAUTHENTICATED);
	assert_string_equal(err.field, PRINCIPAL_EXPIRED);
	{
		struct credential_terms late = { .user = "ann", .created = NOW + SECOND };

		assert_fails(token_add(store, "late", &late, text, &err), &err, ERR_CONFLICT);
	}
	must(user_expire(store, "ann", 0, &err), &err);
	assert_token(token, NOW + SECOND, NULL);
	must(user_revoke(store, "ann", &err), &err);
	assert_fails(user_expire(store, "ann", 0, &err), &err, ERR_CONFLICT);
	assert_fails(user_expire(store, "nobody", 0, &err), &err, ERR_NOT_FOUND);
}

/* ---- rotation ---- */

static bool take_labelled(const struct token *found, void *data)
{
	struct token *wanted = data;

	if (strcmp(found->label, wanted->label) != 0 || found->replaced_at != 0)
		return true;
	*wanted = *found;
	return false;
}

static void token_rotation(void **state)
{
	struct credential_terms some = { .user = "ann",
		.rights = RIGHT_READ,
		.dialects = "idol",
		.created = NOW,
		.expires = NOW + 10 * SECOND };
	char first[AUTH_TOKEN_MAX], second[AUTH_TOKEN_MAX], third[AUTH_TOKEN_MAX];
	struct token now = { .label = "x" };

	(void)state;
	must(token_add(store, "x", &some, first, &err), &err);
	must(token_rotate(store, "x", 3 * SECOND, NOW + 2 * SECOND, second, &err), &err);
	assert_string_not_equal(first, second);
	assert_token(first, NOW + 5 * SECOND - 1, NULL);
	assert_token(first, NOW + 5 * SECOND, PRINCIPAL_EXPIRED);
	assert_token(second, NOW + 12 * SECOND - 1, NULL);
	assert_token(second, NOW + 12 * SECOND, PRINCIPAL_EXPIRED);
	must(token_each(store, take_labelled, &now, &err), &err);
	assert_int_equal(now.terms.rights, RIGHT_READ);
	assert_string_equal(now.terms.dialects, "idol");
	assert_true(now.terms.created == NOW + 2 * SECOND);
	/* without overlap; and of the two that live the newer one is meant */
	must(token_rotate(store, "x", 0, NOW + 3 * SECOND, third, &err), &err);
	assert_token(second, NOW + 3 * SECOND, PRINCIPAL_REVOKED);
	assert_token(first, NOW + 3 * SECOND, NULL);
	assert_token(third, NOW + 3 * SECOND, NULL);
	/* an overlap lengthens nobody's life */
	must(token_rotate(store, "x", 100 * SECOND, NOW + 4 * SECOND, second, &err), &err);
	assert_token(third, NOW + 13 * SECOND - 1, NULL);
	assert_token(third, NOW + 13 * SECOND, PRINCIPAL_EXPIRED);
	/* revoking means all of them */
	must(token_revoke(store, "x", NOW + 4 * SECOND, &err), &err);
	assert_token(first, NOW + 4 * SECOND, PRINCIPAL_REVOKED);
	assert_token(second, NOW + 4 * SECOND, PRINCIPAL_REVOKED);
	assert_token(third, NOW + 4 * SECOND, PRINCIPAL_REVOKED);
	assert_fails(
		token_rotate(store, "x", 0, NOW + 4 * SECOND, third, &err), &err, ERR_NOT_FOUND);
}

static void token_rotation_refusals(void **state)
{
	static const char record[] = "{\"label\":\"t\",\"user\":\"ann\",\"rights\":\"read\","
				     "\"created\":1,\"expires\":0}";
	char text[AUTH_TOKEN_MAX], hash[65] = "";

	(void)state;
	assert_fails(token_rotate(store, "nobody", 0, NOW, text, &err), &err, ERR_NOT_FOUND);
	assert_fails(token_rotate(store, "oauth", 0, NOW, text, &err), &err, ERR_INVALID);
	/* labels could be shared once */
	memset(hash, '0', sizeof(hash) - 1);
	put(STORE_TOKENS, hash, record);
	assert_fails(token_rotate(store, "t", 0, NOW, text, &err), &err, ERR_CONFLICT);
	assert_token(token, NOW, NULL);
	must(token_revoke(store, "t", NOW, &err), &err);
	assert_token(token, NOW, PRINCIPAL_REVOKED);
	must(token_add(store, "g", TERMS("ann", 0, 0), text, &err), &err);
	must(user_revoke(store, "ann", &err), &err);
	assert_fails(token_rotate(store, "g", 0, NOW, text, &err), &err, ERR_CONFLICT);
}

static void key_rotation(void **state)
{
	struct credential_terms some = { .user = "ann",
		.rights = RIGHT_READ,
		.dialects = "uplynk",
		.created = NOW,
		.expires = NOW + 10 * SECOND };
	struct key made, read;

	(void)state;
	must(key_add(store, "k", "first", &some, &made, &err), &err);
	must(key_rotate(store, "k", NULL, 3 * SECOND, NOW + 2 * SECOND, &made, &err), &err);
	assert_int_equal(strlen(made.secret), 64);
	must(key_get(store, "k", &read, &err), &err);
	assert_string_equal(read.secret, made.secret);
	assert_string_equal(read.previous_secret, "first");
	assert_true(read.previous_expires == NOW + 5 * SECOND);
	assert_true(read.terms.expires == NOW + 12 * SECOND);
	assert_string_equal(read.terms.dialects, "uplynk");
	assert_int_equal(read.terms.rights, RIGHT_READ);
	must(key_rotate(store, "k", "third", 100 * SECOND, NOW + 3 * SECOND, &made, &err), &err);
	must(key_get(store, "k", &read, &err), &err);
	assert_string_equal(read.secret, "third");
	assert_true(read.previous_expires == NOW + 12 * SECOND);
	must(key_rotate(store, "k", "fourth", 0, NOW + 3 * SECOND, &made, &err), &err);
	must(key_get(store, "k", &read, &err), &err);
	assert_string_equal(read.previous_secret, "");
	assert_true(read.previous_expires == 0);
	assert_fails(key_rotate(store, "k", "", 0, NOW, &made, &err), &err, ERR_INVALID);
	assert_fails(key_rotate(store, "nobody", NULL, 0, NOW, &made, &err), &err, ERR_NOT_FOUND);
	assert_fails(key_rotate(store, "old", NULL, 0, NOW, &made, &err), &err, ERR_CONFLICT);
	assert_fails(key_rotate(store, "gone", NULL, 0, NOW, &made, &err), &err, ERR_CONFLICT);
	must(key_revoke(store, "k", NOW, &err), &err);
	assert_fails(key_rotate(store, "k", NULL, 0, NOW, &made, &err), &err, ERR_NOT_FOUND);
}

static void password_rotation(void **state)
{
	struct user user;

	(void)state;
	assert_fails(user_rotate_password(store, "ann", "a", 0, NOW, &err), &err, ERR_NOT_FOUND);
	must(user_set_password(store, "ann", "a", NOW + 10 * SECOND, NOW, &err), &err);
	must(user_rotate_password(store, "ann", "b", USER_SAME_LIFETIME, NOW + SECOND, &err), &err);
	must(user_get(store, "ann", &user, &err), &err);
	assert_string_equal(user.password_hash, "b");
	assert_true(user.password_expires == NOW + 11 * SECOND);
	must(user_rotate_password(store, "ann", "c", 0, NOW + SECOND, &err), &err);
	must(user_get(store, "ann", &user, &err), &err);
	assert_true(user.password_expires == 0);
	/* not even by somebody who found one a moment ago */
	must(user_revoke_password(store, "ann", NOW, &err), &err);
	assert_fails(user_rotate_password(store, "ann", "d", 0, NOW, &err), &err, ERR_NOT_FOUND);
	must(user_get(store, "ann", &user, &err), &err);
	assert_string_equal(user.password_hash, "");
}

/* What was made under a clock that was ahead, and then got an end before that. */
static void rotation_after_clock_step_back(void **state)
{
	const int64_t back = NOW - 1000 * SECOND;
	char text[AUTH_TOKEN_MAX];
	struct user user;
	struct key key;

	(void)state;
	must(token_add(store, "x", TERMS("ann", 0, 0), text, &err), &err);
	must(token_expire(store, "x", back + 10 * SECOND, back, &err), &err);
	must(token_rotate(store, "x", 0, back, text, &err), &err);
	assert_token(text, back + 9 * SECOND, NULL);
	assert_token(text, back + 10 * SECOND, PRINCIPAL_EXPIRED);
	must(key_expire(store, "ann", back + 10 * SECOND, &err), &err);
	must(key_rotate(store, "ann", NULL, 0, back, &key, &err), &err);
	assert_true(key.terms.expires == back + 10 * SECOND);
	must(user_set_password(store, "ann", "a", 0, NOW, &err), &err);
	must(user_expire_password(store, "ann", back + 10 * SECOND, &err), &err);
	must(user_rotate_password(store, "ann", "b", USER_SAME_LIFETIME, back, &err), &err);
	must(user_get(store, "ann", &user, &err), &err);
	assert_true(user_may_log_in(&user, back + 9 * SECOND));
}

/* ---- what is forgotten ---- */

static void purge_removes_ended_credentials(void **state)
{
	char lasting[AUTH_TOKEN_MAX], revoked[AUTH_TOKEN_MAX];
	unsigned removed;
	struct key key;

	(void)state;
	must(token_add(store, "lasting", TERMS("ann", 0, 0), lasting, &err), &err);
	must(token_add(store, "revoked", TERMS("ann", 0, 0), revoked, &err), &err);
	must(token_revoke(store, "revoked", NOW + SECOND, &err), &err);
	must(token_purge(store, NULL, NOW, &removed, &err), &err);
	assert_int_equal(removed, 0);
	must(token_purge(store, NULL, NOW + SECOND, &removed, &err), &err);
	assert_int_equal(removed, 1);
	assert_token(expired, NOW, "");
	assert_token(revoked, NOW, PRINCIPAL_REVOKED);
	must(token_purge(store, NULL, NOW + SECOND + 1, &removed, &err), &err);
	assert_int_equal(removed, 1);
	assert_token(revoked, NOW, "");
	assert_token(lasting, NOW, NULL);

	must(key_revoke(store, "reader", NOW + SECOND, &err), &err);
	must(key_purge(store, NOW + SECOND, &removed, &err), &err);
	assert_int_equal(removed, 1);
	assert_fails(key_get(store, "old", &key, &err), &err, ERR_NOT_FOUND);
	must(key_get(store, "reader", &key, &err), &err);
	must(key_purge(store, NOW + SECOND + 1, &removed, &err), &err);
	assert_int_equal(removed, 1);
	assert_fails(key_get(store, "reader", &key, &err), &err, ERR_NOT_FOUND);
	must(key_get(store, "ann", &key, &err), &err);
}

/* ---- dialects ---- */

static void dialect_list_restricts_credential(void **state)
{
	static const struct {
		const char *dialects, *dialect;
		bool is_for;
	} rows[] = {
		{ "", "idol", true },
		{ "idol", "idol", true },
		{ "virtshell,idol", "idol", true },
		{ "virtshell,idol", "virtshell", true },
		{ "virtshell,idol", "native", false },
		{ "idol", "ido", false },
		{ "idol", "idols", false },
		{ "idol", "", false },
		{ ",", "idol", false },
	};
	char text[AUTH_TOKEN_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct identity who = { 0 };

		snprintf(who.dialects, sizeof(who.dialects), "%s", rows[i].dialects);
		if (identity_allows_dialect(&who, str_cstr(rows[i].dialect)) != rows[i].is_for)
			fail_msg("row %zu", i);
	}
	{
		struct credential_terms odd = {
			.user = "ann", .dialects = "idol, native", .created = NOW
		};

		assert_fails(token_add(store, "odd", &odd, text, &err), &err, ERR_INVALID);
	}
}

/* ---- records of old ---- */

static void old_records_stay_readable(void **state)
{
	/* SHA-256 of "pt_old" */
	static const char hash[] =
		"6842dac75bdf5cf441f655684e0ae5c51ade485b5fbd3f247275053d7f0fab77";
	struct user user;
	struct key key;
	struct token found = { .label = "l" };

	(void)state;
	put(STORE_USERS, "old",
		"{\"id\":\"0190a5e4-0000-7000-8000-000000000001\",\"tenant\":\"demo\","
		"\"rights\":\"read\",\"created\":5,\"revoked\":false,\"password\":\"x\"}");
	must(user_get(store, "old", &user, &err), &err);
	assert_true(user.created == 5 && user.expires == 0 && user.password_changed == 0);
	assert_true(user_may_log_in(&user, NOW));
	put(STORE_TOKENS, hash,
		"{\"label\":\"l\",\"user\":\"old\",\"rights\":\"read\",\"created\":5,\"expires\":0}");
	must(token_each(store, take_labelled, &found, &err), &err);
	assert_string_equal(found.terms.user, "old");
	assert_token("pt_old", NOW, NULL);
	assert_true(found.login_password_changed == -1 && found.terms.revoked == 0 &&
		    !found.terms.dialects[0]);
	put(STORE_SIGNING_KEYS, "k",
		"{\"user\":\"old\",\"secret\":\"s\",\"rights\":\"read\",\"created\":5,\"expires\":0}");
	must(key_get(store, "k", &key, &err), &err);
	assert_true(!key.previous_secret[0] && key.terms.revoked == 0 && !key.terms.dialects[0]);
	/* and what they say is what is written again */
	must(user_expire(store, "old", NOW, &err), &err);
	must(user_get(store, "old", &user, &err), &err);
	assert_string_equal(user.password_hash, "x");
	assert_true(user.expires == NOW && user.created == 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK_STORED(revoked_wins_over_expired),
		CHECK_STORED(expiry_can_be_changed),
		CHECK_STORED(expired_user_disables_credentials),
		CHECK_STORED(token_rotation),
		CHECK_STORED(token_rotation_refusals),
		CHECK_STORED(key_rotation),
		CHECK_STORED(password_rotation),
		CHECK_STORED(rotation_after_clock_step_back),
		CHECK_STORED(purge_removes_ended_credentials),
		CHECK_STORED(dialect_list_restricts_credential),
		CHECK_STORED(old_records_stay_readable),
	};

	return CHECK_RUN(tests);
}
