#include <stdio.h>
#include <stdlib.h>

#include "auth/key.h"
#include "auth/token_change.h"
#include "lib/check.h"
#include "store/fixture.h"
#include "task/right.h"

#define NOW    ((int64_t)1309549078000)
#define SECOND 1000

/* What a credential made NOW is to be. */
#define TERMS(name, some, end)       \
	(&(struct credential_terms){ \
		.user = name, .rights = (some), .expires = (end), .created = NOW })

static const struct index_field no_fields[] = { { .source = INDEX_END } };
static const struct index_table no_indexes[] = { { .dialect = 0, .fields = no_fields },
	{ .fields = NULL } };

static struct store *store;
static struct err err;

static int open_store(void **state)
{
	const struct store_options options = {
		.mode = STORE_EPHEMERAL,
		.expected_tasks = 1000,
		.cache_mb = 4,
		.indexes = no_indexes,
	};

	if (check_setup(state) != 0)
		return -1;
	must(store_open(&store, &options, &err), &err);
	return 0;
}

static int close_store(void **state)
{
	store_close(store);
	store = NULL;
	return check_teardown(state);
}

#define CHECK_STORED(function) cmocka_unit_test_setup_teardown(function, open_store, close_store)

static struct user add_user(const char *name, unsigned rights)
{
	struct user user;

	must(user_add(store, name, "demo", rights, 0, NOW, &user, &err), &err);
	return user;
}

static void a_user_is_kept(void **state)
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
	assert_true(read.created == NOW);
	assert_false(read.revoked);
	assert_fails(user_get(store, "bob", &read, &err), &err, ERR_NOT_FOUND);
	assert_fails(user_revoke(store, "bob", &err), &err, ERR_NOT_FOUND);
}

static void a_name_is_taken_once(void **state)
{
	struct user user = add_user("ann", RIGHT_READ);

	(void)state;
	assert_fails(
		user_add(store, "ann", "demo", RIGHT_ALL, 0, NOW, &user, &err), &err, ERR_CONFLICT);
	must(user_revoke(store, "ann", &err), &err);
	assert_fails(
		user_add(store, "ann", "demo", RIGHT_ALL, 0, NOW, &user, &err), &err, ERR_CONFLICT);
}

static void bad_names_are_refused(void **state)
{
	static const char *const names[] = { "", "a b", "a:b", "a/b", "a\n", "\xC3\xA4",
		"0123456789012345678901234567890123456789012345678901234567890123" };
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
	assert_false(auth_is_name(STR("a\0b")));
	assert_true(auth_is_name(STR("A.z_0@b-c")));
	assert_true(auth_is_tenant(STR("a-0")));
}

static void token_gives_identity(void **state)
{
	struct user ann = add_user("ann", RIGHT_READ | RIGHT_WRITE);
	char text[AUTH_TOKEN_MAX];
	struct identity who;

	(void)state;
	must(token_add(store, "laptop", TERMS("ann", 0, 0), text, &err), &err);
	assert_int_equal(strlen(text), 3 + 43);
	assert_true(strncmp(text, "pt_", 3) == 0);
	assert_true(auth_is_name(str_cstr(text)));
	must(token_check(store, str_cstr(text), NOW, &who, &err), &err);
	assert_string_equal(who.user, ann.id);
	assert_string_equal(who.tenant, "demo");
	assert_int_equal(who.rights, RIGHT_READ | RIGHT_WRITE);
}

