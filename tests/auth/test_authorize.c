/* The authorizer on VirtShell's requests: signatures, bearer tokens, clock skew. */
#include <stdio.h>

#include "auth/auth_fixture.h"
#include "store/auth_table.h"

struct refusal {
	const char *name;
	struct param changes[CHANGES_MAX];
	int status;
	const char *reason;
};

static const struct refusal refusals[] = {
	{ "no credential", { { NULL, NULL } }, MISSING },
	{ "neither header", { { AUTHORIZATION_HEADER, NULL }, { VIRTSHELL_HEADER, NULL } },
		MISSING },
	{ "no colon", { { VIRTSHELL_HEADER, "ann" } }, ACCESS },
	{ "no user", { { VIRTSHELL_HEADER, ":" VECTOR_SIGNATURE } }, ACCESS },
	{ "no signature", { { VIRTSHELL_HEADER, "ann:" } }, ACCESS },
	{ "another scheme", { { AUTHORIZATION_HEADER, "Basic YW5uOng=" } }, ACCESS },
	{ "two joined by a comma",
		{ { VIRTSHELL_HEADER, "ann:" VECTOR_SIGNATURE ", ann:" VECTOR_SIGNATURE } },
		ACCESS },
	{ "unknown user", { { VIRTSHELL_HEADER, "bob:" VECTOR_SIGNATURE } }, SIGNATURE },
	{ "an invalid id", { { VIRTSHELL_HEADER, "b/b:" VECTOR_SIGNATURE } }, SIGNATURE },
	{ "an expired key, wrongly signed", { { VIRTSHELL_HEADER, "old:x" } }, SIGNATURE },
	{ "a signature of another request",
		{ { VIRTSHELL_HEADER, "ann:x81yYTpprLzjXp/M5zTxaYTwhUg=" } }, SIGNATURE },
	{ "a short signature", { { VIRTSHELL_HEADER, "ann:T+TwZlD+qtxigiFzwOkg7qyUl24" } },
		SIGNATURE },
	{ "another method",
		{ { VIRTSHELL_HEADER, "ann:" VECTOR_SIGNATURE }, { "ORIGINAL_METHOD", "PUT" } },
		SIGNATURE },
	{ "another host",
		{ { VIRTSHELL_HEADER, "ann:" VECTOR_SIGNATURE }, { "HTTP_HOST", "localhost" } },
		SIGNATURE },
	{ "another path",
		{ { VIRTSHELL_HEADER, "ann:" VECTOR_SIGNATURE },
			{ "ORIGINAL_URI", "/api/virtshell/v1/tasks" } },
		SIGNATURE },
	{ "the path with other percent-encoding",
		{ { VIRTSHELL_HEADER, "ann:" VECTOR_SIGNATURE },
			{ "ORIGINAL_URI", "/api/virtshell/v1/task%73/" } },
		SIGNATURE },
	{ "another type",
		{ { VIRTSHELL_HEADER, "ann:" VECTOR_SIGNATURE },
			{ "HTTP_CONTENT_TYPE", "text/plain" } },
		SIGNATURE },
	{ "another digest",
		{ { VIRTSHELL_HEADER, "ann:" VECTOR_SIGNATURE }, { "HTTP_CONTENT_MD5", "x" } },
		SIGNATURE },
	{ "the same time in another form",
		{ { VIRTSHELL_HEADER, "ann:" VECTOR_SIGNATURE },
			{ "HTTP_DATE", "Fri, 01 Jul 2011 19:37:58 GMT" } },
		SIGNATURE },
	{ "an expired key", { { VIRTSHELL_HEADER, "old:" VECTOR_SIGNATURE } }, EXPIRED },
	{ "a revoked user's key", { { VIRTSHELL_HEADER, "gone:" VECTOR_SIGNATURE } }, REVOKED },
	{ "no date", { { VIRTSHELL_HEADER, "ann:" VECTOR_SIGNATURE }, { "HTTP_DATE", NULL } },
		SKEWED },
	{ "an empty date", { { VIRTSHELL_HEADER, "ann:" VECTOR_SIGNATURE }, { "HTTP_DATE", "" } },
		SKEWED },
	{ "an unreadable date",
		{ { VIRTSHELL_HEADER, "ann:" VECTOR_SIGNATURE }, { "HTTP_DATE", "today" } },
		SKEWED },
	{ "an old date",
		{ { VIRTSHELL_HEADER, "ann:" VECTOR_SIGNATURE },
			{ "HTTP_DATE", "Fri, 01 Jul 2011 19:22:57 +0000" } },
		SKEWED },
	{ "a future date",
		{ { VIRTSHELL_HEADER, "ann:" VECTOR_SIGNATURE },
			{ "HTTP_DATE", "Fri, 01 Jul 2011 19:52:59 +0000" } },
		SKEWED },
	{ "an unknown token", { { AUTHORIZATION_HEADER, "Bearer pt_x" } }, ACCESS },
	{ "an empty token", { { AUTHORIZATION_HEADER, "Bearer " } }, ACCESS },
	{ "no dialect",
		{ { "POLYTASK_DIALECT", NULL }, { VIRTSHELL_HEADER, "ann:" VECTOR_SIGNATURE } },
		ACCESS },
	{ "an unknown dialect",
		{ { "POLYTASK_DIALECT", "other" }, { VIRTSHELL_HEADER, "ann:" VECTOR_SIGNATURE } },
		ACCESS },
};

