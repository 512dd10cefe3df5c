#include <stdio.h>

#include "auth/asking.h"

struct refusal {
	const char *name;
	struct param changes[CHANGES];
	int status;
	const char *reason;
};

static const struct refusal refusals[] = {
	{ "no credential", { { NULL, NULL } }, MISSING },
	{ "neither header", { { STANDARD, NULL }, { X_HEADER, NULL } }, MISSING },
	{ "no colon", { { X_HEADER, "ann" } }, ACCESS },
	{ "no user", { { X_HEADER, ":" MADE } }, ACCESS },
	{ "no signature", { { X_HEADER, "ann:" } }, ACCESS },
	{ "another scheme", { { STANDARD, "Basic YW5uOng=" } }, ACCESS },
	{ "two joined by a comma", { { X_HEADER, "ann:" MADE ", ann:" MADE } }, ACCESS },
	{ "unknown user", { { X_HEADER, "bob:" MADE } }, SIGNATURE },
	{ "what is no id", { { X_HEADER, "b/b:" MADE } }, SIGNATURE },
	{ "an expired key, wrongly signed", { { X_HEADER, "old:x" } }, SIGNATURE },
	{ "a signature of another", { { X_HEADER, "ann:x81yYTpprLzjXp/M5zTxaYTwhUg=" } },
		SIGNATURE },
	{ "a short signature", { { X_HEADER, "ann:T+TwZlD+qtxigiFzwOkg7qyUl24" } }, SIGNATURE },
	{ "another method", { { X_HEADER, "ann:" MADE }, { "ORIGINAL_METHOD", "PUT" } },
		SIGNATURE },
	{ "another host", { { X_HEADER, "ann:" MADE }, { "HTTP_HOST", "localhost" } }, SIGNATURE },
	{ "another path",
		{ { X_HEADER, "ann:" MADE }, { "ORIGINAL_URI", "/api/virtshell/v1/tasks" } },
		SIGNATURE },
	{ "the path in other escapes",
		{ { X_HEADER, "ann:" MADE }, { "ORIGINAL_URI", "/api/virtshell/v1/task%73/" } },
		SIGNATURE },
	{ "another type", { { X_HEADER, "ann:" MADE }, { "HTTP_CONTENT_TYPE", "text/plain" } },
		SIGNATURE },
	{ "another digest", { { X_HEADER, "ann:" MADE }, { "HTTP_CONTENT_MD5", "x" } }, SIGNATURE },
	{ "the same time written otherwise",
		{ { X_HEADER, "ann:" MADE }, { "HTTP_DATE", "Fri, 01 Jul 2011 19:37:58 GMT" } },
		SIGNATURE },
	{ "an expired key", { { X_HEADER, "old:" MADE } }, EXPIRED },
	{ "a revoked user's key", { { X_HEADER, "gone:" MADE } }, REVOKED },
	{ "no date", { { X_HEADER, "ann:" MADE }, { "HTTP_DATE", NULL } }, SKEWED },
	{ "an empty date", { { X_HEADER, "ann:" MADE }, { "HTTP_DATE", "" } }, SKEWED },
	{ "an unreadable date", { { X_HEADER, "ann:" MADE }, { "HTTP_DATE", "today" } }, SKEWED },
	{ "an old date",
		{ { X_HEADER, "ann:" MADE }, { "HTTP_DATE", "Fri, 01 Jul 2011 19:22:57 +0000" } },
		SKEWED },
	{ "a future date",
		{ { X_HEADER, "ann:" MADE }, { "HTTP_DATE", "Fri, 01 Jul 2011 19:52:59 +0000" } },
		SKEWED },
	{ "a token that nobody has", { { STANDARD, "Bearer pt_x" } }, ACCESS },
	{ "no token", { { STANDARD, "Bearer " } }, ACCESS },
	{ "no dialect", { { "POLYTASK_DIALECT", NULL }, { X_HEADER, "ann:" MADE } }, ACCESS },
	{ "an unknown dialect", { { "POLYTASK_DIALECT", "other" }, { X_HEADER, "ann:" MADE } },
		ACCESS },
};

static void everything_else_is_refused(void **state)
{
	struct request request;

	(void)state;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		fill(&request, refusals[i].changes);
		assert_refused(&request, refusals[i].name, refusals[i].status, refusals[i].reason);
	}
}

