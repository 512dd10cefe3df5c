/* Users and keys, and what holds for tokens and keys alike. */
#include "auth/auth_fixture.h"
#include "store/auth_table.h"

static void added_user_can_be_read(void **state)
{
	struct user made = add_user("ann@example.org", RIGHT_READ | RIGHT_WRITE), read;
	struct id id;

	(void)state;
	assert_string_equal(made.name, "ann@example.org");
	assert_string_equal(made.tenant, "demo");
	assert_true(id_parse(&id, str_cstr(made.id)));
	must(user_get(store, "ann@example.org", &read, &err), &err);
	assert_string_equal(read.name, made.name);
	assert_string_equal(read.id, made.id);
	assert_string_equal(read.tenant, made.tenant);
	assert_int_equal(read.rights, RIGHT_READ | RIGHT_WRITE);
	assert_int_equal(read.created, NOW);
	assert_false(read.revoked);
	assert_fails(user_get(store, "bob", &read, &err), &err, ERR_NOT_FOUND);
	assert_fails(user_revoke(store, "bob", &err), &err, ERR_NOT_FOUND);
}

static void user_names_are_unique(void **state)
{
	struct user user = add_user("ann", RIGHT_READ);

	(void)state;
	assert_fails(
		user_add(store, "ann", "demo", RIGHT_ALL, 0, NOW, &user, &err), &err, ERR_CONFLICT);
	must(user_revoke(store, "ann", &err), &err);
	assert_fails(
		user_add(store, "ann", "demo", RIGHT_ALL, 0, NOW, &user, &err), &err, ERR_CONFLICT);
}

static void user_is_found_by_a_name_in_another_case(void **state)
{
	struct user made = add_user("O'Brien+X@Example.com", RIGHT_READ), read;

	(void)state;
	assert_string_equal(made.name, "o'brien+x@example.com");
	must(user_get(store, "O'BRIEN+x@example.com", &read, &err), &err);
	assert_string_equal(read.id, made.id);
	must(user_expire(store, "O'brien+X@example.com", NOW + SECOND, &err), &err);
	assert_fails(
		user_add(store, "o'Brien+x@example.com", "demo", RIGHT_ALL, 0, NOW, &made, &err),
		&err, ERR_CONFLICT);
}

#define USER_ROW                                                                \
	"{\"id\":\"5f0e7a2c-0d5b-4f7a-9c1e-2b6d8a9f0e11\",\"tenant\":\"demo\"," \
	"\"rights\":\"read\",\"created\":1,\"revoked\":false}"

static void user_of_an_older_build_keeps_capitals(void **state)
{
	struct user read, made;

	(void)state;
	fixture_auth_put(store, STORE_USERS, STR("Ann"), STR(USER_ROW));
	must(user_get(store, "Ann", &read, &err), &err);
	assert_string_equal(read.name, "Ann");
	must(user_revoke(store, "Ann", &err), &err);
	assert_fails(user_get(store, "ann", &read, &err), &err, ERR_NOT_FOUND);
	assert_fails(
		user_add(store, "Ann", "demo", RIGHT_ALL, 0, NOW, &made, &err), &err, ERR_CONFLICT);
}

static void name_of_an_older_build_is_not_added_again(void **state)
{
	struct user made;

	(void)state;
	put_record(STORE_USERS, "Ann", USER_ROW);
	assert_fails(
		user_add(store, "ann", "demo", RIGHT_ALL, 0, NOW, &made, &err), &err, ERR_CONFLICT);
	assert_string_equal(err_text(&err), "user 'Ann' already exists");
}

static void credential_acts_for_the_stored_name_only(void **state)
{
	static const char record[] = "{\"label\":\"x\",\"user\":\"Ann\",\"rights\":\"read\","
				     "\"created\":1,\"expires\":0}";
	enum validity validity;
	struct token other;

	(void)state;
	add_user("ann", RIGHT_READ);
	put_record(STORE_TOKENS, "x", record);
	other = find_token("x");
	must(token_validity(store, &other, NOW, &validity, &err), &err);
	assert_int_equal(validity, VALIDITY_REVOKED);
}

static void invalid_names_are_rejected(void **state)
{
	static const char *const names[] = { "", "a b", "a:b", "a,b", "a\n", "a\xCC\x88" };
	static const char *const tenants[] = { "", "A", "a_b", "a.b",
		"01234567890123456789012345678901" };
	struct user user;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_fails(user_add(store, names[i], "demo", RIGHT_READ, 0, NOW, &user, &err),
			&err, ERR_INVALID);
	for (size_t i = 0; i < sizeof(tenants) / sizeof(tenants[0]); i++)
		assert_fails(user_add(store, "ann", tenants[i], RIGHT_READ, 0, NOW, &user, &err),
			&err, ERR_INVALID);
	assert_fails(user_add(store, "ann", "demo", 0, 0, NOW, &user, &err), &err, ERR_INVALID);
	assert_fails(
		user_add(store, "ann", "demo", 1U << 20, 0, NOW, &user, &err), &err, ERR_INVALID);
	assert_false(auth_is_key_id(STR("a\0b")));
	assert_true(auth_is_key_id(STR("A.z_0@b-c")));
	assert_true(auth_is_tenant(STR("a-0")));
}

