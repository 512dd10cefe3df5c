#include "dialect/idol/idol.h"

/* Ids are strings here, but an operator may have set one as a number. */
static struct str fold_id(struct str json)
{
	if (json.len < 2 || json.ptr[0] != '"' || json.ptr[json.len - 1] != '"')
		return json;
	return (struct str){ json.ptr + 1, json.len - 2 };
}

const struct index_field idol_indexed[] = {
	INDEX_COMMON_FIELDS,
	{ .code = IDOL_BY_NUMBER, .source = INDEX_NUMBER, .name = "id" },
	{ .code = IDOL_BY_STATUS, .source = INDEX_STATUS, .name = "status" },
	{ .code = IDOL_BY_PRODUCT,
		.source = INDEX_FIELD,
		.name = "product-id",
		.normalize = fold_id },
	{ .code = IDOL_BY_DISTRIBUTOR,
		.source = INDEX_FIELD,
		.name = "distributor-id",
		.normalize = fold_id },
	{ .code = IDOL_BY_MASTER_TYPE, .source = INDEX_FIELD, .name = "master-type" },
	{ .code = IDOL_BY_PRECISION, .source = INDEX_FIELD, .name = "precision" },
	{ .code = IDOL_BY_URL, .source = INDEX_FIELD, .name = "url", .unindexed = true },
	{ .code = IDOL_BY_MD5, .source = INDEX_FIELD, .name = "md5", .unindexed = true },
	{ .code = IDOL_BY_SUPPORT_NUMBER,
		.source = INDEX_FIELD,
		.name = "support-number",
		.unindexed = true },
	{ .source = INDEX_END },
};

static const struct dialect_status_row statuses[] = {
	{ TASK_PENDING, "uploaded" },
	{ TASK_RUNNING, "processing" },
	{ TASK_SUCCEEDED, "completed" },
	{ TASK_FAILED, "failed" },
	{ TASK_CANCELLED, "cancelled" },
	{ TASK_STATE_NONE, NULL },
};

/* ---- refusals ---- */

#define CHALLENGE     "Bearer realm=\"Doorkeeper\", error=\"invalid_token\", error_description="
#define INVALID_TOKEN "The access token is invalid"

/* Where this dialect departs from the status or the sentence of the one list of errors. */
static const struct error_override {
	int status;
	const char *text;
} error_overrides[ERR_CODES] = {
	[ERR_UNAUTHENTICATED] = { .text = INVALID_TOKEN },
	/* Rails has no route for it. */
	[ERR_METHOD] = { .status = 404, .text = "There is nothing at this address." },
	[ERR_INTERNAL] = { .text = "Internal Server Error" },
	[ERR_NO_MEMORY] = { .text = "Internal Server Error" },
	[ERR_DISK_FULL] = { .status = 503 },
};

/* What /timeouts/trigger pretends, by its `kind`. */
static const struct {
	const char *kind;
	int status;
	const char *text;
} trigger_errors[] = {
	{ "db", 504, "DB query cancelled" },
	{ "http", 504, "Request Timeout" },
	{ "error", 500, "Internal Server Error" },
};

static void put_message(struct response *response, int status, const char *text)
{
	response->status = status;
	buf_puts(&response->body, "{\"message\":");
	buf_put_json_string(&response->body, str_cstr(text));
	buf_putc(&response->body, '}');
}

/* Below 500: the document that the decoder has rendered, or one object made here. */
static void put_errors(const struct request *request, const struct err *err, const char *text,
	struct response *response)
{
	struct str id = request_path_var(request, "id");

	if (err->detail.len > 0 && err->code != ERR_METHOD) {
		buf_put_str(&response->body, err->detail);
		return;
	}
	buf_puts(&response->body, "{\"errors\":[");
	if (err->code == ERR_NOT_FOUND && id.ptr)
		idol_put_api_error(&response->body, IDOL_NOT_FOUND, id, STR_NULL);
	else
		idol_put_http_error(&response->body, response_reason(response->status),
			str_cstr(text), response->status);
	buf_puts(&response->body, "]}");
}

static void encode_error(
	const struct request *request, const struct err *err, struct response *response)
{
	static const struct error_override nothing;
	const struct error_override *own = err->code < ERR_CODES ? &error_overrides[err->code]
								 : &nothing;
	int status = own->status ? own->status : err_status(err->code);
	const char *text = own->text ? own->text : err_text(err);

	buf_reset(&response->body);
	for (size_t i = 0; i < sizeof(trigger_errors) / sizeof(trigger_errors[0]); i++) {
		if (err->code == ERR_INTERNAL &&
			str_eq(err->detail, str_cstr(trigger_errors[i].kind))) {
			status = trigger_errors[i].status;
			text = trigger_errors[i].text;
		}
	}
	response->status = status;
	response->media_type = NULL;
	if (status == 401)
		response_add_header(
			response, "WWW-Authenticate", STR(CHALLENGE "\"" INVALID_TOKEN "\""));
	if (status >= 500)
		put_message(response, status, text);
	else
		put_errors(request, err, text, response);
	if (buf_ok(&response->body))
		response->media_type = IDOL_MEDIA_TYPE;
	else
		buf_reset(&response->body);
}

/* ---- the tables ---- */

#define READ_ROUTE(decoder, encoder) \
	.method = METHOD_GET, .right = RIGHT_READ, .decode = (decoder), .encode = (encoder)

static const struct route routes[] = {
	{ .pattern = "/import-tasks",
		READ_ROUTE(idol_decode_list, idol_encode),
		.encode_row = idol_put_task,
		.encode_end = idol_encode_end },
	{ .pattern = "/import-tasks",
		.method = METHOD_POST,
		.right = RIGHT_WRITE,
		.decode = idol_decode_create,
		.encode = idol_encode },
	{ .pattern = "/import-tasks/{id}", READ_ROUTE(idol_decode_read, idol_encode) },
	{ .pattern = "/import-tasks/{id}/relationships/attachable",
		READ_ROUTE(idol_decode_read, idol_encode_linkage) },
	{ .pattern = "/import-tasks/{id}/attachable",
		READ_ROUTE(idol_decode_read, idol_encode_related) },
	{ .pattern = "/timeouts/trigger", READ_ROUTE(idol_decode_trigger, idol_encode) },
	ROUTE_END,
};

static const char *const prefixes[] = { "/api/v2", NULL };

const struct dialect idol_dialect = {
	.name = "idol",
	.code = DIALECT_CODE_idol,
	.prefixes = prefixes,
	.trailing_slash = SLASH_IGNORE,
	.routes = routes,
	.statuses = statuses,
	.default_state = TASK_STATE_NONE,
	.index_fields = idol_indexed,
	.media_type = IDOL_MEDIA_TYPE,
	.method_error = ERR_METHOD,
	.encode_error = encode_error,
	.native_defaults = idol_native_defaults,
	.validate = idol_validate,
};
