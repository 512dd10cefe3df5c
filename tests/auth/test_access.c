/* OP_ACCESS: which users and credentials are shown, in which order, under which ids. */
#include <stdio.h>

#include "auth/access_fixture.h"
#include "auth/login_tokens.h"

static const struct op_access users = { .action = ACCESS_USERS, .limit = ACCESS_PAGE_MAX };
static const struct op_access credentials = { .action = ACCESS_CREDENTIALS,
	.limit = ACCESS_PAGE_MAX };

static void add_foreign(void)
{
	char text[AUTH_TOKEN_MAX];
	struct user user;
	struct key key;

	must(user_add(store, "eve", "other", RIGHT_ALL, 0, NOW, &user, &err), &err);
	must(token_add(store, "eves", TERMS("eve", 0, 0), text, &err), &err);
	must(key_add(store, "eves", NULL, TERMS("eve", 0, 0), &key, &err), &err);
}

/* ---- users ---- */

static void users_of_the_tenant_are_sorted_by_name(void **state)
{
	(void)state;
	add_user("zoe", RIGHT_READ);
	add_user("bob", RIGHT_READ);
	add_foreign();
	assert_string_equal(access_names(access_do(&users, NULL, NOW)), "ann bob gone zoe");
	assert_int_equal(access_result.access->next.len, 0);
}

static void pages_of_users_follow_each_other(void **state)
{
	struct op_access page = { .action = ACCESS_USERS, .limit = 1 };
	static const char *const names[] = { "ann", "bob", "gone" };
	char after[USER_NAME_MAX] = "";

	(void)state;
	add_user("bob", RIGHT_READ);
	add_foreign();
	for (size_t i = 0; i < 3; i++) {
		const struct access_answer *answer = access_do(&page, NULL, NOW);

		assert_string_equal(access_names(answer), names[i]);
		assert_str(buf_str(&answer->next), i < 2 ? names[i] : "");
		memcpy(after, names[i], strlen(names[i]) + 1);
		page.after = str_cstr(after);
	}
	page = (struct op_access){ .action = ACCESS_USERS, .limit = 2, .after = STR("azz") };
	assert_string_equal(access_names(access_do(&page, NULL, NOW)), "bob gone");
}

static void user_has_state_and_password(void **state)
{
	const struct op_access one = { .action = ACCESS_USER };
	struct access_user user;

	(void)state;
	must(user_set_password(store, "ann", "a", NOW + 5, NOW, &err), &err);
	must(user_expire(store, "ann", NOW + 9, &err), &err);
	user = access_do(&one, ann.id, NOW + 4)->users[0];
	assert_string_equal(user.name, "ann");
	assert_int_equal(user.rights, RIGHT_READ | RIGHT_WRITE);
	assert_int_equal(user.created, NOW);
	assert_int_equal(optional_time_ms(user.expires), NOW + 9);
	assert_int_equal(user.state, ACCESS_LIVE);
	assert_true(user.has_password);
	assert_int_equal(optional_time_ms(user.password_changed), NOW);
	assert_int_equal(optional_time_ms(user.password_expires), NOW + 5);
	assert_int_equal(user.password_state, ACCESS_LIVE);
	user = access_do(&one, ann.id, NOW + 5)->users[0];
	assert_int_equal(user.state, ACCESS_LIVE);
	assert_int_equal(user.password_state, ACCESS_EXPIRED);
	user = access_do(&one, ann.id, NOW + 9)->users[0];
	assert_int_equal(user.state, ACCESS_EXPIRED);
	must(user_revoke(store, "ann", &err), &err);
	user = access_do(&one, ann.id, NOW)->users[0];
	assert_int_equal(user.state, ACCESS_REVOKED);
	assert_int_equal(user.password_state, ACCESS_REVOKED);
	must(user_revoke_password(store, "ann", NOW, &err), &err);
	assert_false(access_do(&one, ann.id, NOW)->users[0].has_password);
}

static void user_of_another_tenant_is_not_found(void **state)
{
	const struct op_access one = { .action = ACCESS_USER };
	struct user eve;

	(void)state;
	add_foreign();
	must(user_get(store, "eve", &eve, &err), &err);
	assert_false(access_try(&one, eve.id, NOW));
	assert_int_equal(err.code, ERR_NOT_FOUND);
	assert_false(access_try(&one, "ab8076c0-db91-71e2-82ce-0002a5d5c51b", NOW));
	assert_int_equal(err.code, ERR_NOT_FOUND);
}

