#include "http/request.h"

#include "http/query.h"
#include "task/right.h"

static const char *const method_names[METHODS] = {
	[METHOD_NONE] = "NONE",
	[METHOD_GET] = "GET",
	[METHOD_HEAD] = "HEAD",
	[METHOD_POST] = "POST",
	[METHOD_PUT] = "PUT",
	[METHOD_PATCH] = "PATCH",
	[METHOD_DELETE] = "DELETE",
	[METHOD_OPTIONS] = "OPTIONS",
	[METHOD_OTHER] = "OTHER",
};

enum method method_parse(struct str word)
{
	for (int i = METHOD_GET; i < METHOD_OTHER; i++) {
		if (str_eq(word, str_cstr(method_names[i])))
			return (enum method)i;
	}
	return METHOD_OTHER;
}

const char *method_name(enum method method)
{
	return method < METHODS ? method_names[method] : method_names[METHOD_NONE];
}

bool request_add_cgi_param(
	struct request *request, struct str name, struct str value, struct err *err)
{
	if (request->cgi_param_count == REQUEST_CGI_PARAMS_MAX)
		return err_set(err, ERR_HEADER_TOO_LARGE, NULL,
			"The request has more than %d header fields.", REQUEST_CGI_PARAMS_MAX);
	request->cgi_params[request->cgi_param_count++] = (struct pair){ name, value };
	return true;
}

static struct str find_pair(const struct pair *pairs, size_t count, const char *name)
{
	struct str wanted = str_cstr(name);

	for (size_t i = 0; i < count; i++) {
		if (str_eq(pairs[i].name, wanted))
			return pairs[i].value;
	}
	return STR_NULL;
}

struct str request_cgi_param(const struct request *request, const char *name)
{
	return find_pair(request->cgi_params, request->cgi_param_count, name);
}

size_t request_count_cgi_param(const struct request *request, const char *name)
{
	struct str wanted = str_cstr(name);
	size_t count = 0;

	for (size_t i = 0; i < request->cgi_param_count; i++)
		count += str_eq(request->cgi_params[i].name, wanted);
	return count;
}

struct str request_path_var(const struct request *request, const char *name)
{
	return find_pair(request->path_vars, request->path_var_count, name);
}

struct str request_query_param(const struct request *request, const char *name)
{
	return find_pair(request->query, request->query_count, name);
}

struct str request_media_type(const struct request *request)
{
	struct str type = request_cgi_param(request, "CONTENT_TYPE");

	return str_trim(str_split_next(&type, ';'));
}

static struct str single_param(const struct request *request, const char *name)
{
	struct str value = request_cgi_param(request, name);

	return value.len > 0 && request_count_cgi_param(request, name) == 1 ? value : STR_NULL;
}

struct trace request_trace(const struct request *request)
{
	struct str parent = single_param(request, "HTTP_TRACEPARENT");

	if (parent.len == 0)
		return (struct trace){ 0 };
	return trace_parse(parent, single_param(request, "HTTP_TRACESTATE"), request->arena);
}

static bool set_uri_error(struct err *err, const char *why)
{
	return err_set(err, ERR_MALFORMED, NULL, "The address %s.", why);
}

/* Bytes that neither path nor query may contain. */
static bool check_uri_bytes(struct str uri, struct err *err)
{
	for (size_t i = 0; i < uri.len; i++) {
		unsigned char c = (unsigned char)uri.ptr[i];

		if (c <= 0x20 || c == 0x7F)
			return set_uri_error(err, "holds a space or a control character");
		if (c == '#')
			return set_uri_error(err, "holds a fragment");
	}
	return true;
}

/*
 * The web server selects its rules by the normalised path, with %2F decoded. A path that it could
 * normalise differently from us is refused in every spelling. %2F itself is allowed: ids may
 * contain it.
 */
static bool check_path(struct str path, struct err *err)
{
	if (memmem(path.ptr, path.len, "%2e", 3) || memmem(path.ptr, path.len, "%2E", 3))
		return set_uri_error(err, "holds an encoded dot");
	return true;
}

