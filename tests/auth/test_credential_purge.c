/* The removal of credentials some time after their end, and the clock. */
#include "auth/auth_fixture.h"
#include "auth/credential_purge.h"
#include "base/clock.h"

#define DAY (24 * 3600 * SECOND)

static int open_at_now(void **state)
{
	clock_set_fake(NOW);
	return open_store(state);
}

static int close_real(void **state)
{
	clock_set_fake(0);
	return close_store(state);
}

/* Returns after how many parts nothing was left. */
static unsigned purge(void)
{
	struct credential_purge at = { 0 };
	unsigned parts = 0;
	bool more;

	do {
		must(credential_purge_run(store, &at, &more, &err), &err);
		parts++;
	} while (more);
	return parts;
}

static bool has_key(const char *id)
{
	struct key key;

	return key_get(store, id, &key, &err);
}

/* In the fixture, a token and the key "old" have ended before NOW or at it. */
static void ended_credentials_are_removed_after_their_time(void **state)
{
	(void)state;
	clock_set_fake(NOW + 30 * DAY);
	assert_in_range(purge(), 3, 100);
	assert_true(has_key("old"));
	assert_token(token, NOW, NULL);
}

static void all_tables_are_purged(void **state)
{
	(void)state;
	clock_set_fake(NOW + 30 * DAY + 1);
	purge();
	assert_false(has_key("old"));
	assert_true(has_key("ann"));
	assert_token(expired, NOW, "");
	assert_token(token, NOW, NULL);
}

/* A clock that is wrong for an hour must not cost any credential. */
static void nothing_is_removed_after_the_clock_was_set_forward(void **state)
{
	(void)state;
	purge();
	clock_set_fake(NOW + 365 * DAY);
	expect_log("clock");
	assert_int_equal(purge(), 1);
	assert_int_equal(purge(), 1);
	assert_true(has_key("old"));
	assert_token(expired, NOW, PRINCIPAL_EXPIRED);
}

#define CHECK_PURGE(function) cmocka_unit_test_setup_teardown(function, open_at_now, close_real)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK_PURGE(ended_credentials_are_removed_after_their_time),
		CHECK_PURGE(all_tables_are_purged),
		CHECK_PURGE(nothing_is_removed_after_the_clock_was_set_forward),
	};

	return CHECK_RUN(tests);
}
