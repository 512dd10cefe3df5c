#include "serve/routing.h"

#include <ctype.h>
#include <stdio.h>

void routing_find_dialect(struct exchange *exchange, bool parsed, size_t *skip)
{
	const struct request *request = &exchange->request;

	exchange->dialect = parsed ? dialect_by_path(request, skip)
				   : protocol_by_name(
					     request_cgi_param(request, "POLYTASK_DIALECT"));
}

bool routing_set_base_url(const struct app *app, struct request *request, struct err *err)
{
	const char *public_url = app->options.public_url;
	struct str scheme = request_cgi_param(request, "REQUEST_SCHEME");
	struct str host = request_cgi_param(request, "HTTP_HOST");
	char text[300];
	int len;

	request->base_url = str_cstr(public_url ? public_url : "");
	if (request->base_url.len > 0 || host.len == 0 || host.len > 255)
		return true;
	for (size_t i = 0; i < host.len; i++) {
		if (!isalnum((unsigned char)host.ptr[i]) && !strchr("-._:[]", host.ptr[i]))
			return true;
	}
	len = snprintf(text, sizeof(text), "%s://%.*s",
		str_eq(scheme, STR("http")) ? "http" : "https", STR_ARGS(host));
	request->base_url = arena_copy(request->arena, (struct str){ text, (size_t)len });
	return request->base_url.ptr || err_no_memory(err);
}

/* A Location with a credential would be kept in logs and histories. */
static bool query_has_credential(const struct dialect *dialect, const struct request *request)
{
	const struct credential_source *sources = dialect->auth->sources;

	for (size_t i = 0; i < AUTH_SOURCES_MAX; i++) {
		if (sources[i].kind == SOURCE_QUERY &&
			request_query_param(request, sources[i].name).ptr)
			return true;
		if (sources[i].kind == SOURCE_UPLYNK_QUERY &&
			(request_query_param(request, "msg").ptr ||
				request_query_param(request, "sig").ptr))
			return true;
	}
	return false;
}

/* The path without the slashes at its end, as sent. */
static struct str bare_path(const struct request *request)
{
	struct str path = request->path;

	while (path.len > 1 && path.ptr[path.len - 1] == '/')
		path.len--;
	return path;
}

/* Redirects to the same URI without the trailing slash, query included. */
static bool redirect(struct exchange *exchange, struct err *err)
{
	struct request *request = &exchange->request;
	struct str query = str_skip(request->uri, request->path.len);
	struct buf target = BUF_INIT;
	bool ok;

	buf_put_str(&target, request->base_url);
	buf_put_str(&target, bare_path(request));
	buf_put_str(&target, query);
	response_add_header(&exchange->response, "Location", buf_str(&target));
	exchange->response.status = 307;
	exchange->route = NULL;
	ok = buf_ok(&target);
	buf_free(&target);
	return ok || err_no_memory(err);
}

/* The media types that the methods of this path take. */
static void add_body_types(struct exchange *exchange, size_t skip, unsigned allowed)
{
	const struct dialect *dialect = exchange->dialect;
	const struct route *post = route_of_method(
		dialect->routes, &exchange->request, skip, METHOD_POST);
	const char *types = post && post->post_types ? post->post_types : dialect->post_types;

	/* RFC 5789 §3.1 */
	if ((allowed & 1U << METHOD_PATCH) && dialect->patch_types)
		response_add_header(
			&exchange->response, "Accept-Patch", str_cstr(dialect->patch_types));
	/* Linked Data Platform 1.0, §7.1 */
	if (post && types)
		response_add_header(&exchange->response, "Accept-Post", str_cstr(types));
}

/* Adds Allow with the methods of this path, then answers OPTIONS or reports the wrong method. */
static bool answer_methods(
	struct exchange *exchange, size_t skip, unsigned allowed, struct err *err)
{
	struct buf allow = BUF_INIT;
	struct str methods;
	bool ok;

	exchange->route = NULL;
	route_write_allow(allowed, &allow);
	response_add_header(&exchange->response, "Allow", buf_str(&allow));
	methods = arena_copy(exchange->request.arena, buf_str(&allow));
	ok = buf_ok(&allow) && methods.ptr;
	buf_free(&allow);
	if (!ok)
		return err_no_memory(err);
	if (exchange->request.method == METHOD_OPTIONS) {
		add_body_types(exchange, skip, allowed);
		exchange->response.status = 204;
		return true;
	}
	err_set(err, exchange->dialect->method_error, NULL, NULL);
	err->detail = methods;
	return false;
}

/*
 * Whether the dialect has an address of this form at all. Also sets *redirects if it is that of
 * another one with slashes at its end.
 */
static bool check_slashes(
	const struct dialect *dialect, const struct request *request, bool *redirects)
{
	struct str bare = bare_path(request);

	*redirects = false;
	if (dialect->trailing_slash == SLASH_REDIRECT) {
		*redirects = request->trailing_slash && !query_has_credential(dialect, request);
		return dialect->merges_slashes || !memmem(bare.ptr, bare.len, "//", 2);
	}
	return (dialect->merges_slashes || !request->empty_segments) &&
	       (dialect->trailing_slash == SLASH_IGNORE || !request->trailing_slash);
}

bool routing_find_route(struct exchange *exchange, size_t skip, struct err *err)
{
	const struct dialect *dialect = exchange->dialect;
	struct request *request = &exchange->request;
	enum route_match match = ROUTE_NOT_FOUND;
	unsigned allowed = 0;
	bool redirects;

	if (check_slashes(dialect, request, &redirects))
		match = route_find(dialect->routes, request, skip, &exchange->route, &allowed);
	if (match != ROUTE_NOT_FOUND && redirects)
		return redirect(exchange, err);
	if (match == ROUTE_FOUND)
		return true;
	if (match == ROUTE_METHOD_NOT_ALLOWED)
		return answer_methods(exchange, skip, allowed, err);
	exchange->route = NULL;
	/* An unknown method is reported before an unknown path. */
	return err_set(err, request->method == METHOD_OTHER ? dialect->method_error : ERR_NO_ROUTE,
		NULL, NULL);
}