static bool check_segment(struct str segment, struct err *err)
{
	if (memchr(segment.ptr, '\\', segment.len))
		return set_uri_error(err, "holds a backslash");
	while (segment.len > 0) {
		struct str part = str_split_next(&segment, '/');

		if (str_eq(part, STR(".")) || str_eq(part, STR("..")))
			return set_uri_error(err, "holds a dot segment");
	}
	return true;
}

bool request_is_valid_segment(struct str text)
{
	struct err err;

	return text.len > 0 && check_segment(text, &err);
}

static bool split_path(struct request *request, struct str path, struct err *err)
{
	struct str rest = str_skip(path, 1);
	size_t count = 0;

	while (rest.len > 0) {
		struct str raw = str_split_next(&rest, '/'), segment;

		if (raw.len == 0) {
			request->empty_segments = true;
			continue;
		}
		if (count == REQUEST_SEGMENTS_MAX)
			return err_set(err, ERR_URI_TOO_LONG, NULL,
				"The address has more than %d segments.", REQUEST_SEGMENTS_MAX);
		if (!query_decode(&segment, raw, QUERY_PLUS_IS_PLUS, request->arena, err) ||
			!check_segment(segment, err))
			return false;
		request->segments[count++] = segment;
	}
	request->segment_count = count;
	request->trailing_slash = path.ptr[path.len - 1] == '/';
	request->path = path;
	return true;
}

static bool split_query(struct request *request, struct str query, struct err *err)
{
	if (query_split(request->query, REQUEST_QUERY_MAX, &request->query_count, query,
		    request->arena, err))
		return true;
	if (err->code == ERR_TOO_LARGE)
		err->code = ERR_URI_TOO_LONG;
	return false;
}

bool request_parse(struct request *request, struct err *err)
{
	struct str method = request_cgi_param(request, "REQUEST_METHOD");
	struct str uri = request_cgi_param(request, "REQUEST_URI");
	struct str path, query = uri;

	if (method.len == 0 || request_count_cgi_param(request, "REQUEST_METHOD") != 1 ||
		request_count_cgi_param(request, "REQUEST_URI") != 1)
		return err_set(
			err, ERR_MALFORMED, NULL, "The request has no one method and address.");
	request->method = method_parse(method);
	if (uri.len > REQUEST_URI_MAX)
		return err_set(err, ERR_URI_TOO_LONG, NULL, "The address has more than %d bytes.",
			REQUEST_URI_MAX);
	if (uri.len == 0 || uri.ptr[0] != '/')
		return set_uri_error(err, "is not an absolute path");
	path = str_split_next(&query, '?');
	if (!check_uri_bytes(uri, err) || !check_path(path, err) ||
		!split_path(request, path, err) || !split_query(request, query, err))
		return false;
	request->uri = uri;
	return true;
}

/* Reads a parameter that only the web server may set; a duplicate means that a client set it. */
static bool parse_trusted_param(
	struct str *value, const struct request *request, const char *name, struct err *err)
{
	struct str found = request_cgi_param(request, name);

	if (found.len == 0 || request_count_cgi_param(request, name) != 1 || !str_is_utf8(found))
		return err_set(err, ERR_UNAUTHENTICATED, NULL, NULL);
	*value = found;
	return true;
}

bool request_parse_principal(struct request *request, struct err *err)
{
	struct principal principal;
	struct str rights;

	if (!parse_trusted_param(&principal.user, request, "REMOTE_USER", err) ||
		!parse_trusted_param(&principal.tenant, request, "POLYTASK_TENANT", err) ||
		!parse_trusted_param(&rights, request, "POLYTASK_RIGHTS", err) ||
		!parse_trusted_param(&principal.dialect, request, "POLYTASK_DIALECT", err))
		return false;
	if (!rights_parse(&principal.rights, rights))
		return err_set(err, ERR_UNAUTHENTICATED, NULL, NULL);
	request->principal = principal;
	return true;
}
