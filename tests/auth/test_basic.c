/* Basic authentication (RFC 7617): a user's name and one of its tokens. */
#include <sodium.h>
#include <stdio.h>

#include "auth/auth_fixture.h"
#include "auth/user.h"

static const struct auth_policy policy = {
	.sources = { { .kind = SOURCE_BEARER }, { .kind = SOURCE_BASIC } },
	.refusal_status = 401,
	.refusals = (const struct auth_refusal[]){ { NULL,
		.challenge = "Basic realm=\"polytask\"" } },
};

/* reason NULL: accepted. */
static void assert_outcome(const char *header, const char *reason)
{
	const struct param changes[CHANGES_MAX] = { DIALECT("native"),
		{ AUTHORIZATION_HEADER, header } };
	struct request request;
	struct response response = { 0 };

	fill_request(&request, changes);
	log_entry = (struct auth_log_entry){ 0 };
	must(authorize(store, &policy, SKEW, &request, &response, &log_entry, &err), &err);
	if (response.status != (reason ? 401 : 204) ||
		(reason && !has_header(&response, "X-Polytask-Reason", reason)))
		fail_msg("%s: %d %.*s", header, response.status,
			STR_ARGS(buf_str(&response.headers)));
	if (reason)
		assert_true(has_header(&response, "WWW-Authenticate", "Basic realm=\"polytask\""));
	else
		assert_true(has_header(&response, "X-Polytask-User", ann.id));
	response_free(&response);
}

/* The bytes of the credential, in base64 behind the scheme. */
static const char *encode(const char *scheme, const void *bytes, size_t len)
{
	static char header[8192];
	size_t at = (size_t)snprintf(header, sizeof(header), "%s ", scheme);

	sodium_bin2base64(
		header + at, sizeof(header) - at, bytes, len, sodium_base64_VARIANT_ORIGINAL);
	return header;
}

static const char *pair(const char *scheme, const char *user, const char *password)
{
	char text[4096];
	int len = snprintf(text, sizeof(text), "%s:%s", user, password);

	assert_in_range(len, 0, sizeof(text) - 1);
	return encode(scheme, text, (size_t)len);
}

static void name_and_token_are_accepted(void **state)
{
	(void)state;
	assert_outcome(pair("Basic", "ann", token), NULL);
	assert_string_equal(log_entry.credential, "basic");
	assert_outcome(pair("basic", "ann", token), NULL);
	assert_outcome(pair("BASIC ", "Ann", token), NULL);
}

static void token_must_be_of_the_user(void **state)
{
	static const char *const names[] = { "bob", "an", "annn", "ann ", " ann", "a", "", "reader",
		"\xC3\xA9", "ann:ann" };
	char text[AUTH_TOKEN_MAX], long_name[600];

	(void)state;
	add_user("bob", RIGHT_READ);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_outcome(pair("Basic", names[i], token), AUTH_DENIED);
	memset(long_name, 'a', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	assert_outcome(pair("Basic", long_name, token), AUTH_DENIED);
	must(token_add(store, "b", TERMS("bob", 0, 0), text, &err), &err);
	assert_outcome(pair("Basic", "ann", text), AUTH_DENIED);
	assert_outcome(pair("Basic", "ann", "pt_x"), AUTH_DENIED);
	assert_outcome(pair("Basic", "ann", ann.id), AUTH_DENIED);
}

/* Only with the right name, so that a guess of names learns nothing about a token. */
static void owner_learns_that_the_token_has_ended(void **state)
{
	(void)state;
	add_user("bob", RIGHT_READ);
	assert_outcome(pair("Basic", "ann", expired), AUTH_EXPIRED);
	assert_outcome(pair("Basic", "bob", expired), AUTH_DENIED);
	must(user_revoke(store, "ann", &err), &err);
	assert_outcome(pair("Basic", "ann", token), AUTH_REVOKED);
	assert_outcome(pair("Basic", "bob", token), AUTH_DENIED);
}

static void malformed_credentials_are_refused(void **state)
{
	static const char *const headers[] = { "Basic", "Basic ", "basic\t",
		"Basic :", "Basic =", "Basic YW5u",
		"Basic YW5uOg==", "Basic OnB0X3g=", "Basic YW5uOnB0X3g", "Basic *",
		"Basic YW5uOnB0X3g= x", "Basic YW5u OnB0X3g=", "Basic YW5uOnB0X3h=" };
	char text[200];
	int len;

	(void)state;
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		assert_outcome(headers[i], AUTH_DENIED);
		if (strcmp(headers[i], "Basic YW5uOnB0X3g=") != 0)
			assert_string_equal(log_entry.credential, "malformed");
	}
	len = snprintf(text, sizeof(text), "ann:%s", token);
	text[len++] = '\0';
	assert_outcome(encode("Basic", text, (size_t)len), AUTH_DENIED);
	assert_string_equal(log_entry.credential, "malformed");
	text[len - 1] = '\xFF';
	assert_outcome(encode("Basic", text, (size_t)len), AUTH_DENIED);
	assert_string_equal(log_entry.credential, "malformed");
}

/* Neither is the other's, and another scheme is no credential. */
static void basic_token_is_no_bearer_token(void **state)
{
	char bearer[100];

	(void)state;
	snprintf(bearer, sizeof(bearer), "Bearer %s", token);
	assert_outcome(bearer, NULL);
	assert_outcome(pair("Bearer", "ann", token), AUTH_DENIED);
	assert_outcome(pair("Digest", "ann", token), AUTH_MISSING);
	assert_outcome(pair("Basicx", "ann", token), AUTH_MISSING);
	assert_outcome("", AUTH_MISSING);
}

/* Dialects that do not offer it take it as no credential. */
static void other_dialects_do_not_accept_it(void **state)
{
	const struct param changes[CHANGES_MAX] = { DIALECT("native"),
		{ AUTHORIZATION_HEADER, pair("Basic", "ann", token) } };
	struct request request;

	(void)state;
	fill_request(&request, changes);
	assert_refused(&request, "native", 401, AUTH_MISSING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK_STORED(name_and_token_are_accepted),
		CHECK_STORED(token_must_be_of_the_user),
		CHECK_STORED(owner_learns_that_the_token_has_ended),
		CHECK_STORED(malformed_credentials_are_refused),
		CHECK_STORED(basic_token_is_no_bearer_token),
		CHECK_STORED(other_dialects_do_not_accept_it),
	};

	return CHECK_RUN(tests);
}