static void a_signature_in_either_header_is_let_in(void **state)
{
	const struct param own[CHANGES] = { { X_HEADER, "ann:" MADE } };
	const struct param standard[CHANGES] = { { STANDARD, "ann:" MADE } };
	const struct param reader[CHANGES] = { { X_HEADER, "reader:" MADE } };
	const struct param query[CHANGES] = { { X_HEADER, "ann:" MADE },
		{ "ORIGINAL_URI", "/api/virtshell/v1/tasks/?a=b" } };
	const struct param left_out[CHANGES] = { { X_HEADER, "ann:" MADE },
		{ "HTTP_CONTENT_TYPE", NULL }, { "HTTP_CONTENT_MD5", NULL }, { STANDARD, NULL } };

	(void)state;
	let_in(own, "read,write", "virtshell");
	let_in(standard, "read,write", "virtshell");
	let_in(reader, "read", "virtshell");
	let_in(query, "read,write", "virtshell");
	let_in(left_out, "read,write", "virtshell");
}

static void a_bearer_is_let_in_everywhere(void **state)
{
	char bearer[100], lower[100];
	const struct param virtshell[CHANGES] = { { STANDARD, bearer } };
	const struct param native[CHANGES] = { { STANDARD, bearer },
		{ "POLYTASK_DIALECT", "native" } };
	const struct param undated[CHANGES] = { { STANDARD, lower }, { "HTTP_DATE", NULL } };

	(void)state;
	snprintf(bearer, sizeof(bearer), "Bearer %s", token);
	snprintf(lower, sizeof(lower), "bearer  %s", token);
	let_in(virtshell, "read", "virtshell");
	let_in(native, "read", "native");
	let_in(undated, "read", "virtshell");
}

static void the_own_header_wins(void **state)
{
	char bearer[100];
	const struct param wrong[CHANGES] = { { STANDARD, bearer }, { X_HEADER, "ann:wrong" } };
	const struct param right[CHANGES] = { { STANDARD, "Bearer pt_x" },
		{ X_HEADER, "ann:" MADE } };
	struct request request;

	(void)state;
	snprintf(bearer, sizeof(bearer), "Bearer %s", token);
	fill(&request, wrong);
	assert_refused(&request, "both, the own one wrong", SIGNATURE);
	let_in(right, "read,write", "virtshell");
}

static void other_bearers_are_refused(void **state)
{
	char bearer[100];
	const struct param changes[CHANGES] = { { STANDARD, bearer } };
	struct request request;

	(void)state;
	snprintf(bearer, sizeof(bearer), "Bearer %s", expired);
	fill(&request, changes);
	assert_refused(&request, "expired", EXPIRED);
	snprintf(bearer, sizeof(bearer), "Bearer %s", token);
	let_in(changes, "read", "virtshell");
	must(token_revoke(store, "t", NOW, &err), &err);
	fill(&request, changes);
	assert_refused(&request, "revoked", REVOKED);
}

static void nothing_judged_may_stand_twice(void **state)
{
	const struct param own[CHANGES] = { { X_HEADER, "ann:" MADE } };
	struct request request;

	(void)state;
	for (size_t i = 1; ordinary[i].name; i++) {
		fill(&request, own);
		must(request_add_param(&request, str_of(ordinary[i].name),
			     request_param(&request, ordinary[i].name), &err),
			&err);
		assert_refused(&request, ordinary[i].name, ACCESS);
	}
}

static void the_edges_of_the_window_are_inside(void **state)
{
	const struct param own[CHANGES] = { { X_HEADER, "ann:" MADE } };
	static const int64_t inside[] = { 0, SKEW, -SKEW }, outside[] = { SKEW + 1, -SKEW - 1 };
	struct request request;

	(void)state;
	for (size_t i = 0; i < sizeof(inside) / sizeof(inside[0]); i++) {
		fill(&request, own);
		request.now = NOW + inside[i];
		assert_let_in(&request, "read,write", "virtshell");
	}
	for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
		fill(&request, own);
		request.now = NOW + outside[i];
		assert_refused(&request, "outside", SKEWED);
	}
}

static void the_absolute_address_may_be_signed(void **state)
{
	const char *const uri = "http://localhost:8080/api/virtshell/v1/tasks/status/in%20progress";
	const struct signed_request made = { .method = STR("GET"),
		.host = STR("localhost:8080"),
		.date = STR(DATE),
		.resource = str_of(uri) };
	char text[SIGNATURE_TEXT_MAX], header[100];
	const struct param http[CHANGES] = { { X_HEADER, header },
		{ "ORIGINAL_URI", "/api/virtshell/v1/tasks/status/in%20progress?x=1" } };
	const struct param https[CHANGES] = { http[0], http[1], { "ORIGINAL_SCHEME", "https" } };
	struct request request;

	(void)state;
	assert_true(signature_make(&made, STR(SECRET), text));
	snprintf(header, sizeof(header), "ann:%s", text);
	let_in(http, "read,write", "virtshell");
	fill(&request, https);
	assert_refused(&request, "the other scheme", SIGNATURE);
}

