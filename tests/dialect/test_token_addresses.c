/* The addresses of the token endpoint, in the tables of all dialects. */
#include "dialect/dialect.h"
#include "lib/check.h"

/* The dialect that serves a path; *routed: a route of it has the path. */
static const struct dialect *dialect_of(const char *path, bool *routed)
{
	struct arena arena = { 0 };
	struct request request = { .arena = &arena };
	const struct dialect *found;
	struct err err;
	const struct route *route;
	unsigned allowed;
	size_t skip;

	must(request_add_cgi_param(&request, STR("REQUEST_METHOD"), STR("POST"), &err), &err);
	must(request_add_cgi_param(&request, STR("REQUEST_URI"), str_cstr(path), &err), &err);
	must(request_parse(&request, &err), &err);
	found = dialect_by_path(&request, &skip);
	*routed = found &&
		  route_find(found->routes, &request, skip, &route, &allowed) != ROUTE_NOT_FOUND;
	arena_free(&arena);
	return found;
}

static void check_row(const struct dialect *dialect, const struct token_address *row)
{
	bool routed;
	const struct dialect *found = dialect_of(row->path, &routed);

	assert_true(!found || found == dialect);
	assert_false(routed);
	assert_ptr_equal(dialect_token_address(str_cstr(row->path), &found), row);
	assert_ptr_equal(found, dialect);
	assert_int_equal(row->path[0], '/');
	/* nginx's configuration has the path without quotes, and in a regular expression. */
	assert_int_equal(
		strspn(row->path, "abcdefghijklmnopqrstuvwxyz0123456789/-"), strlen(row->path));
	assert_in_range(row->call, TOKEN_CALL_GRANT, TOKEN_CALL_INFO);
	assert_in_range(row->style, 0, TOKEN_STYLES - 1);
}

static void each_address_is_unique_and_no_route(void **state)
{
	(void)state;
	for (size_t i = 0; dialects[i]; i++) {
		const struct token_address *row = dialects[i]->token_addresses;

		for (; row && row->path; row++)
			check_row(dialects[i], row);
	}
}

static void path_must_be_a_whole_address(void **state)
{
	static const char *const others[] = { "", "/", "/oauth", "/oauth/token/", "/oauth/tokens",
		"/OAuth/token" };
	const struct dialect *found;

	(void)state;
	assert_non_null(dialect_token_address(STR("/oauth/token"), &found));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_null(dialect_token_address(str_cstr(others[i]), &found));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(each_address_is_unique_and_no_route),
		CHECK(path_must_be_a_whole_address),
	};

	return CHECK_RUN(tests);
}