/* ---- credentials ---- */

static void add_token(const char *label, int64_t created)
{
	struct credential_terms terms = { .user = "ann", .created = created };
	char text[AUTH_TOKEN_MAX];

	must(token_add(store, label, &terms, text, &err), &err);
}

static void newest_credentials_are_first(void **state)
{
	(void)state;
	add_foreign();
	add_token("later", NOW + 2);
	add_token("last", NOW + 3);
	must(token_revoke(store, "t", NOW, &err), &err);
	assert_true(str_starts(str_cstr(access_names(access_do(&credentials, NULL, NOW + 9))),
		STR("last later ")));
	assert_int_equal(access_result.access->credential_count, 9);
	/* The token that was created first. */
	assert_string_equal(access_result.access->credentials[8].label, "e");
}

/* Most were created at the same time: each is on one page. */
static void pages_of_credentials_follow_each_other(void **state)
{
	struct op_access page = { .action = ACCESS_CREDENTIALS, .limit = 2 };
	char after[ACCESS_ID_SIZE + 32] = "", ids[16][ACCESS_ID_SIZE];
	size_t count = 0;

	(void)state;
	add_foreign();
	do {
		const struct access_answer *answer = access_do(&page, NULL, NOW);

		assert_in_range(answer->credential_count, 1, 2);
		for (size_t i = 0; i < answer->credential_count; i++) {
			memcpy(ids[count], answer->credentials[i].id, ACCESS_ID_SIZE);
			for (size_t j = 0; j < count; j++)
				assert_string_not_equal(ids[j], ids[count]);
			count++;
		}
		snprintf(after, sizeof(after), "%.*s", STR_ARGS(buf_str(&answer->next)));
		page.after = str_cstr(after);
	} while (after[0]);
	assert_int_equal(count, 7);
}

static void filters_select_credentials(void **state)
{
	struct op_access query = credentials;

	(void)state;
	query.types = 1U << ACCESS_KEY;
	assert_int_equal(access_do(&query, NULL, NOW)->credential_count, 5);
	query.states = 1U << ACCESS_LIVE;
	assert_int_equal(access_do(&query, NULL, NOW)->credential_count, 3);
	query.states = 1U << ACCESS_EXPIRED | 1U << ACCESS_REVOKED;
	assert_int_equal(access_do(&query, NULL, NOW)->credential_count, 2);
	query.has_user = true;
	assert_int_equal(access_do(&query, ann.id, NOW)->credential_count, 1);
	assert_string_equal(access_names(access_result.access), "old");
	query.states = 0;
	query.types = 1U << ACCESS_TOKEN;
	assert_int_equal(access_do(&query, ann.id, NOW)->credential_count, 2);
	query.types = 1U << ACCESS_LOGIN;
	assert_int_equal(access_do(&query, ann.id, NOW)->credential_count, 0);
	query.types = 0;
	assert_int_equal(
		access_do(&query, "ab8076c0-db91-71e2-82ce-0002a5d5c51b", NOW)->credential_count,
		0);
}

static void token_shows_its_terms(void **state)
{
	const struct credential_terms terms = { .user = "ann",
		.rights = RIGHT_READ,
		.dialects = "idol,native",
		.expires = NOW + 10,
		.created = NOW + 1 };
	struct access_credential found;
	char text[AUTH_TOKEN_MAX];

	(void)state;
	must(token_add(store, "limited", &terms, text, &err), &err);
	found = access_find("limited", NOW + 1);
	assert_int_equal(found.type, ACCESS_TOKEN);
	assert_string_equal(found.user_name, "ann");
	assert_int_equal(found.rights, RIGHT_READ);
	assert_string_equal(found.dialects, "idol,native");
	assert_int_equal(found.created, NOW + 1);
	assert_int_equal(optional_time_ms(found.expires), NOW + 10);
	assert_int_equal(found.state, ACCESS_LIVE);
	assert_int_equal(access_find("limited", NOW + 10).state, ACCESS_EXPIRED);
	must(user_expire(store, "ann", NOW + 5, &err), &err);
	assert_int_equal(access_find("limited", NOW + 5).state, ACCESS_EXPIRED);
	must(user_revoke(store, "ann", &err), &err);
	assert_int_equal(access_find("limited", NOW + 1).state, ACCESS_REVOKED);
}

