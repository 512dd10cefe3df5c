#include "serve/body.h"

#include "http/content_coding.h"

size_t body_limit(
	const struct app *app, const struct request *request, const struct dialect *dialect)
{
	size_t limit = app->options.body_limit;

	if (!dialect || request->method == METHOD_GET || request->method == METHOD_HEAD)
		return limit;
	return dialect->body_max > limit ? dialect->body_max : limit;
}

bool body_decode(const struct app *app, struct exchange *exchange, struct err *err)
{
	struct request *request = &exchange->request;
	struct str codings = request_cgi_param(request, "HTTP_CONTENT_ENCODING");
	struct buf body = BUF_INIT;
	bool ok = false;

	if (request->body.len == 0 || content_coding_is_identity(codings))
		return true;
	if (request_count_cgi_param(request, "HTTP_CONTENT_ENCODING") > 1) {
		err_set(err, ERR_CODING, "Content-Encoding", NULL);
	} else if (content_decode(&body, codings, request->body,
			   body_limit(app, request, exchange->dialect), err)) {
		bool large = body.len > app->options.body_limit;

		request->body = arena_copy(
			large ? &exchange->large_body : request->arena, buf_str(&body));
		ok = request->body.ptr || err_no_memory(err);
	}
	buf_free(&body);
	return ok;
}
