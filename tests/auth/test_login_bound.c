/* The bound on the logins of a user. */
#include "auth/login_fixture.h"
#include "auth/login_list.h"
#include "store/auth_table.h"

static struct login_tokens made[LOGINS_MAX + 2];

static void add_login(const char *name, struct login_tokens *login)
{
	struct user user;

	must(user_get(store, name, &user, &err), &err);
	must(login_tokens_add(store, &user, NOW, login, &err), &err);
}

/* Logins of ann after that of open_logged_in(). */
static void add_logins(unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		add_login("ann", &made[i]);
}

static bool count_login(const struct token *token_record, void *data)
{
	unsigned *count = data;

	*count += strcmp(token_record->label, TOKEN_LOGIN_LABEL) == 0;
	return true;
}

static unsigned count_records(void)
{
	unsigned count = 0;

	must(token_each(store, count_login, &count, &err), &err);
	return count;
}

static void oldest_login_makes_room(void **state)
{
	(void)state;
	add_logins(LOGINS_MAX - 1);
	assert_token(tokens.access, NOW, NULL);
	add_logins(1);
	assert_token(tokens.access, NOW, "");
	assert_no_renewal(tokens.refresh, NOW, "");
	assert_token(made[1].access, NOW, NULL);
	must(renew(made[1].refresh, 0, NOW, &made[0]), &err);
}

static void records_are_bounded(void **state)
{
	(void)state;
	add_logins(LOGINS_MAX);
	assert_int_equal(count_records(), 2 * LOGINS_MAX);
	add_logins(10);
	assert_int_equal(count_records(), 2 * LOGINS_MAX);
}

/* Their records would otherwise stay until the purge. */
static void revoked_logins_count(void **state)
{
	(void)state;
	for (int i = 0; i < LOGINS_MAX + 10; i++) {
		add_login("ann", &made[0]);
		if (i < 20)
			revoke_token(made[0].access, NOW);
	}
	assert_int_equal(count_records(), 2 * LOGINS_MAX);
}

static void renewed_login_is_the_newest(void **state)
{
	struct login_tokens renewed;

	(void)state;
	add_logins(LOGINS_MAX - 1);
	must(renew(tokens.refresh, 0, NOW, &renewed), &err);
	add_login("ann", &made[LOGINS_MAX]);
	assert_token(renewed.access, NOW, NULL);
	assert_token(made[0].access, NOW, "");
	assert_token(made[1].access, NOW, NULL);
}

static void renewals_displace_no_login(void **state)
{
	(void)state;
	add_logins(LOGINS_MAX - 1);
	for (int i = 0; i < 10; i++)
		must(renew(tokens.refresh, 0, NOW, &tokens), &err);
	assert_token(made[0].access, NOW, NULL);
	assert_int_equal(count_records(), 2 * LOGINS_MAX);
}

static void users_have_bounds_of_their_own(void **state)
{
	struct login_tokens other;

	(void)state;
	add_user("bob", RIGHT_READ);
	add_login("bob", &other);
	add_logins(LOGINS_MAX + 2);
	assert_token(other.access, NOW, NULL);
}

/* Tokens that an operator has added are no logins. */
static void other_tokens_do_not_count(void **state)
{
	(void)state;
	add_logins(LOGINS_MAX + 2);
	assert_token(token, NOW, NULL);
}

/* A record of another build, and a damaged one. */
static void unreadable_list_begins_again(void **state)
{
	(void)state;
	fixture_auth_put(store, STORE_LOGINS, str_cstr(ann.id), STR("x"));
	add_logins(LOGINS_MAX + 1);
	assert_token(made[0].access, NOW, "");
	assert_token(made[1].access, NOW, NULL);
	assert_token(tokens.access, NOW, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK_TOKENS(oldest_login_makes_room),
		CHECK_TOKENS(records_are_bounded),
		CHECK_TOKENS(revoked_logins_count),
		CHECK_TOKENS(renewed_login_is_the_newest),
		CHECK_TOKENS(renewals_displace_no_login),
		CHECK_TOKENS(users_have_bounds_of_their_own),
		CHECK_TOKENS(other_tokens_do_not_count),
		CHECK_TOKENS(unreadable_list_begins_again),
	};

	store_in_files = true; /* libdb forgets memory of a store without files */
	return CHECK_RUN(tests);
}
