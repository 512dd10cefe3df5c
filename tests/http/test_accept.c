#include "http/request.h"
#include "lib/check.h"

static bool accepts(const char *first, const char *second)
{
	struct request request = { 0 };
	struct err err;

	must(request_add_cgi_param(&request, STR("HTTP_HOST"), STR("text/plain"), &err), &err);
	if (first)
		must(request_add_cgi_param(&request, STR("HTTP_ACCEPT"), str_cstr(first), &err),
			&err);
	if (second)
		must(request_add_cgi_param(&request, STR("HTTP_ACCEPT"), str_cstr(second), &err),
			&err);
	return request_accepts(&request, "application", "json");
}

static const struct {
	const char *header;
	bool accepted;
} rows[] = {
	{ NULL, true },
	{ "", true },
	{ "  ", true },
	{ " , ,", true },
	{ "application/json", true },
	{ "Application/JSON", true },
	{ " application/json ", true },
	{ "application/*", true },
	{ "*/*", true },
	{ "text/html", false },
	{ "text/*", false },
	{ "application/xml", false },
	{ "application/jsonx", false },
	{ "application/vnd.api+json", false },
	{ "text/html,application/json", true },
	{ "text/html, */*;q=0.1", true },
	{ "text/html,,application/json", true },
	/* weights */
	{ "application/json;q=0", false },
	{ "application/json;q=0.0", false },
	{ "application/json;q=0.000", false },
	{ "application/json; q=0.001", true },
	{ "application/json ; Q=1.000", true },
	{ "application/json;q=1", true },
	{ "application/json;q=1.", true },
	{ "*/*;q=0", false },
	{ "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", true },
	{ "application/json;q=.0", false },
	{ "application/json;q=0.33333", true },
	/* the most specific range decides, in whatever order */
	{ "*/*, application/json;q=0", false },
	{ "application/json;q=0, */*", false },
	{ "application/*;q=0, */*", false },
	{ "*/*, application/*;q=0", false },
	{ "application/*;q=0, application/json", true },
	{ "application/json, application/*;q=0, */*;q=0", true },
	{ "*/*;q=0, application/json;q=0.5", true },
	/* parameters are accepted and ignored */
	{ "application/json;charset=utf-8", true },
	{ "application/json;charset=utf-8;q=0", false },
	{ "application/json;v=\"1,2;q=0\"", true },
	{ "application/json;v=\"a\\\",text/html\";q=0", false },
	{ "application/json;v=2;q=0, application/json", true },
	{ "application/json, application/json;v=2;q=0", true },
	{ "application/json;", true },
	{ "application/json;q", true },
	/* invalid ranges are ignored; without a valid one nothing is accepted */
	{ "garbage", false },
	{ "application", false },
	{ "application/", false },
	{ "/json", false },
	{ "*", false },
	{ "*/json", false },
	{ "application/json/x", false },
	{ "app lication/json", false },
	{ "application/json;q=2", false },
	{ "application/json;q=1.5", false },
	{ "application/json;q=x", false },
	{ "application/json;q=", false },
	{ "application/json;q=.", false },
	{ "application/json;q=-1", false },
	{ "application/json;q=00", false },
	{ "application/json;q=0..1", false },
	{ "garbage, application/json", true },
	{ "application/json;q=x, */*", true },
	{ "\"application/json", false },
	{ "application/json;a=\"\\", true },
};

static void accept_allows_or_refuses(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (accepts(rows[i].header, NULL) != rows[i].accepted)
			fail_msg("Accept: %s", rows[i].header ? rows[i].header : "(absent)");
	}
}

static void repeated_fields_form_one_list(void **state)
{
	(void)state;
	assert_true(accepts("text/html", "application/json"));
	assert_true(accepts("application/json", "text/html"));
	assert_false(accepts("application/json;q=0", "*/*"));
	assert_false(accepts("text/html", ""));
}

static const struct {
	const char *header;
	unsigned weight;
	bool named;
} weights[] = {
	{ NULL, 1000, false },
	{ "", 1000, false },
	{ "text/html", 0, false },
	{ "*/*", 1000, false },
	{ "*/*;q=0.5", 500, false },
	{ "application/*;q=0.25", 250, false },
	{ "application/json", 1000, true },
	{ "application/json;q=1.000", 1000, true },
	{ "application/json;q=1.", 1000, true },
	{ "application/json;q=.2", 200, true },
	{ "application/json;q=0.9", 900, true },
	{ "application/json;q=0.901", 901, true },
	{ "application/json;q=0.9019", 901, true },
	{ "application/json;q=0.0001", 1, true },
	{ "application/json;q=0", 0, true },
	{ "application/json;q=0, */*", 0, true },
	{ "application/json;q=0.3, */*", 300, true },
	{ "*/*, application/json;q=0.3", 300, true },
	{ "application/json;v=1;q=0.3, application/json;q=0.7, application/json;v=2;q=0.1", 700,
		true },
	{ "application/json;q=2", 0, false },
};

static void weight_is_that_of_the_most_specific_range(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(weights) / sizeof(weights[0]); i++) {
		struct request request = { 0 };
		struct err err;
		bool named;

		if (weights[i].header)
			must(request_add_cgi_param(&request, STR("HTTP_ACCEPT"),
				     str_cstr(weights[i].header), &err),
				&err);
		if (request_accept_weight(&request, "application", "json", &named) !=
				weights[i].weight ||
			named != weights[i].named)
			fail_msg("Accept: %s", weights[i].header ? weights[i].header : "(absent)");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(accept_allows_or_refuses),
		CHECK(repeated_fields_form_one_list),
		CHECK(weight_is_that_of_the_most_specific_range),
	};

	return CHECK_RUN(tests);
}