static void unknown_tokens_are_refused(void **state)
{
	char text[AUTH_TOKEN_MAX];
	struct identity who;

	(void)state;
	add_user("ann", RIGHT_READ);
	must(token_add(store, "laptop", TERMS("ann", 0, 0), text, &err), &err);
	assert_fails(token_check(store, STR(""), NOW, &who, &err), &err, ERR_UNAUTHENTICATED);
	assert_fails(token_check(store, STR("pt_"), NOW, &who, &err), &err, ERR_UNAUTHENTICATED);
	assert_fails(token_check(store, (struct str){ text, strlen(text) - 1 }, NOW, &who, &err),
		&err, ERR_UNAUTHENTICATED);
	for (size_t i = 0; text[i]; i++) {
		text[i] ^= 1;
		assert_fails(token_check(store, str_cstr(text), NOW, &who, &err), &err,
			ERR_UNAUTHENTICATED);
		text[i] ^= 1;
	}
	must(token_check(store, str_cstr(text), NOW, &who, &err), &err);
}

static void tokens_expire(void **state)
{
	char text[AUTH_TOKEN_MAX];
	struct identity who;

	(void)state;
	add_user("ann", RIGHT_READ);
	must(token_add(store, "short", TERMS("ann", 0, NOW + SECOND), text, &err), &err);
	must(token_check(store, str_cstr(text), NOW + SECOND - 1, &who, &err), &err);
	assert_fails(token_check(store, str_cstr(text), NOW + SECOND, &who, &err), &err,
		ERR_UNAUTHENTICATED);
}

