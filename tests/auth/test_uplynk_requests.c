/* Requests that carry a signed message of Uplynk (test_uplynk_signature.c: the message itself). */
#include <stdio.h>

#include "auth/auth_fixture.h"
#include "auth/uplynk_signature.h"
#include "store/auth_table.h"

/* As a client percent-encodes it. */
#define SENT_MSG                                      \
	"eNqrVorPL89LLVKyUlBKTEpOSU0zMDQyNjE1M7ewROc" \
	"r6SgoxZdk5qYWlyTmFgB1GJqZmVgaGFiaGtYCAANbFE8%3D"
#define UPPER_SIG "DB21F676B35CE581A964150A663679C911DAC618C0E776263587260F401E726F"

/* reason NULL: accepted. */
static void assert_uplynk(const char *uri, const char *header, int64_t now, const char *reason)
{
	const struct param changes[CHANGES_MAX] = { DIALECT("uplynk"), URI(uri),
		{ AUTHORIZATION_HEADER, header } };
	struct request request;
	struct response response;

	fill_request(&request, changes);
	request.now = now;
	authorize_request(&request, &response);
	if (response.status != (reason ? 401 : 204) ||
		(reason && !has_header(&response, "X-Polytask-Reason", reason)))
		fail_msg("%s, %s: %d %.*s", uri, header, response.status,
			STR_ARGS(buf_str(&response.headers)));
	if (!reason) {
		assert_true(has_header(&response, "X-Polytask-User", ann.id));
		assert_true(has_header(&response, "X-Polytask-Dialect", "uplynk"));
	}
	response_free(&response);
}

static void valid_messages_are_accepted(void **state)
{
	static const char *const queries[] = {
		UPLYNK_QUERY "msg=" SENT_MSG "&sig=" OWNER_SIG,
		UPLYNK_QUERY "msg=" OWNER_MSG "&sig=" OWNER_SIG,
		UPLYNK_QUERY "sig=" UPPER_SIG "&x=%&msg=" SENT_MSG,
		/* with the line breaks of Python 2 */
		UPLYNK_QUERY
		"msg=eNqrVorPL89LLVKyUlBKTEpOSU0zMDQyNjE1M7ewROcr6SgoxZdk5qYWlyTmFgB1GJqZmVgaGF"
		"ia%0AGtYCAANbFE8%3D%0A&sig=ea8a84f706b083f569f3db0dab07f35fdf949a4525cdca98100b77d9d3d5558c",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++)
		assert_uplynk(queries[i], "", OWNER_TIME, NULL);
	assert_uplynk(UPLYNK_QUERY, OWNER_MSG " " OWNER_SIG, OWNER_TIME, NULL);
	assert_uplynk(UPLYNK_QUERY, OWNER_MSG " " UPPER_SIG, OWNER_TIME, NULL);
}

