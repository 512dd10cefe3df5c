/* Rows of an export for the tables of users, tokens and keys. */
#include "auth/auth_fixture.h"
#include "auth/auth_row.h"
#include "store/auth_table.h"

#define ID_1 "5f0e7a2c-0d5b-4f7a-9c1e-2b6d8a9f0e11"
#define ID_2 "5f0e7a2c-0d5b-4f7a-9c1e-2b6d8a9f0e12"
#define USER(id)                                                                    \
	"{\"id\":\"" id "\",\"tenant\":\"demo\",\"rights\":\"read\",\"created\":1," \
	"\"revoked\":false}"
#define HASH		   "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define TERMS_OF(user)	   "\"user\":\"" user "\",\"rights\":\"read\",\"created\":1,\"expires\":0"
#define TOKEN(user, label) "{\"label\":\"" label "\"," TERMS_OF(user) "}"
#define KEY(user)	   "{\"secret\":\"s\"," TERMS_OF(user) "}"

static struct auth_rows rows;

static int open_rows(void **state)
{
	rows = (struct auth_rows){ 0 };
	if (open_empty_store(state) != 0)
		return -1;
	rows.store = store;
	return 0;
}

static int close_rows(void **state)
{
	auth_rows_free(&rows);
	return close_store(state);
}

static bool check(const char *table, const char *key, const char *value)
{
	err = (struct err){ 0 };
	return auth_rows_check(&rows, str_cstr(table), str_cstr(key), str_cstr(value), &err);
}

#define ACCEPTED(table, key, value) must(check(table, key, value), &err)
#define REFUSED(table, key, value, code, text)                      \
	do {                                                        \
		assert_fails(check(table, key, value), &err, code); \
		assert_string_equal(err_text(&err), text);          \
	} while (0)

static void names_differ_in_more_than_case(void **state)
{
	(void)state;
	add_user("ann", RIGHT_READ);
	ACCEPTED("users", "bob", USER(ID_1));
	REFUSED("users", "Ann", USER(ID_2), ERR_CONFLICT,
		"the user 'ann' exists, whose name differs in its case only");
	/* also of a row of the same import */
	REFUSED("users", "BOB", USER(ID_2), ERR_CONFLICT,
		"the user 'bob' exists, whose name differs in its case only");
	REFUSED("users", "carl", USER(ID_1), ERR_CONFLICT, "the id belongs to the user 'bob'");
	/* the id that a row has replaced is free */
	ACCEPTED("users", "bob", USER(ID_2));
	ACCEPTED("users", "carl", USER(ID_1));
}

static void users_of_an_older_build_replace_themselves(void **state)
{
	(void)state;
	put_record(STORE_USERS, "Ann", USER(ID_1));
	put_record(STORE_USERS, "ann", USER(ID_2));
	ACCEPTED("users", "Ann", USER(ID_1));
	ACCEPTED("users", "ann", USER(ID_2));
	assert_fails(check("users", "ANN", USER(ID_1)), &err, ERR_CONFLICT);
}

static void owner_must_exist(void **state)
{
	(void)state;
	add_user("ann", RIGHT_READ);
	ACCEPTED("tokens", HASH, TOKEN("ann", "laptop"));
	ACCEPTED("keys", "k", KEY("ann"));
	REFUSED("tokens", HASH, TOKEN("bob", "laptop"), ERR_INVALID, "user: 'bob' does not exist");
	/* the name as it is stored: another case may be another user */
	REFUSED("keys", "k", KEY("Ann"), ERR_INVALID, "user: 'Ann' does not exist");
}

static void owner_must_have_a_right(void **state)
{
	(void)state;
	add_user("ann", RIGHT_WRITE);
	REFUSED("tokens", HASH, TOKEN("ann", "laptop"), ERR_INVALID,
		"rights: the user 'ann' has none of these");
}

static void credential_of_another_user_is_kept(void **state)
{
	(void)state;
	add_user("ann", RIGHT_READ);
	add_user("bob", RIGHT_READ);
	put_record(STORE_SIGNING_KEYS, "k", KEY("bob"));
	put_record(STORE_TOKENS, HASH, TOKEN("bob", "laptop"));
	REFUSED("keys", "k", KEY("ann"), ERR_CONFLICT, "the store has it for the user 'bob'");
	REFUSED("tokens", HASH, TOKEN("ann", "laptop"), ERR_CONFLICT,
		"the store has it for the user 'bob'");
	ACCEPTED("keys", "k", KEY("bob"));
	must(key_revoke(store, "k", NOW, &err), &err);
	ACCEPTED("keys", "k", KEY("ann"));
}

static void label_of_logins_is_reserved(void **state)
{
	(void)state;
	add_user("ann", RIGHT_READ);
	REFUSED("tokens", HASH, TOKEN("ann", "oauth"), ERR_INVALID,
		"label: 'oauth' is reserved for tokens of logins");
	ACCEPTED("tokens", HASH, "{\"label\":\"oauth\",\"login\":1," TERMS_OF("ann") "}");
}

static bool is_idol(struct str name)
{
	return str_eq(name, STR("idol"));
}

static void dialects_must_be_known(void **state)
{
	(void)state;
	add_user("ann", RIGHT_READ);
	rows.is_dialect = is_idol;
	ACCEPTED("keys", "k", "{\"secret\":\"s\",\"dialects\":\"idol\"," TERMS_OF("ann") "}");
	REFUSED("keys", "k", "{\"secret\":\"s\",\"dialects\":\"idol,x\"," TERMS_OF("ann") "}",
		ERR_INVALID, "dialects: there is no dialect 'x'");
}

