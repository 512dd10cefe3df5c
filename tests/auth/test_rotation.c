/* Rotation of tokens, keys and passwords. */
#include "auth/auth_fixture.h"
#include "store/auth_table.h"

/* Rights, dialects and a lifetime of 10 s from NOW on. */
static const struct credential_terms some = { .user = "ann",
	.rights = RIGHT_READ,
	.dialects = "idol",
	.created = NOW,
	.expires = NOW + 10 * SECOND };

/* Adds token "x" and rotates it 2 s later with an overlap of 3 s. */
static void add_and_rotate(char first[AUTH_TOKEN_MAX], char second[AUTH_TOKEN_MAX])
{
	must(token_add(store, "x", &some, first, &err), &err);
	must(token_rotate(store, "x", 3 * SECOND, NOW + 2 * SECOND, second, &err), &err);
}

static void token_rotation_keeps_terms_and_duration(void **state)
{
	char first[AUTH_TOKEN_MAX], second[AUTH_TOKEN_MAX];
	struct token current;

	(void)state;
	add_and_rotate(first, second);
	assert_string_not_equal(first, second);
	assert_token(first, NOW + 5 * SECOND - 1, NULL);
	assert_token(first, NOW + 5 * SECOND, PRINCIPAL_EXPIRED);
	assert_token(second, NOW + 12 * SECOND - 1, NULL);
	assert_token(second, NOW + 12 * SECOND, PRINCIPAL_EXPIRED);
	current = find_token("x");
	assert_int_equal(current.terms.rights, RIGHT_READ);
	assert_string_equal(current.terms.dialects, "idol");
	assert_int_equal(current.terms.created, NOW + 2 * SECOND);
}

/* Of two live tokens the newer one is replaced. */
static void token_rotation_without_overlap_revokes(void **state)
{
	char first[AUTH_TOKEN_MAX], second[AUTH_TOKEN_MAX], third[AUTH_TOKEN_MAX];

	(void)state;
	add_and_rotate(first, second);
	must(token_rotate(store, "x", 0, NOW + 3 * SECOND, third, &err), &err);
	assert_token(second, NOW + 3 * SECOND, PRINCIPAL_REVOKED);
	assert_token(first, NOW + 3 * SECOND, NULL);
	assert_token(third, NOW + 3 * SECOND, NULL);
}

static void overlap_never_extends_the_lifetime_of_a_token(void **state)
{
	char first[AUTH_TOKEN_MAX], second[AUTH_TOKEN_MAX], third[AUTH_TOKEN_MAX];

	(void)state;
	add_and_rotate(first, second);
	must(token_rotate(store, "x", 100 * SECOND, NOW + 4 * SECOND, third, &err), &err);
	assert_token(second, NOW + 12 * SECOND - 1, NULL);
	assert_token(second, NOW + 12 * SECOND, PRINCIPAL_EXPIRED);
}

static void revocation_includes_replaced_tokens(void **state)
{
	char first[AUTH_TOKEN_MAX], second[AUTH_TOKEN_MAX], third[AUTH_TOKEN_MAX];

	(void)state;
	add_and_rotate(first, second);
	must(token_rotate(store, "x", 100 * SECOND, NOW + 4 * SECOND, third, &err), &err);
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
	put_record(STORE_TOKENS, hash, record);
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
	assert_string_equal(read.terms.dialects, "idol");
	assert_int_equal(read.terms.rights, RIGHT_READ);
	must(key_rotate(store, "k", "third", 100 * SECOND, NOW + 3 * SECOND, &made, &err), &err);
	must(key_get(store, "k", &read, &err), &err);
	assert_string_equal(read.secret, "third");
	assert_int_equal(read.previous_expires, NOW + 12 * SECOND);
	must(key_rotate(store, "k", "fourth", 0, NOW + 3 * SECOND, &made, &err), &err);
	must(key_get(store, "k", &read, &err), &err);
	assert_string_equal(read.previous_secret, "");
	assert_int_equal(read.previous_expires, 0);
}

static void key_rotation_is_rejected(void **state)
{
	struct key made;

	(void)state;
	must(key_add(store, "k", "first", &some, &made, &err), &err);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK_STORED(token_rotation_keeps_terms_and_duration),
		CHECK_STORED(token_rotation_without_overlap_revokes),
		CHECK_STORED(overlap_never_extends_the_lifetime_of_a_token),
		CHECK_STORED(revocation_includes_replaced_tokens),
		CHECK_STORED(token_rotation_is_rejected),
		CHECK_STORED(key_rotation_keeps_previous_secret_for_overlap),
		CHECK_STORED(key_rotation_is_rejected),
		CHECK_STORED(password_rotation_keeps_duration),
		CHECK_STORED(rotation_after_clock_step_back_keeps_end),
	};

	return CHECK_RUN(tests);
}
