/* Passwords: their hashes, and how changes of a user affect them. */
#include "auth/login_fixture.h"
#include "auth/password.h"
#include "base/clock.h"

static void only_the_right_password_matches(void **state)
{
	char hash[PASSWORD_HASH_SIZE], again[PASSWORD_HASH_SIZE];
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
}

static void password_size_is_limited(void **state)
{
	char hash[PASSWORD_HASH_SIZE], longest[PASSWORD_MAX + 1];
	bool matches = true;

	(void)state;
	memset(longest, 'x', sizeof(longest));
	must(password_hash((struct str){ longest, PASSWORD_MAX }, hash, &err), &err);
	must(password_check((struct str){ longest, PASSWORD_MAX }, hash, &matches, &err), &err);
	assert_true(matches);
	must(password_check((struct str){ longest, PASSWORD_MAX + 1 }, hash, &matches, &err), &err);
	assert_false(matches);
}

static void invalid_passwords_are_rejected(void **state)
{
	char hash[PASSWORD_HASH_SIZE], longest[PASSWORD_MAX + 1];

	(void)state;
	memset(longest, 'x', sizeof(longest));
	assert_fails(password_hash((struct str){ longest, PASSWORD_MAX + 1 }, hash, &err), &err,
		ERR_INVALID);
	assert_fails(password_hash(STR("seven77"), hash, &err), &err, ERR_INVALID);
	assert_fails(password_hash(STR("eight\n88"), hash, &err), &err, ERR_INVALID);
	assert_fails(password_hash(STR("eight\xff\xff\xff"), hash, &err), &err, ERR_INVALID);
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

/* A faster response would reveal which users have a password. The margin is for a busy machine. */
static void missing_hash_costs_the_same_time(void **state)
{
	char hash[PASSWORD_HASH_SIZE];

	(void)state;
	must(password_hash(STR(PASSWORD), hash, &err), &err);
	assert_true(check_us("") > check_us(hash) / 8);
}

static void password_and_user_change_independently(void **state)
{
	struct user before, after;

	(void)state;
	must(user_get(store, "ann", &before, &err), &err);
	assert_string_equal(before.password_hash, "");
	set_password("ann", PASSWORD);
	must(user_get(store, "ann", &after, &err), &err);
	assert_string_not_equal(after.password_hash, "");
	assert_int_equal(after.created, before.created);
	assert_int_equal(after.rights, before.rights);
	assert_false(after.revoked);
	assert_string_equal(after.id, before.id);
	must(user_revoke(store, "ann", &err), &err);
	must(user_get(store, "ann", &before, &err), &err);
	assert_string_equal(before.password_hash, after.password_hash);
	assert_fails(user_set_password(store, "ann", after.password_hash, 0, NOW, &err), &err,
		ERR_CONFLICT);
	assert_fails(user_rotate_password(store, "ann", after.password_hash, 0, NOW, &err), &err,
		ERR_CONFLICT);
	must(user_revoke_password(store, "ann", NOW, &err), &err);
	assert_fails(user_set_password(store, "bob", after.password_hash, 0, NOW, &err), &err,
		ERR_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK_STORED(only_the_right_password_matches),
		CHECK_STORED(password_size_is_limited),
		CHECK_STORED(invalid_passwords_are_rejected),
		CHECK_STORED(missing_hash_costs_the_same_time),
		CHECK_STORED(password_and_user_change_independently),
	};

	return CHECK_RUN(tests);
}