static void invalid_credentials_are_refused(void **state)
{
	struct request request;

	(void)state;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		fill_request(&request, refusals[i].changes);
		assert_refused(&request, refusals[i].name, refusals[i].status, refusals[i].reason);
	}
}

static void signature_is_accepted_in_either_header(void **state)
{
	const struct param own[CHANGES_MAX] = { { VIRTSHELL_HEADER, "ann:" VECTOR_SIGNATURE } };
	const struct param standard[CHANGES_MAX] = { { AUTHORIZATION_HEADER,
		"ann:" VECTOR_SIGNATURE } };
	const struct param reader[CHANGES_MAX] = { { VIRTSHELL_HEADER,
		"reader:" VECTOR_SIGNATURE } };
	const struct param query[CHANGES_MAX] = { { VIRTSHELL_HEADER, "ann:" VECTOR_SIGNATURE },
		{ "ORIGINAL_URI", "/api/virtshell/v1/tasks/?a=b" } };
	const struct param omitted[CHANGES_MAX] = { { VIRTSHELL_HEADER, "ann:" VECTOR_SIGNATURE },
		{ "HTTP_CONTENT_TYPE", NULL }, { "HTTP_CONTENT_MD5", NULL },
		{ AUTHORIZATION_HEADER, NULL } };

	(void)state;
	assert_params_accepted(own, "read,write", "virtshell");
	assert_params_accepted(standard, "read,write", "virtshell");
	assert_params_accepted(reader, "read", "virtshell");
	assert_params_accepted(query, "read,write", "virtshell");
	assert_params_accepted(omitted, "read,write", "virtshell");
}

static void bearer_token_is_accepted_by_every_dialect(void **state)
{
	char bearer[100], lower[100];
	const struct param virtshell[CHANGES_MAX] = { { AUTHORIZATION_HEADER, bearer } };
	const struct param native[CHANGES_MAX] = { { AUTHORIZATION_HEADER, bearer },
		{ "POLYTASK_DIALECT", "native" } };
	const struct param undated[CHANGES_MAX] = { { AUTHORIZATION_HEADER, lower },
		{ "HTTP_DATE", NULL } };

	(void)state;
	snprintf(bearer, sizeof(bearer), "Bearer %s", token);
	snprintf(lower, sizeof(lower), "bearer  %s", token);
	assert_params_accepted(virtshell, "read", "virtshell");
	assert_params_accepted(native, "read", "native");
	assert_params_accepted(undated, "read", "virtshell");
}

static void virtshell_header_takes_precedence(void **state)
{
	char bearer[100];
	const struct param wrong[CHANGES_MAX] = { { AUTHORIZATION_HEADER, bearer },
		{ VIRTSHELL_HEADER, "ann:wrong" } };
	const struct param right[CHANGES_MAX] = { { AUTHORIZATION_HEADER, "Bearer pt_x" },
		{ VIRTSHELL_HEADER, "ann:" VECTOR_SIGNATURE } };
	struct request request;

	(void)state;
	snprintf(bearer, sizeof(bearer), "Bearer %s", token);
	fill_request(&request, wrong);
	assert_refused(&request, "both header fields, X-VirtShell-Authorization wrong", SIGNATURE);
	assert_params_accepted(right, "read,write", "virtshell");
}