static void invalid_messages_are_refused(void **state)
{
	static const struct {
		const char *query, *header, *reason;
	} cases[] = {
		{ "", "", AUTH_MISSING },
		{ "msg=" SENT_MSG, "", AUTH_DENIED },
		{ "sig=" OWNER_SIG, "", AUTH_DENIED },
		{ "msg=" SENT_MSG "&sig=", "", AUTH_DENIED },
		{ "msg=&sig=" OWNER_SIG, "", AUTH_DENIED },
		{ "msg=" SENT_MSG "&sig=" OWNER_SIG "&sig=" OWNER_SIG, "", AUTH_DENIED },
		{ "msg=" SENT_MSG "&msg=" SENT_MSG "&sig=" OWNER_SIG, "", AUTH_DENIED },
		{ "msg=" SENT_MSG "%&sig=" OWNER_SIG, "", AUTH_DENIED },
		{ "msg=" SENT_MSG "x&sig=" OWNER_SIG, "", AUTH_MISMATCH },
		{ "msg=x&sig=" OWNER_SIG, "", AUTH_MISMATCH },
		/* a line break is signed as well */
		{ "msg=" SENT_MSG "%0A&sig=" OWNER_SIG, "", AUTH_MISMATCH },
		{ "msg=" SENT_MSG "&sig=x", "", AUTH_MISMATCH },
		{ "msg=" SENT_MSG "&sig=" OWNER_SIG "0", "", AUTH_MISMATCH },
		/* the query takes precedence */
		{ "msg=" SENT_MSG "&sig=x", OWNER_MSG " " OWNER_SIG, AUTH_MISMATCH },
		{ "", OWNER_MSG, AUTH_DENIED },
		{ "", OWNER_MSG "  " OWNER_SIG, AUTH_MISMATCH },
		{ "", OWNER_MSG "," OWNER_SIG, AUTH_DENIED },
		{ "", OWNER_SIG " " OWNER_MSG, AUTH_MISMATCH },
		{ "", "Bearer " OWNER_SIG, AUTH_DENIED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char uri[500];

		snprintf(uri, sizeof(uri), UPLYNK_QUERY "%s", cases[i].query);
		assert_uplynk(uri, cases[i].header, OWNER_TIME, cases[i].reason);
	}
}

static void clock_skew_limits_are_inclusive(void **state)
{
	static const char uri[] = UPLYNK_QUERY "msg=" SENT_MSG "&sig=" OWNER_SIG;
	static const char wrong[] = UPLYNK_QUERY "msg=" SENT_MSG "&sig=" OWNER_MSG;

	(void)state;
	assert_uplynk(uri, "", OWNER_TIME - UPLYNK_SKEW, NULL);
	assert_uplynk(uri, "", OWNER_TIME + UPLYNK_SKEW, NULL);
	assert_uplynk(uri, "", OWNER_TIME - UPLYNK_SKEW - 1, AUTH_SKEWED);
	assert_uplynk(uri, "", OWNER_TIME + UPLYNK_SKEW + 1, AUTH_SKEWED);
	/* the skew is reported only for a correct signature */
	assert_uplynk(wrong, "", OWNER_TIME + UPLYNK_SKEW + 1, AUTH_MISMATCH);
}

/* Without the secret, a response does not reveal if a key exists or what state it has. */
static void key_state_is_reported_only_for_correct_signatures(void **state)
{
	static const char uri[] = UPLYNK_QUERY "msg=" SENT_MSG "&sig=" OWNER_SIG;
	static const char wrong[] = UPLYNK_QUERY "msg=" SENT_MSG "&sig=" OWNER_MSG;
	struct key key;

	(void)state;
	must(key_revoke(store, OWNER, NOW, &err), &err);
	assert_uplynk(uri, "", OWNER_TIME, AUTH_REVOKED);
	assert_uplynk(wrong, "", OWNER_TIME, AUTH_MISMATCH);
	assert_int_equal(purge_keys(NOW + 1), 2); /* and "old" */
	assert_uplynk(uri, "", OWNER_TIME, AUTH_MISMATCH);
	must(key_add(store, OWNER, OWNER_SECRET, TERMS("ann", RIGHT_READ, OWNER_TIME), &key, &err),
		&err);
	assert_uplynk(uri, "", OWNER_TIME - 1, NULL);
	assert_uplynk(uri, "", OWNER_TIME, AUTH_EXPIRED);
	must(user_revoke(store, "ann", &err), &err);
	assert_uplynk(uri, "", OWNER_TIME - 1, AUTH_REVOKED);
}

static void unreadable_key_record_is_503(void **state)
{
	const struct param changes[CHANGES_MAX] = { DIALECT("uplynk"),
		URI(UPLYNK_QUERY "msg=" SENT_MSG "&sig=" OWNER_SIG) };
	struct request request;
	struct response response;

	(void)state;
	fixture_auth_put(store, STORE_SIGNING_KEYS, STR(OWNER), STR("{"));
	fill_request(&request, changes);
	authorize_request(&request, &response);
	assert_int_equal(response.status, 503);
	response_free(&response);
}

/* Both secrets are accepted during the overlap, only the new one after it. */
static void rotated_key_accepts_both_secrets_during_overlap(void **state)
{
	static const char uri[] = UPLYNK_QUERY "msg=" SENT_MSG "&sig=" OWNER_SIG;
	static const char header[] = OWNER_MSG " ";
	char new_sig[UPLYNK_SIG_LEN + 1], text[sizeof(header) + UPLYNK_SIG_LEN];
	const int64_t until = OWNER_TIME + 100;
	struct key key;

	(void)state;
	must(key_rotate(store, OWNER, NULL, until - NOW, NOW, &key, &err), &err);
	assert_string_equal(key.id, OWNER);
	assert_true(uplynk_sign(STR(OWNER_MSG), str_cstr(key.secret), new_sig));
	snprintf(text, sizeof(text), "%s%s", header, new_sig);
	assert_uplynk(uri, "", until - 1, NULL);
	assert_uplynk(UPLYNK_QUERY, text, until - 1, NULL);
	assert_uplynk(uri, "", until, AUTH_MISMATCH);
	assert_uplynk(UPLYNK_QUERY, text, until, NULL);
}

static void key_of_other_dialect_has_no_rights(void **state)
{
	struct credential_terms some = { .user = "ann", .dialects = "idol,native", .created = NOW };
	const struct param changes[CHANGES_MAX] = { DIALECT("uplynk"),
		URI(UPLYNK_QUERY "msg=" SENT_MSG "&sig=" OWNER_SIG) };
	struct request request;
	struct key key;

	(void)state;
	must(key_revoke(store, OWNER, NOW, &err), &err);
	must(key_add(store, OWNER, OWNER_SECRET, &some, &key, &err), &err);
	fill_request(&request, changes);
	request.now = OWNER_TIME;
	assert_accepted(&request, "none", "uplynk");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK_STORED(valid_messages_are_accepted),
		CHECK_STORED(invalid_messages_are_refused),
		CHECK_STORED(clock_skew_limits_are_inclusive),
		CHECK_STORED(key_state_is_reported_only_for_correct_signatures),
		CHECK_STORED(unreadable_key_record_is_503),
		CHECK_STORED(rotated_key_accepts_both_secrets_during_overlap),
		CHECK_STORED(key_of_other_dialect_has_no_rights),
	};

	return CHECK_RUN(tests);
}