static void tokens_are_revoked_by_label(void **state)
{
	char first[AUTH_TOKEN_MAX], second[AUTH_TOKEN_MAX], other[AUTH_TOKEN_MAX];
	struct identity who;

	(void)state;
	add_user("ann", RIGHT_READ);
	must(token_add(store, "ci robot", TERMS("ann", 0, 0), first, &err), &err);
	assert_fails(
		token_add(store, "ci robot", TERMS("ann", 0, 0), second, &err), &err, ERR_CONFLICT);
	must(token_add(store, "ci", TERMS("ann", 0, 0), other, &err), &err);
	must(token_revoke(store, "ci robot", NOW, &err), &err);
	assert_fails(
		token_check(store, str_cstr(first), NOW, &who, &err), &err, ERR_UNAUTHENTICATED);
	assert_string_equal(err.field, PRINCIPAL_REVOKED);
	must(token_check(store, str_cstr(other), NOW, &who, &err), &err);
	assert_fails(token_revoke(store, "ci robot", NOW, &err), &err, ERR_NOT_FOUND);
	must(token_add(store, "ci robot", TERMS("ann", 0, 0), second, &err), &err);
	assert_string_not_equal(first, second);
	assert_fails(
		token_check(store, str_cstr(first), NOW, &who, &err), &err, ERR_UNAUTHENTICATED);
	must(token_check(store, str_cstr(second), NOW, &who, &err), &err);
	assert_fails(
		token_add(store, "oauth", TERMS("ann", 0, 0), second, &err), &err, ERR_INVALID);
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

static void a_credential_never_has_more_rights(void **state)
{
	char text[AUTH_TOKEN_MAX];
	struct identity who;
	struct key key;

	(void)state;
	add_user("ann", RIGHT_READ | RIGHT_WORK);
	must(token_add(store, "all", TERMS("ann", RIGHT_ALL, 0), text, &err), &err);
	must(token_check(store, str_cstr(text), NOW, &who, &err), &err);
	assert_int_equal(who.rights, RIGHT_READ | RIGHT_WORK);
	must(token_add(store, "read", TERMS("ann", RIGHT_READ, 0), text, &err), &err);
	must(token_check(store, str_cstr(text), NOW, &who, &err), &err);
	assert_int_equal(who.rights, RIGHT_READ);
	assert_fails(token_add(store, "admin", TERMS("ann", RIGHT_ADMIN, 0), text, &err), &err,
		ERR_INVALID);
	must(key_add(store, NULL, NULL, TERMS("ann", RIGHT_WORK | RIGHT_ADMIN, 0), &key, &err),
		&err);
	key.terms.rights = RIGHT_ALL;
	must(key_identity(store, &key, NOW, &who, &err), &err);
	assert_int_equal(who.rights, RIGHT_READ | RIGHT_WORK);
}

static void a_key_is_kept(void **state)
{
	struct user ann = add_user("ann", RIGHT_READ);
	struct key made, again, read;

	(void)state;
	must(key_add(store, NULL, NULL, TERMS("ann", 0, 0), &made, &err), &err);
	assert_string_equal(made.id, ann.id);
	assert_int_equal(strlen(made.secret), 64);
	must(key_get(store, made.id, &read, &err), &err);
	assert_string_equal(read.id, made.id);
	assert_string_equal(read.terms.user, "ann");
	assert_string_equal(read.secret, made.secret);
	assert_int_equal(read.terms.rights, RIGHT_READ);
	must(key_add(store, NULL, NULL, TERMS("ann", 0, 0), &again, &err), &err);
	assert_string_not_equal(again.id, made.id);
	assert_string_not_equal(again.secret, made.secret);
	must(key_revoke(store, made.id, NOW, &err), &err);
	must(key_get(store, made.id, &read, &err), &err);
	assert_fails(key_identity(store, &read, NOW, &(struct identity){ 0 }, &err), &err,
		ERR_UNAUTHENTICATED);
	assert_string_equal(err.field, PRINCIPAL_REVOKED);
	assert_fails(key_revoke(store, made.id, NOW, &err), &err, ERR_NOT_FOUND);
	/* its id is free again */
	must(key_add(store, NULL, NULL, TERMS("ann", 0, 0), &again, &err), &err);
	assert_string_equal(again.id, ann.id);
	assert_string_not_equal(again.secret, made.secret);
}

static void a_key_can_be_chosen(void **state)
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

static bool find_text(struct str key, struct str value, void *data)
{
	const char *text = data;

	/* also not without its prefix */
	assert_null(memmem(key.ptr, key.len, text + 3, strlen(text) - 3));
	assert_null(memmem(value.ptr, value.len, text + 3, strlen(text) - 3));
	return true;
}

static void a_token_is_never_stored(void **state)
{
	char text[AUTH_TOKEN_MAX];

	(void)state;
	add_user("ann", RIGHT_READ);
	must(token_add(store, "laptop", TERMS("ann", 0, 0), text, &err), &err);
	for (int table = 0; table < STORE_TABLES; table++)
		must(store_auth_each(store, (enum store_table)table, find_text, text, &err), &err);
}

static bool count_user(const struct user *user, void *data)
{
	assert_string_equal(user->tenant, "demo");
	++*(int *)data;
	return true;
}

static bool count_token(const struct token *token, void *data)
{
	assert_string_equal(token->terms.user, "ann");
	assert_true(token->terms.expires == NOW + SECOND && token->terms.created == NOW);
	++*(int *)data;
	return true;
}

static bool count_key(const struct key *key, void *data)
{
	assert_string_equal(key->terms.user, "ann");
	++*(int *)data;
	return true;
}

static void all_are_listed(void **state)
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

/* A record that cannot be read refuses nobody else, and says so; a newer version's is such a one.
 */
static void unreadable_record_is_refused(void **state)
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
		expect_log("principal.unreadable");
		expect_log("principal.unreadable");
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
		CHECK_STORED(a_user_is_kept),
		CHECK_STORED(a_name_is_taken_once),
		CHECK_STORED(bad_names_are_refused),
		CHECK_STORED(token_gives_identity),
		CHECK_STORED(unknown_tokens_are_refused),
		CHECK_STORED(tokens_expire),
		CHECK_STORED(tokens_are_revoked_by_label),
		CHECK_STORED(revoked_user_disables_credentials),
		CHECK_STORED(a_credential_never_has_more_rights),
		CHECK_STORED(a_key_is_kept),
		CHECK_STORED(a_key_can_be_chosen),
		CHECK_STORED(a_token_is_never_stored),
		CHECK_STORED(all_are_listed),
		CHECK_STORED(unreadable_record_is_refused),
	};

	return CHECK_RUN(tests);
}