static void ended_bearer_tokens_are_refused(void **state)
{
	char bearer[100];
	const struct param changes[CHANGES_MAX] = { { AUTHORIZATION_HEADER, bearer } };
	struct request request;

	(void)state;
	snprintf(bearer, sizeof(bearer), "Bearer %s", expired);
	fill_request(&request, changes);
	assert_refused(&request, "expired", EXPIRED);
	snprintf(bearer, sizeof(bearer), "Bearer %s", token);
	assert_params_accepted(changes, "read", "virtshell");
	must(token_revoke(store, "t", NOW, &err), &err);
	fill_request(&request, changes);
	assert_refused(&request, "revoked", REVOKED);
}

static void duplicate_params_are_refused(void **state)
{
	const struct param own[CHANGES_MAX] = { { VIRTSHELL_HEADER, "ann:" VECTOR_SIGNATURE } };
	struct request request;

	(void)state;
	for (size_t i = 0; default_params[i].name; i++) {
		fill_request(&request, own);
		must(request_add_cgi_param(&request, str_cstr(default_params[i].name),
			     request_cgi_param(&request, default_params[i].name), &err),
			&err);
		assert_refused(&request, default_params[i].name, ACCESS);
	}
}

static void clock_skew_limits_are_inclusive(void **state)
{
	const struct param own[CHANGES_MAX] = { { VIRTSHELL_HEADER, "ann:" VECTOR_SIGNATURE } };
	static const int64_t inside[] = { 0, SKEW, -SKEW }, outside[] = { SKEW + 1, -SKEW - 1 };
	struct request request;

	(void)state;
	for (size_t i = 0; i < sizeof(inside) / sizeof(inside[0]); i++) {
		fill_request(&request, own);
		request.now = NOW + inside[i];
		assert_accepted(&request, "read,write", "virtshell");
	}
	for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
		fill_request(&request, own);
		request.now = NOW + outside[i];
		assert_refused(&request, "outside", SKEWED);
	}
}

static void absolute_url_may_be_signed(void **state)
{
	const char *const uri = "http://localhost:8080/api/virtshell/v1/tasks/status/in%20progress";
	const struct signed_request made = { .method = STR("GET"),
		.host = STR("localhost:8080"),
		.date = STR(DATE),
		.resource = str_cstr(uri) };
	char text[SIGNATURE_TEXT_MAX], header[100];
	const struct param http[CHANGES_MAX] = { { VIRTSHELL_HEADER, header },
		{ "ORIGINAL_URI", "/api/virtshell/v1/tasks/status/in%20progress?x=1" } };
	const struct param https[CHANGES_MAX] = { http[0], http[1],
		{ "ORIGINAL_SCHEME", "https" } };
	struct request request;

	(void)state;
	assert_true(signature_make(&made, STR(SECRET), text));
	snprintf(header, sizeof(header), "ann:%s", text);
	assert_params_accepted(http, "read,write", "virtshell");
	fill_request(&request, https);
	assert_refused(&request, "the other scheme", SIGNATURE);
}

/* The old secret is accepted during the overlap, and never without one. */
static void rotated_key_accepts_both_secrets_during_overlap(void **state)
{
	const struct param old[CHANGES_MAX] = { { VIRTSHELL_HEADER, "ann:" VECTOR_SIGNATURE } };
	struct request request;
	struct key key;

	(void)state;
	must(key_rotate(store, "ann", NULL, SKEW, NOW, &key, &err), &err);
	fill_request(&request, old);
	request.now = NOW + SKEW - 1;
	assert_accepted(&request, "read,write", "virtshell");
	request.now = NOW + SKEW;
	assert_refused(&request, "after the overlap", SIGNATURE);
	must(key_rotate(store, "ann", SECRET, SKEW, NOW, &key, &err), &err);
	assert_params_accepted(old, "read,write", "virtshell");
	must(key_rotate(store, "ann", NULL, 0, NOW, &key, &err), &err);
	fill_request(&request, old);
	assert_refused(&request, "without overlap", SIGNATURE);
	must(key_rotate(store, "ann", SECRET, 0, NOW, &key, &err), &err);
	assert_params_accepted(old, "read,write", "virtshell");
	must(key_revoke(store, "ann", NOW, &err), &err);
	fill_request(&request, old);
	assert_refused(&request, "revoked", REVOKED);
	must(key_rotate(store, "reader", NULL, SKEW, NOW, &key, &err), &err);
	must(key_revoke(store, "reader", NOW, &err), &err);
	{
		const struct param reader[CHANGES_MAX] = { { VIRTSHELL_HEADER,
			"reader:" VECTOR_SIGNATURE } };

		fill_request(&request, reader);
		assert_refused(&request, "revoked, signed with the old secret", REVOKED);
	}
}

