/* Bearer tokens: adding, checking, expiry and revocation by label. */
#include "auth/auth_fixture.h"
#include "store/auth_table.h"

static void token_yields_identity(void **state)
{
	struct user user = add_user("ann", RIGHT_READ | RIGHT_WRITE);
	char text[AUTH_TOKEN_MAX];
	struct identity who;

	(void)state;
	must(token_add(store, "laptop", TERMS("ann", 0, 0), text, &err), &err);
	assert_int_equal(strlen(text), 3 + 43);
	assert_true(strncmp(text, "pt_", 3) == 0);
	assert_true(auth_is_key_id(str_cstr(text)));
	must(token_check(store, str_cstr(text), NOW, &who, &err), &err);
	assert_string_equal(who.user, user.id);
	assert_string_equal(who.tenant, "demo");
	assert_int_equal(who.rights, RIGHT_READ | RIGHT_WRITE);
}

static void unknown_tokens_are_rejected(void **state)
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

static void tokens_expire_at_their_end(void **state)
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

static bool lacks_text(struct str key, struct str value, void *data)
{
	const char *text = data;

	/* nor the part after its prefix */
	assert_null(memmem(key.ptr, key.len, text + 3, strlen(text) - 3));
	assert_null(memmem(value.ptr, value.len, text + 3, strlen(text) - 3));
	return true;
}

static void token_text_is_not_stored(void **state)
{
	char text[AUTH_TOKEN_MAX];

	(void)state;
	add_user("ann", RIGHT_READ);
	must(token_add(store, "laptop", TERMS("ann", 0, 0), text, &err), &err);
	for (int table = 0; table < STORE_TABLES; table++)
		must(store_auth_each(store, (enum store_table)table, lacks_text, text, &err), &err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK_EMPTY(token_yields_identity),
		CHECK_EMPTY(unknown_tokens_are_rejected),
		CHECK_EMPTY(tokens_expire_at_their_end),
		CHECK_EMPTY(tokens_are_revoked_by_label),
		CHECK_EMPTY(token_text_is_not_stored),
	};

	return CHECK_RUN(tests);
}
