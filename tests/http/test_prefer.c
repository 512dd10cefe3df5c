#include "http/prefer.h"
#include "lib/check.h"

static struct request prefer(const char *first, const char *second)
{
	struct request request = { 0 };
	struct err err;

	must(request_add_cgi_param(&request, STR("HTTP_HOST"), STR("wait=9"), &err), &err);
	if (first)
		must(request_add_cgi_param(&request, STR("HTTP_PREFER"), str_cstr(first), &err),
			&err);
	if (second)
		must(request_add_cgi_param(&request, STR("HTTP_PREFER"), str_cstr(second), &err),
			&err);
	return request;
}

static const struct {
	const char *first, *second;
	enum prefer_return wanted;
} returns[] = {
	{ NULL, NULL, PREFER_NO_RETURN },
	{ "return=minimal", NULL, PREFER_MINIMAL },
	{ "Return = \"MINIMAL\"; a=b", NULL, PREFER_MINIMAL },
	{ "wait=5, respond-async, return=minimal", NULL, PREFER_MINIMAL },
	{ "=,;, return=minimal, return=representation", NULL, PREFER_MINIMAL },
	{ "wait=5", "return=minimal", PREFER_MINIMAL },
	{ "return=representation", NULL, PREFER_REPRESENTATION },
	{ "return=\"Representation\"", NULL, PREFER_REPRESENTATION },
	{ "return=representation, return=minimal", NULL, PREFER_REPRESENTATION },
	{ "return=representation", "return=minimal", PREFER_REPRESENTATION },
	{ "return=none, return=minimal", NULL, PREFER_NO_RETURN },
	{ "", NULL, PREFER_NO_RETURN },
	{ "return", NULL, PREFER_NO_RETURN },
	{ "return=", NULL, PREFER_NO_RETURN },
	{ "return=\"", NULL, PREFER_NO_RETURN },
	{ "minimal", NULL, PREFER_NO_RETURN },
	{ "returns=minimal", NULL, PREFER_NO_RETURN },
	{ "x=\"a, return=minimal, b\"", NULL, PREFER_NO_RETURN },
	{ "x; return=minimal", NULL, PREFER_NO_RETURN },
	{ "return=minimal2", NULL, PREFER_NO_RETURN },
};

static void return_is_parsed(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(returns) / sizeof(returns[0]); i++) {
		struct request request = prefer(returns[i].first, returns[i].second);

		if (request_prefer_return(&request) != returns[i].wanted)
			fail_msg("%s", returns[i].first);
	}
}

/* seconds 0: the request does not wait. */
static const struct {
	const char *first, *second;
	unsigned seconds;
} waits[] = {
	{ NULL, NULL, 0 },
	{ "", NULL, 0 },
	{ "wait=1", NULL, 1 },
	{ "wait=49", NULL, 49 },
	{ "wait=50", NULL, 50 },
	{ "wait=51", NULL, 50 },
	{ "wait=10", NULL, 10 },
	{ "WAIT=10", NULL, 10 },
	{ "wait=\"10\"", NULL, 10 },
	{ "wait = \t\"10\"", NULL, 10 },
	{ " \twait=10 ", NULL, 10 },
	{ "wait=010", NULL, 10 },
	{ "wait=10;x", NULL, 10 },
	{ "wait=10; wait=20", NULL, 10 },
	{ "wait=10 ; x = \"1;2\"", NULL, 10 },
	{ "return=minimal, wait=10", NULL, 10 },
	{ "respond-async,wait=10,,", NULL, 10 },
	{ "x=\"\\\"\", wait=10", NULL, 10 },
	{ "x=\"a, wait=3\", wait=10", NULL, 10 },
	{ "respond-async", "wait=10", 10 },
	{ "wait=10", "wait=20", 10 },
	{ "wait=10, wait=20", NULL, 10 },
	{ "wait=4294967297", NULL, 50 },
	{ "wait=18446744073709551617", NULL, 50 },
	{ "wait=99999999999999999999999999999999999999999999", NULL, 50 },
	{ "wait=0", NULL, 0 },
	{ "wait=000", NULL, 0 },
	{ "wait=0, wait=10", NULL, 0 },
	{ "wait=-1", NULL, 0 },
	{ "wait=+1", NULL, 0 },
	{ "wait=1.5", NULL, 0 },
	{ "wait=1e1", NULL, 0 },
	{ "wait=0x10", NULL, 0 },
	{ "wait=1 2", NULL, 0 },
	{ "wait=\" 10\"", NULL, 0 },
	{ "wait=\"10", NULL, 0 },
	{ "wait=10\"", NULL, 0 },
	{ "wait=\"\"", NULL, 0 },
	{ "wait='10'", NULL, 0 },
	{ "wait=", NULL, 0 },
	{ "wait", NULL, 0 },
	{ "wait, wait=10", NULL, 0 },
	{ "wait", "wait=10", 0 },
	{ "wait;=10", NULL, 0 },
	{ "wait==10", NULL, 0 },
	{ "waits=10", NULL, 0 },
	{ "no wait=10", NULL, 0 },
	{ "x; wait=10", NULL, 0 },
	{ "x=\"wait=10, wait=10", NULL, 0 },
	{ "\"wait\"=10", NULL, 0 },
};

static void wait_is_parsed(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		struct request request = prefer(waits[i].first, waits[i].second);
		unsigned seconds = 0;

		if (request_prefer_wait(&request, &seconds) != (waits[i].seconds > 0) ||
			seconds != waits[i].seconds)
			fail_msg("%s: %u", waits[i].first, seconds);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(return_is_parsed),
		CHECK(wait_is_parsed),
	};

	return CHECK_RUN(tests);
}
