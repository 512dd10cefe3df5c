/* Expiry, revocation, rotation and removal of credentials; records of older versions. */
#include <stdio.h>

#include "auth/auth_fixture.h"

static void put(enum store_table table, const char *key, const char *record)
{
	fixture_auth_put(store, table, str_cstr(key), str_cstr(record));
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
	/* an expired token cannot be revived: its label may be in use again */
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

static void token_rotation_keeps_terms_and_duration(void **state)
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
	assert_int_equal(now.terms.created, NOW + 2 * SECOND);
	/* without overlap; of two live tokens the newer one is replaced */
	must(token_rotate(store, "x", 0, NOW + 3 * SECOND, third, &err), &err);
	assert_token(second, NOW + 3 * SECOND, PRINCIPAL_REVOKED);
	assert_token(first, NOW + 3 * SECOND, NULL);
	assert_token(third, NOW + 3 * SECOND, NULL);
	/* an overlap never extends a token's lifetime */
	must(token_rotate(store, "x", 100 * SECOND, NOW + 4 * SECOND, second, &err), &err);
	assert_token(third, NOW + 13 * SECOND - 1, NULL);
	assert_token(third, NOW + 13 * SECOND, PRINCIPAL_EXPIRED);
	/* revokes all tokens of the label */
	must(token_revoke(store, "x", NOW + 4 * SECOND, &err), &err);
	assert_token(first, NOW + 4 * SECOND, PRINCIPAL_REVOKED);
	assert_token(second, NOW + 4 * SECOND, PRINCIPAL_REVOKED);
	assert_token(third, NOW + 4 * SECOND, PRINCIPAL_REVOKED);
	assert_fails(
		token_rotate(store, "x", 0, NOW + 4 * SECOND, third, &err), &err, ERR_NOT_FOUND);
}

static void token_rotation_is_rejected(void **state)
{
	static const char record[] = "{\"label\":\"t\",\"user\":\"ann\",\"rights\":\"read\","
				     "\"created\":1,\"expires\":0}";
	char text[AUTH_TOKEN_MAX], hash[65] = "";

	(void)state;
	assert_fails(token_rotate(store, "nobody", 0, NOW, text, &err), &err, ERR_NOT_FOUND);
	assert_fails(token_rotate(store, "oauth", 0, NOW, text, &err), &err, ERR_INVALID);
	/* older versions allowed several tokens with one label */
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

static void key_rotation_keeps_previous_secret_for_overlap(void **state)
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
	assert_int_equal(read.previous_expires, NOW + 5 * SECOND);
	assert_int_equal(read.terms.expires, NOW + 12 * SECOND);
	assert_string_equal(read.terms.dialects, "uplynk");
	assert_int_equal(read.terms.rights, RIGHT_READ);
	must(key_rotate(store, "k", "third", 100 * SECOND, NOW + 3 * SECOND, &made, &err), &err);
	must(key_get(store, "k", &read, &err), &err);
	assert_string_equal(read.secret, "third");
	assert_int_equal(read.previous_expires, NOW + 12 * SECOND);
	must(key_rotate(store, "k", "fourth", 0, NOW + 3 * SECOND, &made, &err), &err);
	must(key_get(store, "k", &read, &err), &err);
	assert_string_equal(read.previous_secret, "");
	assert_int_equal(read.previous_expires, 0);
	assert_fails(key_rotate(store, "k", "", 0, NOW, &made, &err), &err, ERR_INVALID);
	assert_fails(key_rotate(store, "nobody", NULL, 0, NOW, &made, &err), &err, ERR_NOT_FOUND);
	assert_fails(key_rotate(store, "old", NULL, 0, NOW, &made, &err), &err, ERR_CONFLICT);
	assert_fails(key_rotate(store, "gone", NULL, 0, NOW, &made, &err), &err, ERR_CONFLICT);
	must(key_revoke(store, "k", NOW, &err), &err);
	assert_fails(key_rotate(store, "k", NULL, 0, NOW, &made, &err), &err, ERR_NOT_FOUND);
}

