#include "dialect/virtshell/virtshell.h"

#define READ_ROUTE(decoder)                                                 \
	.method = METHOD_GET, .right = RIGHT_READ, .decode = (decoder),     \
	.encode = virtshell_encode_tasks, .encode_row = virtshell_put_task, \
	.encode_end = virtshell_encode_end
#define WRITE_ROUTE(verb, decoder)                                   \
	.method = (verb), .right = RIGHT_WRITE, .decode = (decoder), \
	.encode = virtshell_encode_success

static const struct route routes[] = {
	{ .pattern = "/tasks", READ_ROUTE(virtshell_decode_list) },
	{ .pattern = "/tasks/{key}",
		READ_ROUTE(virtshell_decode_task_or_status),
		.reads_task = true },
	{ .pattern = "/tasks/status", READ_ROUTE(virtshell_decode_missing_status) },
	{ .pattern = "/tasks/status/{key}", READ_ROUTE(virtshell_decode_status) },
	{ .pattern = "/tasks", WRITE_ROUTE(METHOD_POST, virtshell_decode_create) },
	{ .pattern = "/tasks/{key}", WRITE_ROUTE(METHOD_PUT, virtshell_decode_update) },
	/* the specification's example of an update has this address */
	{ .pattern = "/hosts/{key}", WRITE_ROUTE(METHOD_PUT, virtshell_decode_update) },
	{ .pattern = "/tasks/{key}", WRITE_ROUTE(METHOD_DELETE, virtshell_decode_delete) },
	ROUTE_END,
};

static const struct auth_policy auth = {
	.sources = { { .kind = SOURCE_VIRTSHELL, .name = "X-VirtShell-Authorization" },
		{ .kind = SOURCE_BEARER }, { .kind = SOURCE_VIRTSHELL, .name = "Authorization" } },
	.clock_skew_option = "signature_seconds",
	.refusal_status = 403,
	.refusals =
		(const struct auth_refusal[]){
			{ AUTH_MISMATCH, .text = "SignatureDoesNotMatch" },
			{ AUTH_SKEWED, .text = "RequestTimeTooSkewed" },
			{ NULL, .text = "AccessDenied" },
		},
};

static const char *const prefixes[] = {
	"/api/virtshell/v1",
	"/virtshell/api/v1",
	"/api/virtsh/v1",
	"/api/virtshell",
	NULL,
};

const struct dialect virtshell_dialect = {
	.name = "virtshell",
	.code = DIALECT_CODE_virtshell,
	.prefixes = prefixes,
	.trailing_slash = SLASH_IGNORE,
	.auth = &auth,
	.routes = routes,
	.statuses = &virtshell_statuses,
	.index_fields = virtshell_indexed,
	.kind = virtshell_kind,
	.media_type = VIRTSHELL_MEDIA_TYPE,
	.leaves_end = true,
	.error_field = { "log", .none = "", .max = VIRTSHELL_LOG_MAX, .replaces = true },
	.result_field = "log",
	.body_max = VIRTSHELL_BODY_MAX,
	.method_error = ERR_NOT_IMPLEMENTED,
	.error_overrides = virtshell_error_overrides,
	.encode_error = virtshell_encode_error,
	.native_complete = virtshell_native_complete,
	.validate = virtshell_validate,
	.sample = virtshell_sample,
	.document = &virtshell_document,
};