/* The old secret signs until its time is over, and not when there is none. */
static void a_rotated_key(void **state)
{
	const struct param old[CHANGES] = { { X_HEADER, "ann:" MADE } };
	struct request request;
	struct key key;

	(void)state;
	must(key_rotate(store, "ann", NULL, SKEW, NOW, &key, &err), &err);
	fill(&request, old);
	request.now = NOW + SKEW - 1;
	assert_let_in(&request, "read,write", "virtshell");
	request.now = NOW + SKEW;
	assert_refused(&request, "when both overlapped", SIGNATURE);
	must(key_rotate(store, "ann", SECRET, SKEW, NOW, &key, &err), &err);
	let_in(old, "read,write", "virtshell");
	must(key_rotate(store, "ann", NULL, 0, NOW, &key, &err), &err);
	fill(&request, old);
	assert_refused(&request, "without overlap", SIGNATURE);
	must(key_rotate(store, "ann", SECRET, 0, NOW, &key, &err), &err);
	let_in(old, "read,write", "virtshell");
	must(key_revoke(store, "ann", NOW, &err), &err);
	fill(&request, old);
	assert_refused(&request, "revoked", REVOKED);
	must(key_rotate(store, "reader", NULL, SKEW, NOW, &key, &err), &err);
	must(key_revoke(store, "reader", NOW, &err), &err);
	{
		const struct param reader[CHANGES] = { { X_HEADER, "reader:" MADE } };

		fill(&request, reader);
		assert_refused(&request, "revoked, by its old secret", REVOKED);
	}
}

/* An unknown id is checked against this secret, which therefore must open nothing. */
static void the_stand_in_key_opens_nothing(void **state)
{
	const struct signed_request made = { .method = STR("GET"),
		.host = STR("localhost:8080"),
		.date = STR(DATE),
		.resource = STR("/api/virtshell/v1/tasks/") };
	char text[SIGNATURE_TEXT_MAX], header[100], zeros[64];
	const struct param changes[CHANGES] = { { X_HEADER, header } };
	struct request request;

	(void)state;
	memset(zeros, '0', sizeof(zeros));
	assert_true(signature_make(&made, (struct str){ zeros, sizeof(zeros) }, text));
	snprintf(header, sizeof(header), "bob:%s", text);
	fill(&request, changes);
	assert_refused(&request, "signed by the stand-in", SIGNATURE);
	/* a known one has no other secret, whose stand-in it is as well */
	snprintf(header, sizeof(header), "ann:%s", text);
	fill(&request, changes);
	assert_refused(&request, "signed by the stand-in of another secret", SIGNATURE);
}

static void a_put_with_digest_and_type_is_let_in(void **state)
{
	static const char uri[] = "/api/virtshell/v1/tasks/a62ad146-ccf4-11e5-9956-625662870761";
	const struct param changes[CHANGES] = { { X_HEADER, "ann:x81yYTpprLzjXp/M5zTxaYTwhUg=" },
		{ "ORIGINAL_METHOD", "PUT" }, { "ORIGINAL_URI", uri },
		{ "HTTP_CONTENT_TYPE", "application/json" } };
	struct request request;

	(void)state;
	fill(&request, changes);
	for (size_t i = 0; i < request.param_count; i++) {
		if (str_eq(request.params[i].name, STR("HTTP_CONTENT_MD5")))
			request.params[i].value = STR("7M0A4OBKUxRxxXC9BjjOgA==");
	}
	assert_let_in(&request, "read,write", "virtshell");
}

/* What cannot be said is never a refusal, which a client or a cache would believe. */
static void a_broken_record_is_503(void **state)
{
	const struct param own[CHANGES] = { { X_HEADER, "ann:" MADE } };
	struct request request;
	struct response response;

	(void)state;
	must(store_put_entry(store, STORE_KEYS, STR("ann"), STR("{"), &err), &err);
	fill(&request, own);
	ask(&request, &response);
	assert_int_equal(response.status, 503);
	assert_true(has_line(&response, "Retry-After", "1"));
	assert_null(memmem(response.head.data, response.head.len, "X-Polytask", 10));
	response_free(&response);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK_STORED(everything_else_is_refused),
		CHECK_STORED(a_signature_in_either_header_is_let_in),
		CHECK_STORED(a_bearer_is_let_in_everywhere),
		CHECK_STORED(the_own_header_wins),
		CHECK_STORED(other_bearers_are_refused),
		CHECK_STORED(nothing_judged_may_stand_twice),
		CHECK_STORED(the_edges_of_the_window_are_inside),
		CHECK_STORED(the_absolute_address_may_be_signed),
		CHECK_STORED(a_rotated_key),
		CHECK_STORED(the_stand_in_key_opens_nothing),
		CHECK_STORED(a_put_with_digest_and_type_is_let_in),
		CHECK_STORED(a_broken_record_is_503),
	};

	return CHECK_RUN(tests);
}