static void rotated_token_is_replaced(void **state)
{
	struct op_access query = credentials;
	char text[AUTH_TOKEN_MAX];

	(void)state;
	must(token_rotate(store, "t", 100, NOW + 1, text, &err), &err);
	query.states = 1U << ACCESS_REPLACED;
	assert_string_equal(access_names(access_do(&query, NULL, NOW + 1)), "t");
	assert_int_equal(access_do(&query, NULL, NOW + 101)->credential_count, 0);
}

/* ---- logins ---- */

static void login_is_one_row_with_the_same_id(void **state)
{
	struct login_tokens first, second;
	struct access_credential before, after;

	(void)state;
	must(user_set_password(store, "ann", "a", 0, NOW, &err), &err);
	must(user_get(store, "ann", &ann, &err), &err);
	must(login_tokens_add(store, &ann, NOW, &first, &err), &err);
	before = access_find(TOKEN_LOGIN_LABEL, NOW);
	assert_int_equal(before.type, ACCESS_LOGIN);
	assert_int_equal(optional_time_ms(before.expires), NOW + LOGIN_REFRESH_S * SECOND);
	must(login_tokens_renew(store, str_cstr(first.refresh), 0, NOW + 7, &second, &ann, &err),
		&err);
	after = access_find(TOKEN_LOGIN_LABEL, NOW + 7);
	assert_string_equal(after.id, before.id);
	assert_int_equal(after.created, NOW + 7);
	assert_int_equal(after.state, ACCESS_LIVE);
	must(user_set_password(store, "ann", "a", 0, NOW + 8, &err), &err);
	assert_int_equal(access_find(TOKEN_LOGIN_LABEL, NOW + 8).state, ACCESS_REVOKED);
}

/* An earlier build made logins without a refresh token, and an import can lose one. */
static void access_token_without_its_refresh_token_is_a_row(void **state)
{
	static const char hash[] =
		"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
	static const char record[] =
		"{\"user\":\"ann\",\"rights\":\"read\",\"created\":1309549078000,"
		"\"expires\":1309549088000,\"label\":\"oauth\",\"login\":0,\"pair\":"
		"\"ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100\"}";
	struct access_credential found;

	(void)state;
	put_record(STORE_TOKENS, hash, record);
	found = access_find(TOKEN_LOGIN_LABEL, NOW);
	assert_int_equal(found.type, ACCESS_LOGIN);
	assert_int_equal(found.state, ACCESS_LIVE);
	fixture_set_read_only(store, true);
	assert_true(access_act(ACCESS_CREDENTIAL_REVOKE, found.id, OPTIONAL_TIME_NONE, NOW));
	fixture_set_read_only(store, false);
	assert_int_equal(access_find(TOKEN_LOGIN_LABEL, NOW).state, ACCESS_REVOKED);
}

/* ---- ids ---- */

static void id_shows_neither_token_nor_hash(void **state)
{
	char hash[TOKEN_HASH_LEN + 1];
	struct access_credential found = access_find("t", NOW);

	(void)state;
	must(token_hash(str_cstr(token), hash, &err), &err);
	assert_null(strstr(found.id, token + 3));
	assert_null(strstr(found.id, hash));
	assert_string_equal(access_find("t", NOW + 1).id, found.id);
	assert_true(access_act(ACCESS_CREDENTIAL, found.id, OPTIONAL_TIME_NONE, NOW));
	assert_string_equal(access_result.access->credentials[0].label, "t");
	assert_string_equal(access_result.access->credentials[0].id, found.id);
}

