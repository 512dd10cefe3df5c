#include "http/route.h"
#include "lib/check.h"

enum {
	LIST,
	CREATE,
	READ,
	UPDATE,
	BY_STATUS,
	STATUS_MISSING,
	SUB,
	SUB_LITERAL,
	PUT_STATUS,
	OWN_HEAD,
	ROOT,
	FOUR,
	FIVE,
};

/* Rows with variables come first: the order must carry no meaning. */
static const struct route routes[] = {
	[READ] = { .method = METHOD_GET, .pattern = "/tasks/{id}" },
	[UPDATE] = { .method = METHOD_PUT, .pattern = "/tasks/{id}" },
	[LIST] = { .method = METHOD_GET, .pattern = "/tasks" },
	[CREATE] = { .method = METHOD_POST, .pattern = "/tasks" },
	[BY_STATUS] = { .method = METHOD_GET, .pattern = "/tasks/status/{status}" },
	[STATUS_MISSING] = { .method = METHOD_GET, .pattern = "/tasks/status" },
	[SUB] = { .method = METHOD_GET, .pattern = "/{kind}/x/{c}" },
	[SUB_LITERAL] = { .method = METHOD_GET, .pattern = "/a/{b}/{c}" },
	[PUT_STATUS] = { .method = METHOD_DELETE, .pattern = "/{any}/status" },
	[OWN_HEAD] = { .method = METHOD_HEAD, .pattern = "/tasks" },
	[ROOT] = { .method = METHOD_PATCH, .pattern = "/" },
	[FOUR] = { .method = METHOD_GET, .pattern = "/four/{a}/{b}/{c}/{d}" },
	[FIVE] = { .method = METHOD_GET, .pattern = "/five/{a}/{b}/{c}/{d}/{e}" },
	ROUTE_END,
};

static void parse(struct request *request, struct arena *arena, const char *method, const char *uri)
{
	struct err err;

	*request = (struct request){ .arena = arena };
	must(request_add_cgi_param(request, STR("REQUEST_METHOD"), str_cstr(method), &err), &err);
	must(request_add_cgi_param(request, STR("REQUEST_URI"), str_cstr(uri), &err), &err);
	must(request_parse(request, &err), &err);
}

static const struct {
	const char *method, *uri;
	int row;
	size_t vars;
	const char *name, *value;
} matches[] = {
	{ "GET", "/p/tasks", LIST, 0, NULL, NULL },
	{ "GET", "/p/tasks/", LIST, 0, NULL, NULL },
	{ "POST", "/p/tasks", CREATE, 0, NULL, NULL },
	{ "HEAD", "/p/tasks", OWN_HEAD, 0, NULL, NULL },
	{ "GET", "/p/tasks/7", READ, 1, "id", "7" },
	{ "HEAD", "/p/tasks/7", READ, 1, "id", "7" },
	{ "PUT", "/p/tasks/7", UPDATE, 1, "id", "7" },
	{ "GET", "/p/tasks/a%2Fb", READ, 1, "id", "a/b" },
	{ "GET", "/p/tasks/{id}", READ, 1, "id", "{id}" },
	{ "GET", "/p/%74asks/7", READ, 1, "id", "7" },
	{ "GET", "/p/tasks/status", STATUS_MISSING, 0, NULL, NULL },
	{ "PUT", "/p/tasks/status", UPDATE, 1, "id", "status" },
	{ "DELETE", "/p/tasks/status", PUT_STATUS, 1, "any", "tasks" },
	{ "GET", "/p/tasks/status/in%20progress", BY_STATUS, 1, "status", "in progress" },
	{ "GET", "/p/a/x/1", SUB_LITERAL, 2, "b", "x" },
	{ "GET", "/p/b/x/1", SUB, 2, "c", "1" },
	{ "PATCH", "/p", ROOT, 0, NULL, NULL },
	{ "GET", "/p/four/1/2/3/4", FOUR, 4, "d", "4" },
};

static void matching_row_is_found(void **state)
{
	struct arena arena = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(matches) / sizeof(matches[0]); i++) {
		const struct route *found = NULL;
		struct request request;
		unsigned allowed = 99;

		parse(&request, &arena, matches[i].method, matches[i].uri);
		assert_int_equal(route_find(routes, &request, 1, &found, &allowed), ROUTE_FOUND);
		if (found != &routes[matches[i].row])
			fail_msg("%s %s found %s", matches[i].method, matches[i].uri,
				found->pattern);
		assert_int_equal(request.path_var_count, matches[i].vars);
		if (matches[i].name)
			assert_str(request_path_var(&request, matches[i].name), matches[i].value);
		assert_null(request_path_var(&request, "absent").ptr);
	}
	arena_free(&arena);
}

static void other_paths_are_not_found(void **state)
{
	static const char *const rows[] = {
		"/p/task",
		"/p/TASKS",
		"/p/tasksx",
		"/p/tasks/1/2",
		"/p/tasks/status/a/b",
		"/p/tasks%2F7",
		"/p/tasks%2F{id}",
		"/p/tasks%2Fstatus",
		"/p/tasksx/7",
		"/p/four/1/2/3",
		"/p/five/1/2/3/4/5",
	};
	struct arena arena = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct route *found = NULL;
		struct request request;
		unsigned allowed = 99;

		parse(&request, &arena, "GET", rows[i]);
		assert_int_equal(
			route_find(routes, &request, 1, &found, &allowed), ROUTE_NOT_FOUND);
		assert_null(found);
		assert_int_equal(allowed, 99);
	}
	arena_free(&arena);
}

