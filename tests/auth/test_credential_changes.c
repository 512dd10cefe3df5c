/* Expiry, revocation and removal of credentials; records of older versions. */
#include <stdio.h>

#include "auth/auth_fixture.h"
#include "store/auth_table.h"

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

/* ---- removal ---- */

static void purge_removes_ended_credentials(void **state)
{
	char lasting[AUTH_TOKEN_MAX], revoked[AUTH_TOKEN_MAX];
	struct key key;

	(void)state;
	must(token_add(store, "lasting", TERMS("ann", 0, 0), lasting, &err), &err);
	must(token_add(store, "revoked", TERMS("ann", 0, 0), revoked, &err), &err);
	must(token_revoke(store, "revoked", NOW + SECOND, &err), &err);
	assert_int_equal(purge_tokens(NULL, NOW), 0);
	assert_int_equal(purge_tokens(NULL, NOW + SECOND), 1);
	assert_token(expired, NOW, "");
	assert_token(revoked, NOW, PRINCIPAL_REVOKED);
	assert_int_equal(purge_tokens(NULL, NOW + SECOND + 1), 1);
	assert_token(revoked, NOW, "");
	assert_token(lasting, NOW, NULL);

	must(key_revoke(store, "reader", NOW + SECOND, &err), &err);
	assert_int_equal(purge_keys(NOW + SECOND), 1);
	assert_fails(key_get(store, "old", &key, &err), &err, ERR_NOT_FOUND);
	must(key_get(store, "reader", &key, &err), &err);
	assert_int_equal(purge_keys(NOW + SECOND + 1), 1);
	assert_fails(key_get(store, "reader", &key, &err), &err, ERR_NOT_FOUND);
	must(key_get(store, "ann", &key, &err), &err);
}

#define MANY 600

/* A table of any size must not delay the keeper. */
static void purge_works_in_parts(void **state)
{
	struct store_auth_place place = { 0 };
	unsigned total = 0, removed;
	char hash[TOKEN_HASH_LEN + 1];

	(void)state;
	for (int i = 0; i < MANY; i++) {
		snprintf(hash, sizeof(hash), "%064d", i);
		put_record(STORE_TOKENS, hash,
			"{\"label\":\"l\",\"user\":\"ann\",\"rights\":\"read\",\"created\":1,"
			"\"expires\":2}");
	}
	while (!place.end) {
		must(token_purge(store, "l", NOW, &place, &removed, &err), &err);
		assert_in_range(removed, 0, MANY / 2);
		total += removed;
	}
	assert_int_equal(total, MANY);
}

static void purge_by_label_keeps_other_labels(void **state)
{
	struct credential_terms later = { .user = "ann" };
	char ended[AUTH_TOKEN_MAX], lasting[AUTH_TOKEN_MAX], other[AUTH_TOKEN_MAX];
	struct identity who;

	(void)state;
	must(token_add(store, "l", TERMS("ann", 0, NOW + 10), ended, &err), &err);
	later.created = NOW + 10;
	must(token_add(store, "l", &later, lasting, &err), &err);
	must(token_add(store, "m", TERMS("ann", 0, NOW + 10), other, &err), &err);
	assert_int_equal(purge_tokens("l", NOW + 10), 0);
	assert_int_equal(purge_tokens("l", NOW + 11), 1);
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

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct identity who = { 0 };

		snprintf(who.dialects, sizeof(who.dialects), "%s", rows[i].dialects);
		if (identity_allows_dialect(&who, str_cstr(rows[i].dialect)) != rows[i].is_for)
			fail_msg("row %zu", i);
	}
}

static void malformed_dialect_lists_are_rejected(void **state)
{
	const struct credential_terms odd = {
		.user = "ann", .dialects = "idol, native", .created = NOW
	};
	char text[AUTH_TOKEN_MAX];

	(void)state;
	assert_fails(token_add(store, "odd", &odd, text, &err), &err, ERR_INVALID);
}

/* ---- records of older versions ---- */

#define OLD_USER                                                                \
	"{\"id\":\"0190a5e4-0000-7000-8000-000000000001\",\"tenant\":\"demo\"," \
	"\"rights\":\"read\",\"created\":5,\"revoked\":false,\"password\":\"x\"}"

static void old_user_records_stay_readable(void **state)
{
	struct user user;

	(void)state;
	put_record(STORE_USERS, "old", OLD_USER);
	must(user_get(store, "old", &user, &err), &err);
	assert_int_equal(user.created, 5);
	assert_int_equal(user.expires, 0);
	assert_int_equal(user.password_changed, 0);
	assert_true(user_may_log_in(&user, NOW));
}

static void changes_keep_the_other_members_of_old_records(void **state)
{
	struct user user;

	(void)state;
	put_record(STORE_USERS, "old", OLD_USER);
	must(user_expire(store, "old", NOW, &err), &err);
	must(user_get(store, "old", &user, &err), &err);
	assert_string_equal(user.password_hash, "x");
	assert_int_equal(user.expires, NOW);
	assert_int_equal(user.created, 5);
}

static void old_token_records_stay_readable(void **state)
{
	/* SHA-256 of "pt_old" */
	static const char hash[] =
		"6842dac75bdf5cf441f655684e0ae5c51ade485b5fbd3f247275053d7f0fab77";
	struct token found;

	(void)state;
	put_record(STORE_USERS, "old", OLD_USER);
	put_record(STORE_TOKENS, hash,
		"{\"label\":\"l\",\"user\":\"old\",\"rights\":\"read\",\"created\":5,\"expires\":0}");
	assert_token("pt_old", NOW, NULL);
	found = find_token("l");
	assert_string_equal(found.terms.user, "old");
	assert_int_equal(found.login_password_changed, TOKEN_NO_LOGIN);
	assert_int_equal(found.terms.revoked, 0);
	assert_string_equal(found.terms.dialects, "");
}

static void old_key_records_stay_readable(void **state)
{
	struct key key;

	(void)state;
	put_record(STORE_SIGNING_KEYS, "k",
		"{\"user\":\"old\",\"secret\":\"s\",\"rights\":\"read\",\"created\":5,\"expires\":0}");
	must(key_get(store, "k", &key, &err), &err);
	assert_string_equal(key.previous_secret, "");
	assert_int_equal(key.terms.revoked, 0);
	assert_string_equal(key.terms.dialects, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK_STORED(revoked_wins_over_expired),
		CHECK_STORED(expiry_can_be_changed),
		CHECK_STORED(expired_user_disables_credentials),
		CHECK_STORED(purge_removes_ended_credentials),
		CHECK_STORED(purge_works_in_parts),
		CHECK_STORED(purge_by_label_keeps_other_labels),
		CHECK_STORED(dialect_list_restricts_credential),
		CHECK_STORED(malformed_dialect_lists_are_rejected),
		CHECK_STORED(old_user_records_stay_readable),
		CHECK_STORED(changes_keep_the_other_members_of_old_records),
		CHECK_STORED(old_token_records_stay_readable),
		CHECK_STORED(old_key_records_stay_readable),
	};

	store_in_files = true; /* libdb forgets memory of a store without files */
	return CHECK_RUN(tests);
}