static void revoked_user_disables_credentials(void **state)
{
	char text[AUTH_TOKEN_MAX];
	struct identity who;
	struct key key;

	(void)state;
	add_user("ann", RIGHT_READ);
	must(token_add(store, "laptop", TERMS("ann", 0, 0), text, &err), &err);
	must(key_add(store, NULL, NULL, TERMS("ann", 0, 0), &key, &err), &err);
	must(user_revoke(store, "ann", &err), &err);
	must(user_revoke(store, "ann", &err), &err);
	assert_fails(
		token_check(store, str_cstr(text), NOW, &who, &err), &err, ERR_UNAUTHENTICATED);
	assert_fails(key_identity(store, &key, NOW, &who, &err), &err, ERR_UNAUTHENTICATED);
	assert_fails(token_add(store, "new", TERMS("ann", 0, 0), text, &err), &err, ERR_CONFLICT);
	assert_fails(
		key_add(store, NULL, NULL, TERMS("ann", 0, 0), &key, &err), &err, ERR_CONFLICT);
}

static void credential_has_at_most_the_rights_of_its_user(void **state)
{
	char text[AUTH_TOKEN_MAX];
	struct identity who;
	struct key key;

	(void)state;
	add_user("ann", RIGHT_READ | RIGHT_WORK);
	assert_fails(token_add(store, "more", TERMS("ann", RIGHT_ALL, 0), text, &err), &err,
		ERR_INVALID);
	must(token_add(store, "all", TERMS("ann", 0, 0), text, &err), &err);
	must(token_check(store, str_cstr(text), NOW, &who, &err), &err);
	assert_int_equal(who.rights, RIGHT_READ | RIGHT_WORK);
	must(token_add(store, "read", TERMS("ann", RIGHT_READ, 0), text, &err), &err);
	must(token_check(store, str_cstr(text), NOW, &who, &err), &err);
	assert_int_equal(who.rights, RIGHT_READ);
	assert_fails(token_add(store, "admin", TERMS("ann", RIGHT_ADMIN, 0), text, &err), &err,
		ERR_INVALID);
	assert_fails(
		key_add(store, NULL, NULL, TERMS("ann", RIGHT_WORK | RIGHT_ADMIN, 0), &key, &err),
		&err, ERR_INVALID);
	must(key_add(store, NULL, NULL, TERMS("ann", RIGHT_WORK, 0), &key, &err), &err);
	key.terms.rights = RIGHT_ALL;
	must(key_identity(store, &key, NOW, &who, &err), &err);
	assert_int_equal(who.rights, RIGHT_READ | RIGHT_WORK);
}

static void added_key_can_be_read(void **state)
{
	struct user user = add_user("ann", RIGHT_READ);
	struct key made, again, read;

	(void)state;
	must(key_add(store, NULL, NULL, TERMS("ann", 0, 0), &made, &err), &err);
	assert_string_equal(made.id, user.id);
	assert_int_equal(strlen(made.secret), 64);
	must(key_get(store, made.id, &read, &err), &err);
	assert_string_equal(read.id, made.id);
	assert_string_equal(read.terms.user, "ann");
	assert_string_equal(read.secret, made.secret);
	assert_int_equal(read.terms.rights, RIGHT_READ);
	must(key_add(store, NULL, NULL, TERMS("ann", 0, 0), &again, &err), &err);
	assert_string_not_equal(again.id, made.id);
	assert_string_not_equal(again.secret, made.secret);
}

static void revoked_key_frees_its_id(void **state)
{
	struct user user = add_user("ann", RIGHT_READ);
	struct key made, again, read;

	(void)state;
	must(key_add(store, NULL, NULL, TERMS("ann", 0, 0), &made, &err), &err);
	must(key_revoke(store, made.id, NOW, &err), &err);
	must(key_get(store, made.id, &read, &err), &err);
	assert_fails(key_identity(store, &read, NOW, &(struct identity){ 0 }, &err), &err,
		ERR_UNAUTHENTICATED);
	assert_string_equal(err.field, PRINCIPAL_REVOKED);
	assert_fails(key_revoke(store, made.id, NOW, &err), &err, ERR_NOT_FOUND);
	/* the default id is free again */
	must(key_add(store, NULL, NULL, TERMS("ann", 0, 0), &again, &err), &err);
	assert_string_equal(again.id, user.id);
	assert_string_not_equal(again.secret, made.secret);
}

