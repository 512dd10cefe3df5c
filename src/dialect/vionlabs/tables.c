#include "dialect/vionlabs/vionlabs.h"

#define TASK_PATTERN "/{item}/product/{product}/version/{version}"

static const struct route routes[] = {
	{ .method = METHOD_GET,
		.pattern = "/{item}",
		.right = RIGHT_READ,
		.decode = vionlabs_decode_list,
		.encode = vionlabs_encode_list,
		.encode_row = vionlabs_encode_row,
		.encode_end = vionlabs_encode_end },
	{ .method = METHOD_GET,
		.pattern = TASK_PATTERN,
		.right = RIGHT_READ,
		.decode = vionlabs_decode_read,
		.encode = vionlabs_encode_task,
		.reads_task = true },
	{ .method = METHOD_POST,
		.pattern = TASK_PATTERN,
		.right = RIGHT_WRITE,
		.decode = vionlabs_decode_create,
		.encode = vionlabs_encode_task },
	{ .method = METHOD_DELETE,
		.pattern = TASK_PATTERN,
		.right = RIGHT_WRITE,
		.decode = vionlabs_decode_deactivate,
		.encode = vionlabs_encode_task },
	ROUTE_END,
};

static const struct auth_policy auth = {
	.sources = { { .kind = SOURCE_QUERY, .name = "key", .empty_is_absent = true },
		{ .kind = SOURCE_HEADER, .name = "X-API-Key" }, { .kind = SOURCE_BEARER } },
	.refusal_status = 401,
	.refusals =
		(const struct auth_refusal[]){
			{ AUTH_MISSING, "Not authenticated", "APIKey" },
			{ NULL, "Invalid API key", "APIKey" },
		},
};

static const char *const prefixes[] = { "/tasks/catalog-item", NULL };

const struct dialect vionlabs_dialect = {
	.name = "vionlabs",
	.code = DIALECT_CODE_vionlabs,
	.prefixes = prefixes,
	.trailing_slash = SLASH_REDIRECT,
	.auth = &auth,
	.routes = routes,
	.statuses = &vionlabs_statuses,
	.index_fields = vionlabs_indexed,
	.kind = vionlabs_kind,
	.media_type = VIONLABS_MEDIA_TYPE,
	.leaves_end = true,
	.method_error = ERR_METHOD,
	.error_overrides = vionlabs_error_overrides,
	.encode_error = vionlabs_encode_error,
	.native_defaults = vionlabs_native_defaults,
	.native_complete = vionlabs_native_complete,
	.validate = vionlabs_validate,
	.check_address = vionlabs_check_address,
	.sample = vionlabs_sample,
	.document = &vionlabs_document,
	.webhook = &vionlabs_webhook,
};
