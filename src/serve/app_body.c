/* How large a body is, and may be, before it is read. */
#include "serve/app.h"
#include "serve/body.h"

bool app_has_large_body(const struct app *app, const struct request *request)
{
	uint64_t bytes;

	return str_to_u64(request_cgi_param(request, "CONTENT_LENGTH"), &bytes) &&
	       bytes > app->options.body_limit;
}

size_t app_body_limit(const struct app *app, struct request *request)
{
	size_t skip = 0;
	struct err err;

	if (!app_has_large_body(app, request) || !request_parse(request, &err))
		return app->options.body_limit;
	return body_limit(app, request, dialect_by_path(request, &skip));
}