static void other_methods_are_not_allowed(void **state)
{
	static const struct {
		const char *method, *uri, *allow;
	} rows[] = {
		{ "DELETE", "/p/tasks", "GET, HEAD, POST, OPTIONS" },
		{ "OPTIONS", "/p/tasks", "GET, HEAD, POST, OPTIONS" },
		{ "BREW", "/p/tasks/7", "GET, HEAD, PUT, OPTIONS" },
		{ "get", "/p/tasks/7", "GET, HEAD, PUT, OPTIONS" },
		{ "POST", "/p/tasks/status", "GET, HEAD, PUT, DELETE, OPTIONS" },
		{ "HEAD", "/p/", "PATCH, OPTIONS" },
		{ "POST", "/p/a/x/1", "GET, HEAD, OPTIONS" },
	};
	struct arena arena = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct route *found = NULL;
		struct buf allow = BUF_INIT;
		struct request request;
		unsigned allowed = 0;

		parse(&request, &arena, rows[i].method, rows[i].uri);
		assert_int_equal(route_find(routes, &request, 1, &found, &allowed),
			ROUTE_METHOD_NOT_ALLOWED);
		assert_null(found);
		assert_int_equal(request.path_var_count, 0);
		route_write_allow(allowed, &allow);
		assert_str(buf_str(&allow), rows[i].allow);
		buf_free(&allow);
	}
	arena_free(&arena);
}

static void prefix_is_skipped(void **state)
{
	const struct route *found = NULL;
	struct arena arena = { 0 };
	struct request request;
	unsigned allowed;

	(void)state;
	parse(&request, &arena, "GET", "/api/virtshell/v1/tasks/7");
	assert_int_equal(route_find(routes, &request, 3, &found, &allowed), ROUTE_FOUND);
	assert_ptr_equal(found, &routes[READ]);
	assert_int_equal(route_find(routes, &request, 0, &found, &allowed), ROUTE_NOT_FOUND);
	assert_int_equal(route_find(routes, &request, 9, &found, &allowed), ROUTE_NOT_FOUND);
	arena_free(&arena);
}

static void last_segment_of_a_long_path_decides(void **state)
{
	static const struct route deep[] = {
		{ .method = METHOD_GET, .pattern = "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/{last}" },
		{ .method = METHOD_GET, .pattern = "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16" },
		ROUTE_END,
	};
	const struct route *found = NULL;
	struct arena arena = { 0 };
	struct request request;
	unsigned allowed;

	(void)state;
	parse(&request, &arena, "GET", deep[1].pattern);
	assert_int_equal(route_find(deep, &request, 0, &found, &allowed), ROUTE_FOUND);
	assert_ptr_equal(found, &deep[1]);
	parse(&request, &arena, "GET", "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/x");
	assert_int_equal(route_find(deep, &request, 0, &found, &allowed), ROUTE_FOUND);
	assert_ptr_equal(found, &deep[0]);
	assert_str(request_path_var(&request, "last"), "x");
	arena_free(&arena);
}

static void empty_segments_are_left_out(void **state)
{
	static const struct {
		const char *uri;
		size_t count;
		bool empty, trailing_slash;
	} rows[] = {
		{ "/a/b", 2, false, false },
		{ "/a/b/", 2, false, true },
		{ "/a//b", 2, true, false },
		{ "//a/b", 2, true, false },
		{ "/a/b//", 2, true, true },
		{ "/a//b?c=//", 2, true, false },
		{ "/a/b?c=//", 2, false, false },
		{ "//", 0, true, true },
	};
	struct arena arena = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct request request;

		parse(&request, &arena, "GET", rows[i].uri);
		assert_int_equal(request.segment_count, rows[i].count);
		assert_int_equal(request.empty_segments, rows[i].empty);
		assert_int_equal(request.trailing_slash, rows[i].trailing_slash);
	}
	arena_free(&arena);
}

/* GET is a read with any right, so that no method has to be looked up by its address for it. */
static void reads_are_get_and_what_needs_the_right_to_read(void **state)
{
	static const struct {
		enum method method;
		unsigned right;
		bool is_read;
	} rows[] = {
		{ METHOD_GET, RIGHT_READ, true },
		{ METHOD_GET, RIGHT_ADMIN, true },
		{ METHOD_POST, RIGHT_READ, true },
		{ METHOD_POST, RIGHT_WRITE, false },
		{ METHOD_POST, RIGHT_ADMIN, false },
		{ METHOD_DELETE, RIGHT_WRITE, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct route row = { .method = rows[i].method, .right = rows[i].right };

		assert_int_equal(route_is_read(&row), rows[i].is_read);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(empty_segments_are_left_out),
		CHECK(matching_row_is_found),
		CHECK(other_paths_are_not_found),
		CHECK(other_methods_are_not_allowed),
		CHECK(prefix_is_skipped),
		CHECK(last_segment_of_a_long_path_decides),
		CHECK(reads_are_get_and_what_needs_the_right_to_read),
	};

	return CHECK_RUN(tests);
}
