/*
 * Parses a request. The input has method, target, Accept, user and rights, one per line; the rest
 * is parsed as a form. The result must be within the limits of request.h.
 */
#include "fuzz_input.h"
#include "http/query.h"
#include "http/route.h"

static const struct route routes[] = {
	{ .method = METHOD_GET, .pattern = "/tasks/{id}" },
	{ .method = METHOD_GET, .pattern = "/tasks" },
	{ .method = METHOD_POST, .pattern = "/tasks" },
	{ .method = METHOD_PUT, .pattern = "/{kind}/{id}" },
	{ .method = METHOD_GET, .pattern = "/tasks/status/{status}" },
	{ .method = METHOD_DELETE, .pattern = "/" },
	ROUTE_END,
};

static void check_parsed(const struct request *request)
{
	check(request->uri.len <= REQUEST_URI_MAX && request->path.ptr[0] == '/');
	check(request->segment_count <= REQUEST_SEGMENTS_MAX);
	check(request->query_count <= REQUEST_QUERY_MAX);
	for (size_t i = 0; i < request->segment_count; i++) {
		struct str segment = request->segments[i];

		check(segment.len > 0 && str_is_utf8(segment));
		check(!str_eq(segment, STR(".")) && !str_eq(segment, STR("..")));
		check(!memchr(segment.ptr, '\\', segment.len));
	}
	for (size_t i = 0; i < request->query_count; i++) {
		check(str_is_utf8(request->query[i].name));
		check(str_is_utf8(request->query[i].value));
	}
}

static void find_routes(struct request *request)
{
	for (size_t skip = 0; skip <= request->segment_count; skip++) {
		const struct route *found = NULL;
		struct buf allow = BUF_INIT;
		unsigned allowed = 0;

		switch (route_find(routes, request, skip, &found, &allowed)) {
		case ROUTE_FOUND:
			check(found && request->path_var_count <= REQUEST_PATH_VARS_MAX);
			break;
		case ROUTE_METHOD_NOT_ALLOWED:
			route_write_allow(allowed, &allow);
			check((allowed & 1U << METHOD_OPTIONS) && allow.len > 0);
			break;
		case ROUTE_NOT_FOUND:
			check(allowed == 0);
			break;
		}
		buf_free(&allow);
	}
}

static void split_form(struct str text, struct arena *arena)
{
	struct pair pairs[8];
	size_t count = 0;
	struct err err = { 0 };

	if (query_split(pairs, 8, &count, text, arena, &err))
		check(count <= 8);
	else
		check(count == 0 && (err.code == ERR_MALFORMED || err.code == ERR_TOO_LARGE));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "REQUEST_METHOD", "REQUEST_URI", "HTTP_ACCEPT",
		"REMOTE_USER", "POLYTASK_RIGHTS" };
	struct str rest = { (const char *)data, size };
	struct arena arena = { 0 };
	struct request request = { .arena = &arena };
	struct err err = { 0 };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		check(request_add_cgi_param(&request, str_cstr(names[i]), fuzz_line(&rest), &err));
	check(request_add_cgi_param(&request, STR("POLYTASK_TENANT"), STR("demo"), &err));
	check(request_add_cgi_param(&request, STR("POLYTASK_DIALECT"), STR("*"), &err));
	if (request_parse(&request, &err)) {
		check_parsed(&request);
		find_routes(&request);
	} else {
		check(err.code == ERR_MALFORMED || err.code == ERR_URI_TOO_LONG);
	}
	if (!request_parse_principal(&request, &err))
		check(err.code == ERR_UNAUTHENTICATED);
	(void)request_accepts(&request, "application", "json");
	split_form(rest, &arena);
	arena_free(&arena);
	return 0;
}
