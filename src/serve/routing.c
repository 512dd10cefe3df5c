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

/* Redirects to the same URI without the trailing slash, query included. */
static bool redirect(struct exchange *exchange, struct err *err)
{
	struct request *request = &exchange->request;
	struct str query = str_skip(request->uri, request->path.len);
	struct buf target = BUF_INIT;
	bool ok;

	buf_put_str(&target, request->base_url);
	buf_put(&target, request->path.ptr, request->path.len - 1);
	buf_put_str(&target, query);
	response_add_header(&exchange->response, "Location", buf_str(&target));
	exchange->response.status = 307;
	exchange->route = NULL;
	ok = buf_ok(&target);
	buf_free(&target);
	return ok || err_no_memory(err);
}

/* Adds Allow with the methods of this path, then answers OPTIONS or reports the wrong method. */
static bool answer_methods(struct exchange *exchange, unsigned allowed, struct err *err)
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
		/* RFC 5789 §3.1 */
		if ((allowed & 1U << METHOD_PATCH) && exchange->dialect->patch_types)
			response_add_header(&exchange->response, "Accept-Patch",
				str_cstr(exchange->dialect->patch_types));
		exchange->response.status = 204;
		return true;
	}
	err_set(err, exchange->dialect->method_error, NULL, NULL);
	err->detail = methods;
	return false;
}

bool routing_find_route(struct exchange *exchange, size_t skip, struct err *err)
{
	const struct dialect *dialect = exchange->dialect;
	struct request *request = &exchange->request;
	unsigned allowed = 0;

	if (request->empty_segments && !dialect->merges_slashes) {
		exchange->route = NULL;
		return err_set(err, ERR_NO_ROUTE, NULL, NULL);
	}
	switch (route_find(dialect->routes, request, skip, &exchange->route, &allowed)) {
	case ROUTE_FOUND:
		if (!request->trailing_slash || dialect->trailing_slash == SLASH_IGNORE)
			return true;
		if (dialect->trailing_slash == SLASH_REDIRECT)
			return query_has_credential(dialect, request) || redirect(exchange, err);
		return err_set(err, ERR_NO_ROUTE, NULL, NULL);
	case ROUTE_METHOD_NOT_ALLOWED:
		return answer_methods(exchange, allowed, err);
	case ROUTE_NOT_FOUND:
	default:
		exchange->route = NULL;
		/* An unknown method is reported before an unknown path. */
		if (request->method == METHOD_OTHER)
			return err_set(err, dialect->method_error, NULL, NULL);
		return err_set(err, ERR_NO_ROUTE, NULL, NULL);
	}
}