/* Unknown ids are checked against the dummy secret, so it must never be accepted. */
static void dummy_secret_never_matches(void **state)
{
	const struct signed_request made = { .method = STR("GET"),
		.host = STR("localhost:8080"),
		.date = STR(DATE),
		.resource = STR("/api/virtshell/v1/tasks/") };
	char text[SIGNATURE_TEXT_MAX], header[100], zeros[64];
	const struct param changes[CHANGES_MAX] = { { VIRTSHELL_HEADER, header } };
	struct request request;

	(void)state;
	memset(zeros, '0', sizeof(zeros));
	assert_true(signature_make(&made, (struct str){ zeros, sizeof(zeros) }, text));
	snprintf(header, sizeof(header), "bob:%s", text);
	fill_request(&request, changes);
	assert_refused(&request, "an unknown key with the dummy secret", SIGNATURE);
	/* it also takes the place of a previous secret */
	snprintf(header, sizeof(header), "ann:%s", text);
	fill_request(&request, changes);
	assert_refused(&request, "a known key with the dummy secret", SIGNATURE);
}

static void signed_put_with_digest_and_type_is_accepted(void **state)
{
	static const char uri[] = "/api/virtshell/v1/tasks/a62ad146-ccf4-11e5-9956-625662870761";
	const struct param changes[CHANGES_MAX] = { { VIRTSHELL_HEADER,
							    "ann:x81yYTpprLzjXp/M5zTxaYTwhUg=" },
		{ "ORIGINAL_METHOD", "PUT" }, { "ORIGINAL_URI", uri },
		{ "HTTP_CONTENT_TYPE", "application/json" } };
	struct request request;

	(void)state;
	fill_request(&request, changes);
	for (size_t i = 0; i < request.cgi_param_count; i++) {
		if (str_eq(request.cgi_params[i].name, STR("HTTP_CONTENT_MD5")))
			request.cgi_params[i].value = STR("7M0A4OBKUxRxxXC9BjjOgA==");
	}
	assert_accepted(&request, "read,write", "virtshell");
}

/* Not a refusal: clients and caches would believe it. */
static void unreadable_key_record_is_503(void **state)
{
	const struct param own[CHANGES_MAX] = { { VIRTSHELL_HEADER, "ann:" VECTOR_SIGNATURE } };
	struct request request;
	struct response response;

	(void)state;
	fixture_auth_put(store, STORE_SIGNING_KEYS, STR("ann"), STR("{"));
	fill_request(&request, own);
	authorize_request(&request, &response);
	assert_int_equal(response.status, 503);
	assert_true(has_header(&response, "Retry-After", "1"));
	assert_null(memmem(response.headers.data, response.headers.len, "X-Polytask", 10));
	response_free(&response);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK_STORED(invalid_credentials_are_refused),
		CHECK_STORED(signature_is_accepted_in_either_header),
		CHECK_STORED(bearer_token_is_accepted_by_every_dialect),
		CHECK_STORED(virtshell_header_takes_precedence),
		CHECK_STORED(ended_bearer_tokens_are_refused),
		CHECK_STORED(duplicate_params_are_refused),
		CHECK_STORED(clock_skew_limits_are_inclusive),
		CHECK_STORED(absolute_url_may_be_signed),
		CHECK_STORED(rotated_key_accepts_both_secrets_during_overlap),
		CHECK_STORED(dummy_secret_never_matches),
		CHECK_STORED(signed_put_with_digest_and_type_is_accepted),
		CHECK_STORED(unreadable_key_record_is_503),
	};

	return CHECK_RUN(tests);
}