static void key_id_and_secret_can_be_chosen(void **state)
{
	struct identity who;
	struct key key;

	(void)state;
	add_user("ann", RIGHT_READ);
	must(key_add(store, "agent-7", "0123456789abcdef", TERMS("ann", 0, NOW + SECOND), &key,
		     &err),
		&err);
	assert_string_equal(key.id, "agent-7");
	assert_string_equal(key.secret, "0123456789abcdef");
	must(key_identity(store, &key, NOW, &who, &err), &err);
	assert_fails(
		key_identity(store, &key, NOW + SECOND, &who, &err), &err, ERR_UNAUTHENTICATED);
	assert_fails(
		key_add(store, "agent-7", "x", TERMS("ann", 0, 0), &key, &err), &err, ERR_CONFLICT);
	assert_fails(key_add(store, "a:b", "x", TERMS("ann", 0, 0), &key, &err), &err, ERR_INVALID);
	assert_fails(key_add(store, "b", "", TERMS("ann", 0, 0), &key, &err), &err, ERR_INVALID);
	assert_fails(key_add(store, "b", "x", TERMS("bob", 0, 0), &key, &err), &err, ERR_NOT_FOUND);
}

static bool count_user(const struct user *user, void *data)
{
	assert_string_equal(user->tenant, "demo");
	++*(int *)data;
	return true;
}

static bool count_token(const struct token *found, void *data)
{
	assert_string_equal(found->terms.user, "ann");
	assert_int_equal(found->terms.expires, NOW + SECOND);
	assert_int_equal(found->terms.created, NOW);
	++*(int *)data;
	return true;
}

static bool count_key(const struct key *key, void *data)
{
	assert_string_equal(key->terms.user, "ann");
	++*(int *)data;
	return true;
}

static void walks_visit_every_record(void **state)
{
	char text[AUTH_TOKEN_MAX];
	struct key key;
	int users = 0, tokens = 0, keys = 0;

	(void)state;
	add_user("ann", RIGHT_READ);
	add_user("bob", RIGHT_READ);
	for (int i = 0; i < 3; i++)
		must(token_add(store, (const char *[]){ "a", "b", "c" }[i],
			     TERMS("ann", 0, NOW + SECOND), text, &err),
			&err);
	for (int i = 0; i < 4; i++)
		must(key_add(store, NULL, NULL, TERMS("ann", 0, 0), &key, &err), &err);
	must(user_each(store, count_user, &users, &err), &err);
	must(token_each(store, count_token, &tokens, &err), &err);
	must(key_each(store, count_key, &keys, &err), &err);
	assert_int_equal(users, 2);
	assert_int_equal(tokens, 3);
	assert_int_equal(keys, 4);
}

/* An unreadable record affects no other; a record of a newer version counts as unreadable. */
static void unreadable_records_are_skipped_and_logged(void **state)
{
	static const char newer[] = "{\"label\":\"l\",\"user\":\"ann\",\"rights\":\"read\","
				    "\"created\":1,\"expires\":0,\"only\":\"virtshell\"}";
	static const char closed[] = "{\"label\":\"l\",\"user\":\"ann\",\"rights\":\"read\","
				     "\"created\":1,\"expires\":0,\"dialects\":\"\"}";
	static const char none[] = "{\"label\":\"l\",\"user\":\"ann\",\"rights\":\"none\","
				   "\"created\":1,\"expires\":0}";
	static const char *const values[] = { "", "{", "[]", "{\"user\":1}", newer, closed, none };
	char text[AUTH_TOKEN_MAX];
	struct user user;
	int count = 0;

	(void)state;
	add_user("ann", RIGHT_READ);
	must(token_add(store, "good", TERMS("ann", 0, NOW + SECOND), text, &err), &err);
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		expect_log("principal-unreadable");
		expect_log("principal-unreadable");
		fixture_auth_put(store, STORE_TOKENS, STR("broken"), str_cstr(values[i]));
		must(token_each(store, count_token, &count, &err), &err);
		assert_int_equal(count, (int)i + 1);
		assert_fails(token_revoke(store, "l", NOW, &err), &err, ERR_NOT_FOUND);
	}
	fixture_auth_put(store, STORE_USERS, STR("ann"), STR("{}"));
	assert_fails(user_get(store, "ann", &user, &err), &err, ERR_INTERNAL);
	assert_fails(token_check(store, str_cstr(text), NOW, &(struct identity){ 0 }, &err), &err,
		ERR_INTERNAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK_EMPTY(added_user_can_be_read),
		CHECK_EMPTY(user_names_are_unique),
		CHECK_EMPTY(user_is_found_by_a_name_in_another_case),
		CHECK_EMPTY(user_of_an_older_build_keeps_capitals),
		CHECK_EMPTY(name_of_an_older_build_is_not_added_again),
		CHECK_EMPTY(credential_acts_for_the_stored_name_only),
		CHECK_EMPTY(invalid_names_are_rejected),
		CHECK_EMPTY(revoked_user_disables_credentials),
		CHECK_EMPTY(credential_has_at_most_the_rights_of_its_user),
		CHECK_EMPTY(added_key_can_be_read),
		CHECK_EMPTY(revoked_key_frees_its_id),
		CHECK_EMPTY(key_id_and_secret_can_be_chosen),
		CHECK_EMPTY(walks_visit_every_record),
		CHECK_EMPTY(unreadable_records_are_skipped_and_logged),
	};

	return CHECK_RUN(tests);
}
