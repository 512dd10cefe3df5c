#include "dialect/dialect.h"

const struct index_field native_indexed[] = {
	INDEX_COMMON,
	{ .source = INDEX_END },
};

static const struct state_word words[] = {
	{ TASK_PENDING, "pending" },
	{ TASK_RUNNING, "running" },
	{ TASK_SUCCEEDED, "succeeded" },
	{ TASK_FAILED, "failed" },
	{ TASK_CANCELLED, "cancelled" },
	{ TASK_STATE_NONE, NULL },
};

static bool decode(struct request *request, struct op *op, struct err *err)
{
	(void)request, (void)op;
	return err_set(err, ERR_NO_ROUTE, NULL, NULL);
}

static bool encode(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	(void)request, (void)result, (void)response;
	return err_set(err, ERR_INTERNAL, NULL, NULL);
}

static void refuse(const struct request *request, const struct err *err, struct response *response)
{
	(void)request;
	buf_reset(&response->body);
	response->status = err_status(err->code);
	response->media_type = NULL;
	if (response->status == 503)
		response_header(response, "Retry-After", STR("1"));
	buf_puts(&response->body, "{}");
	if (buf_ok(&response->body))
		response->media_type = native_dialect.media_type;
}

static bool admit(const struct task *before, const struct task *task, struct err *err)
{
	(void)before, (void)task, (void)err;
	return true;
}

static const struct route routes[] = {
	{ .method = METHOD_GET,
		.pattern = "/tasks",
		.right = RIGHT_READ,
		.decode = decode,
		.encode = encode },
	ROUTE_END,
};

static const char *const prefixes[] = { "/v1", NULL };

const struct dialect native_dialect = {
	.name = "native",
	.code = DIALECT_CODE_native,
	.prefixes = prefixes,
	.slash = SLASH_OPTIONAL,
	.routes = routes,
	.words = words,
	.other_words = TASK_STATE_NONE,
	.indexed = native_indexed,
	.media_type = "application/json",
	.unknown_method = ERR_METHOD,
	.refuse = refuse,
	.admit = admit,
};