static void made_up_ids_are_not_found(void **state)
{
	static const char *const ids[] = { "", "x", "pt_", "ann", "ann\xff", "../t",
		"AAAAAAAAAAAAAAAAAAAAAAAA",
		"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff" };
	struct access_credential found = access_find("t", NOW);
	char large[300];

	(void)state;
	memset(large, 'A', sizeof(large));
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		assert_false(access_act(ACCESS_CREDENTIAL, ids[i], OPTIONAL_TIME_NONE, NOW));
		assert_int_equal(err.code, ERR_NOT_FOUND);
	}
	for (size_t len = sizeof(large) - 1; len > 0; len--) {
		large[len] = '\0';
		assert_false(access_act(ACCESS_CREDENTIAL, large, OPTIONAL_TIME_NONE, NOW));
		assert_int_equal(err.code, ERR_NOT_FOUND);
	}
	for (size_t i = 0; found.id[i]; i++) {
		char changed = found.id[i] == 'A' ? 'B' : 'A', kept = found.id[i];

		found.id[i] = changed;
		assert_false(
			access_act(ACCESS_CREDENTIAL_REVOKE, found.id, OPTIONAL_TIME_NONE, NOW));
		assert_int_equal(err.code, ERR_NOT_FOUND);
		found.id[i] = kept;
	}
	assert_token(token, NOW, NULL);
}

/* The id of another store is none of this one: each has its own secret. */
static void ids_differ_between_stores(void **state)
{
	char id[ACCESS_ID_SIZE];

	memcpy(id, access_find("ann", NOW).id, sizeof(id));
	close_access(state);
	open_access(state);
	assert_string_not_equal(access_find("ann", NOW).id, id);
	assert_false(access_act(ACCESS_CREDENTIAL, id, OPTIONAL_TIME_NONE, NOW));
	assert_int_equal(err.code, ERR_NOT_FOUND);
}

static void credential_of_another_tenant_is_not_found(void **state)
{
	static const struct op_access all = { .action = ACCESS_CREDENTIALS,
		.limit = ACCESS_PAGE_MAX };
	struct op op = { .kind = OP_ACCESS, .tenant = STR("other"), .now = NOW, .access = &all };
	char ids[2][ACCESS_ID_SIZE];

	(void)state;
	add_foreign();
	store_result_free(&access_result);
	must(auth_apply(store, &op, &access_result, &err), &err);
	assert_int_equal(access_result.access->credential_count, 2);
	for (size_t i = 0; i < 2; i++)
		memcpy(ids[i], access_result.access->credentials[i].id, ACCESS_ID_SIZE);
	for (size_t i = 0; i < 2; i++) {
		for (int action = ACCESS_CREDENTIAL; action < ACCESS_ACTIONS; action++) {
			assert_false(access_act(
				(enum access_action)action, ids[i], OPTIONAL_TIME_NONE, NOW));
			assert_int_equal(err.code, ERR_NOT_FOUND);
		}
	}
}

static unsigned unreadable;

static void count_line(enum log_level level, struct str line)
{
	(void)line;
	unreadable += level == LOG_ERROR;
}

static void unreadable_records_are_left_out(void **state)
{
	(void)state;
	unreadable = 0;
	put_record(STORE_TOKENS, "broken", "{}");
	put_record(STORE_SIGNING_KEYS, "broken", "{}");
	put_record(STORE_USERS, "broken", "{}");
	log_capture(count_line);
	assert_int_equal(access_do(&credentials, NULL, NOW)->credential_count, 7);
	assert_int_equal(unreadable, 3);
	check_setup(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK_ACCESS(users_of_the_tenant_are_sorted_by_name),
		CHECK_ACCESS(pages_of_users_follow_each_other),
		CHECK_ACCESS(user_has_state_and_password),
		CHECK_ACCESS(user_of_another_tenant_is_not_found),
		CHECK_ACCESS(newest_credentials_are_first),
		CHECK_ACCESS(pages_of_credentials_follow_each_other),
		CHECK_ACCESS(filters_select_credentials),
		CHECK_ACCESS(token_shows_its_terms),
		CHECK_ACCESS(rotated_token_is_replaced),
		CHECK_ACCESS(login_is_one_row_with_the_same_id),
		CHECK_ACCESS(access_token_without_its_refresh_token_is_a_row),
		CHECK_ACCESS(id_shows_neither_token_nor_hash),
		CHECK_ACCESS(made_up_ids_are_not_found),
		CHECK_ACCESS(ids_differ_between_stores),
		CHECK_ACCESS(credential_of_another_tenant_is_not_found),
		CHECK_ACCESS(unreadable_records_are_left_out),
	};

	return CHECK_RUN(tests);
}