static void password_rotation_keeps_duration(void **state)
{
	struct user user;

	(void)state;
	assert_fails(user_rotate_password(store, "ann", "a", 0, NOW, &err), &err, ERR_NOT_FOUND);
	must(user_set_password(store, "ann", "a", NOW + 10 * SECOND, NOW, &err), &err);
	must(user_rotate_password(store, "ann", "b", USER_SAME_LIFETIME, NOW + SECOND, &err), &err);
	must(user_get(store, "ann", &user, &err), &err);
	assert_string_equal(user.password_hash, "b");
	assert_int_equal(user.password_expires, NOW + 11 * SECOND);
	must(user_rotate_password(store, "ann", "c", 0, NOW + SECOND, &err), &err);
	must(user_get(store, "ann", &user, &err), &err);
	assert_int_equal(user.password_expires, 0);
	/* also if the password was removed a moment ago */
	must(user_revoke_password(store, "ann", NOW, &err), &err);
	assert_fails(user_rotate_password(store, "ann", "d", 0, NOW, &err), &err, ERR_NOT_FOUND);
	must(user_get(store, "ann", &user, &err), &err);
	assert_string_equal(user.password_hash, "");
}

/* The expiry lies before the creation, because the clock was ahead at the creation. */
static void rotation_after_clock_step_back_keeps_end(void **state)
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
	assert_int_equal(key.terms.expires, back + 10 * SECOND);
	must(user_set_password(store, "ann", "a", 0, NOW, &err), &err);
	must(user_expire_password(store, "ann", back + 10 * SECOND, &err), &err);
	must(user_rotate_password(store, "ann", "b", USER_SAME_LIFETIME, back, &err), &err);
	must(user_get(store, "ann", &user, &err), &err);
	assert_true(user_may_log_in(&user, back + 9 * SECOND));
}

/* ---- removal ---- */

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

static void purge_by_label_keeps_other_labels(void **state)
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

/* ---- records of older versions ---- */

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
	assert_int_equal(user.created, 5);
	assert_int_equal(user.expires, 0);
	assert_int_equal(user.password_changed, 0);
	assert_true(user_may_log_in(&user, NOW));
	put(STORE_TOKENS, hash,
		"{\"label\":\"l\",\"user\":\"old\",\"rights\":\"read\",\"created\":5,\"expires\":0}");
	must(token_each(store, take_labelled, &found, &err), &err);
	assert_string_equal(found.terms.user, "old");
	assert_token("pt_old", NOW, NULL);
	assert_int_equal(found.login_password_changed, TOKEN_NO_LOGIN);
	assert_int_equal(found.terms.revoked, 0);
	assert_string_equal(found.terms.dialects, "");
	put(STORE_SIGNING_KEYS, "k",
		"{\"user\":\"old\",\"secret\":\"s\",\"rights\":\"read\",\"created\":5,\"expires\":0}");
	must(key_get(store, "k", &key, &err), &err);
	assert_string_equal(key.previous_secret, "");
	assert_int_equal(key.terms.revoked, 0);
	assert_string_equal(key.terms.dialects, "");
	/* a change keeps the other members */
	must(user_expire(store, "old", NOW, &err), &err);
	must(user_get(store, "old", &user, &err), &err);
	assert_string_equal(user.password_hash, "x");
	assert_int_equal(user.expires, NOW);
	assert_int_equal(user.created, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK_STORED(revoked_wins_over_expired),
		CHECK_STORED(expiry_can_be_changed),
		CHECK_STORED(expired_user_disables_credentials),
		CHECK_STORED(token_rotation_keeps_terms_and_duration),
		CHECK_STORED(token_rotation_is_rejected),
		CHECK_STORED(key_rotation_keeps_previous_secret_for_overlap),
		CHECK_STORED(password_rotation_keeps_duration),
		CHECK_STORED(rotation_after_clock_step_back_keeps_end),
		CHECK_STORED(purge_removes_ended_credentials),
		CHECK_STORED(purge_by_label_keeps_other_labels),
		CHECK_STORED(dialect_list_restricts_credential),
		CHECK_STORED(old_records_stay_readable),
	};

	return CHECK_RUN(tests);
}