static void password_hash_of_another_cost_is_refused(void **state)
{
	(void)state;
	REFUSED("users", "ann",
		"{\"id\":\"" ID_1 "\",\"tenant\":\"demo\",\"rights\":\"read\",\"created\":1,"
		"\"revoked\":false,\"password\":\"$argon2id$v=19$m=4194304,t=9,p=1$"
		"iNEbS3xb2sY+4CLJDHRGJw$GljFPaDd2LWwiN7yeJqxGn9fQApluFhqf2Fr3Kyk87U\"}",
		ERR_INVALID,
		"password must be an Argon2id hash with the parameters of this service");
}

/* ---- older exports ---- */

#define REVOKED_USER                                                                  \
	"{\"id\":\"" ID_1 "\",\"tenant\":\"demo\",\"rights\":\"read\",\"created\":1," \
	"\"revoked\":true}"
#define MORE(record, members) record members "}"
#define OPEN_TOKEN	      "{\"label\":\"laptop\"," TERMS_OF("ann")
#define OPEN_KEY	      "{\"secret\":\"s\"," TERMS_OF("ann")

static void assert_kept(const char *table, const char *key, const char *value, bool kept)
{
	ACCEPTED(table, key, value);
	assert_int_equal(rows.keep, kept);
}

static void revoked_user_stays_revoked(void **state)
{
	(void)state;
	put_record(STORE_USERS, "ann", REVOKED_USER);
	assert_kept("users", "ann", USER(ID_1), true);
	assert_kept("users", "ann", REVOKED_USER, false);
	assert_kept("users", "ann", USER(ID_2), false);
	assert_int_equal(rows.kept, 1);
}

static void revoked_credentials_stay_revoked(void **state)
{
	(void)state;
	add_user("ann", RIGHT_READ);
	put_record(STORE_TOKENS, HASH, MORE(OPEN_TOKEN, ",\"revoked\":1"));
	put_record(STORE_SIGNING_KEYS, "k", MORE(OPEN_KEY, ",\"revoked\":1"));
	assert_kept("tokens", HASH, TOKEN("ann", "laptop"), true);
	assert_kept("keys", "k", KEY("ann"), true);
	assert_kept("keys", "k", MORE(OPEN_KEY, ",\"revoked\":2"), false);
}

/* As key_add() does. */
static void key_added_after_its_revocation_is_written(void **state)
{
	(void)state;
	add_user("ann", RIGHT_READ);
	put_record(STORE_SIGNING_KEYS, "k", MORE(OPEN_KEY, ",\"revoked\":1"));
	assert_kept("keys", "k",
		"{\"secret\":\"s\",\"user\":\"ann\",\"rights\":\"read\",\"created\":2,"
		"\"expires\":0}",
		false);
}

#define HASH_2 "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define HASH_3 "ee112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define OF_ANN(created)                                                         \
	"\"label\":\"oauth\",\"login\":1,\"user\":\"ann\",\"rights\":\"read\"," \
	"\"created\":" created ",\"expires\":2000000000000"
#define REFRESH(created, pair) \
	"{" OF_ANN(created) ",\"refresh\":true,\"current\":\"" HASH "\",\"pair\":\"" pair "\"}"
#define ACCESS_OF(created) "{" OF_ANN(created) ",\"pair\":\"" HASH "\"}"

/* The store has a login that was renewed after the export. */
static void renewed_login_stays_renewed(void **state)
{
	(void)state;
	add_user("ann", RIGHT_READ);
	put_record(STORE_TOKENS, HASH, REFRESH("2", HASH_3));
	put_record(STORE_TOKENS, HASH_3, ACCESS_OF("2"));
	assert_kept("tokens", HASH, REFRESH("1", HASH_2), true);
	assert_kept("tokens", HASH_2, ACCESS_OF("1"), true);
	assert_kept("tokens", HASH, REFRESH("2", HASH_3), false);
	assert_kept("tokens", HASH_3, ACCESS_OF("2"), false);
}

static void login_has_no_dialects(void **state)
{
	(void)state;
	add_user("ann", RIGHT_READ);
	REFUSED("tokens", HASH, "{" OF_ANN("1") ",\"dialects\":\"idol\"}", ERR_INVALID,
		"tokens of logins have no 'dialects'");
}

#define ROWS_TEST(function) cmocka_unit_test_setup_teardown(function, open_rows, close_rows)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROWS_TEST(names_differ_in_more_than_case),
		ROWS_TEST(users_of_an_older_build_replace_themselves),
		ROWS_TEST(owner_must_exist),
		ROWS_TEST(owner_must_have_a_right),
		ROWS_TEST(credential_of_another_user_is_kept),
		ROWS_TEST(label_of_logins_is_reserved),
		ROWS_TEST(dialects_must_be_known),
		ROWS_TEST(revoked_user_stays_revoked),
		ROWS_TEST(revoked_credentials_stay_revoked),
		ROWS_TEST(key_added_after_its_revocation_is_written),
		ROWS_TEST(renewed_login_stays_renewed),
		ROWS_TEST(login_has_no_dialects),
		ROWS_TEST(password_hash_of_another_cost_is_refused),
	};

	return CHECK_RUN(tests);
}
