#include "dialect/uplynk/uplynk.h"

#define READ_ROUTE(at, decoder, encoder)                                                 \
	.method = METHOD_GET, .pattern = (at), .right = RIGHT_READ, .decode = (decoder), \
	.encode = (encoder)
#define WRITE_ROUTE(verb, at, decoder, encoder)                                       \
	.method = (verb), .pattern = (at), .right = RIGHT_WRITE, .decode = (decoder), \
	.encode = (encoder)

static const struct route routes[] = {
	{ READ_ROUTE("/ingest-points/tasks", uplynk_decode_tasks, uplynk_encode_tasks),
		.encode_row = uplynk_put_task, .encode_end = uplynk_encode_end },
	{ READ_ROUTE("/ingest-points/tasks/{task}", uplynk_decode_task, uplynk_encode_tasks),
		.reads_task = true },
	{ READ_ROUTE("/slicers/ingest-points", uplynk_decode_points, uplynk_encode_points),
		.encode_row = uplynk_put_point, .encode_end = uplynk_encode_end },
	{ READ_ROUTE("/slicers/ingest-points/{point}", uplynk_decode_point, uplynk_encode_points),
		.reads_task = true },
	{ WRITE_ROUTE(METHOD_POST, "/slicers/ingest-points", uplynk_decode_create,
		uplynk_encode_points) },
	{ WRITE_ROUTE(METHOD_PATCH, "/slicers/ingest-points/{point}", uplynk_decode_update,
		uplynk_encode_points) },
	{ WRITE_ROUTE(METHOD_DELETE, "/slicers/ingest-points/{point}", uplynk_decode_delete,
		uplynk_encode_deleted) },
	ROUTE_END,
};

#define REALM "Bearer realm=\"polytask\""
/* RFC 6750 section 3.1; the body does not tell why. */
#define TOKEN_REFUSAL(reason, sentence)                                                       \
	{                                                                                     \
		reason, "Invalid signature",                                                  \
			REALM ", error=\"invalid_token\", error_description=\"" sentence "\"" \
	}

static const struct auth_policy auth = {
	.sources = { { .kind = SOURCE_UPLYNK_QUERY }, { .kind = SOURCE_BEARER },
		{ .kind = SOURCE_UPLYNK_HEADER } },
	.clock_skew_option = "uplynk_seconds",
	.refusal_status = 401,
	.refusals =
		(const struct auth_refusal[]){
			{ AUTH_MISSING, "Invalid signature", REALM },
			{ AUTH_SKEWED,
				"Invalid signature: _timestamp is not the current time in whole "
				"Unix seconds",
				REALM },
			TOKEN_REFUSAL(AUTH_EXPIRED, "The credential expired"),
			TOKEN_REFUSAL(AUTH_REVOKED, "The credential was revoked"),
			TOKEN_REFUSAL(NULL, "The credential is invalid"),
		},
	.scope_challenge = REALM,
};

static const char *const prefixes[] = { UPLYNK_PREFIX, NULL };

const struct dialect uplynk_dialect = {
	.name = "uplynk",
	.code = DIALECT_CODE_uplynk,
	.prefixes = prefixes,
	.trailing_slash = SLASH_IGNORE,
	.auth = &auth,
	.routes = routes,
	.statuses = &uplynk_statuses,
	.index_fields = uplynk_indexed,
	.kind = uplynk_kind,
	.media_type = UPLYNK_MEDIA_TYPE,
	.method_error = ERR_METHOD,
	.uuid_version = 4,
	.complete_option = "uplynk_complete",
	.encode_error = uplynk_encode_error,
	.native_defaults = uplynk_native_defaults,
	.validate = uplynk_validate,
	.native_follow = uplynk_native_follow,
	.sample = uplynk_sample,
	.document = &uplynk_document,
};
