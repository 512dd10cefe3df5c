#include "dialect/native/work.h"

static const char *const list_params[] = { "dialect", "state", "failure", "kind", "priority",
	"archived", "created_from", "created_to", "updated_from", "updated_to", "status", "number",
	"fields.*", "sort", "limit", "cursor", "total", NULL };

static const struct route routes[] = {
	{ .method = METHOD_GET,
		.pattern = "/tasks",
		.params = list_params,
		.right = RIGHT_READ,
		.decode = native_decode_list,
		.encode = native_encode_list,
		.encode_row = native_encode_row,
		.encode_end = native_encode_end,
		.holds_page = true,
		.encode_links = native_encode_links },
	{ .method = METHOD_POST,
		.pattern = "/tasks",
		.right = RIGHT_WRITE,
		.decode = native_decode_create,
		.encode = native_encode_created },
	{ .method = METHOD_GET,
		.pattern = "/tasks/{id}",
		.right = RIGHT_READ,
		.decode = native_decode_read,
		.encode = native_encode_task },
	{ .method = METHOD_PATCH,
		.pattern = "/tasks/{id}",
		.right = RIGHT_WRITE,
		.decode = native_decode_update,
		.encode = native_encode_task },
	{ .method = METHOD_DELETE,
		.pattern = "/tasks/{id}",
		.right = RIGHT_WRITE,
		.decode = native_decode_delete,
		.encode = native_encode_deleted },
	{ .method = METHOD_POST,
		.pattern = "/tasks/{id}/archive",
		.right = RIGHT_WRITE,
		.decode = native_decode_archive,
		.encode = native_encode_task },
	{ .method = METHOD_GET,
		.pattern = "/tasks/{id}/history",
		.params = native_history_params,
		.right = RIGHT_READ,
		.decode = native_decode_history,
		.encode = native_encode_history },
	{ .method = METHOD_GET,
		.pattern = "/tasks/{id}/attempts",
		.right = RIGHT_READ,
		.decode = native_decode_attempts,
		.encode = native_encode_attempts },
	{ .method = METHOD_POST,
		.pattern = "/claims",
		.right = RIGHT_WORK,
		.decode = native_decode_claim,
		.encode = native_encode_claims },
	{ .method = METHOD_POST,
		.pattern = "/tasks/{id}/heartbeat",
		.right = RIGHT_WORK,
		.decode = native_decode_heartbeat,
		.encode = native_encode_heartbeat },
	{ .method = METHOD_POST,
		.pattern = "/tasks/{id}/complete",
		.right = RIGHT_WORK,
		.decode = native_decode_complete,
		.encode = native_encode_report },
	{ .method = METHOD_POST,
		.pattern = "/tasks/{id}/fail",
		.right = RIGHT_WORK,
		.decode = native_decode_fail,
		.encode = native_encode_report },
	{ .method = METHOD_POST,
		.pattern = "/tasks/{id}/release",
		.right = RIGHT_WORK,
		.decode = native_decode_release,
		.encode = native_encode_report },
	{ .method = METHOD_GET,
		.pattern = "/stats",
		.params = native_stats_params,
		.right = RIGHT_READ,
		.decode = native_decode_stats,
		.encode = native_encode_stats },
	{ .method = METHOD_GET,
		.pattern = "/ingest-points",
		.params = native_point_params,
		.right = RIGHT_READ,
		.decode = native_decode_points,
		.encode = native_encode_list,
		.encode_row = native_encode_point_row,
		.encode_end = native_encode_end,
		.holds_page = true,
		.encode_links = native_encode_links },
	{ .method = METHOD_GET,
		.pattern = "/ingest-points/{point}",
		.right = RIGHT_READ,
		.decode = native_decode_point,
		.encode = native_encode_point },
	{ .method = METHOD_PATCH,
		.pattern = "/ingest-points/{point}",
		.right = RIGHT_WRITE,
		.decode = native_decode_point_update,
		.encode = native_encode_point },
	ROUTE_END,
};

#define REALM "Bearer realm=\"polytask\""
/* RFC 6750 §3.1 */
#define TOKEN_REFUSAL(reason, sentence)                                                       \
	{                                                                                     \
		reason, sentence,                                                             \
			REALM ", error=\"invalid_token\", error_description=\"" sentence "\"" \
	}

static const struct auth_policy auth = {
	.sources = { { .kind = SOURCE_BEARER } },
	.refusal_status = 401,
	.refusals =
		(const struct auth_refusal[]){
			{ AUTH_MISSING, NULL, REALM },
			TOKEN_REFUSAL(AUTH_EXPIRED, "The access token expired."),
			TOKEN_REFUSAL(AUTH_REVOKED, "The access token was revoked."),
			TOKEN_REFUSAL(NULL, "The access token is invalid."),
		},
	.scope_challenge = REALM,
};

static const char *const prefixes[] = { "/v1", NULL };

/* Accepts every task: the API's own checks are enough. */
static bool validate(const struct task *before, const struct task *task, struct err *err)
{
	(void)before, (void)task, (void)err;
	return true;
}

const struct dialect native_dialect = {
	.name = "native",
	.code = DIALECT_CODE_native,
	.prefixes = prefixes,
	.trailing_slash = SLASH_IGNORE,
	.auth = &auth,
	.routes = routes,
	.statuses = &native_statuses,
	.index_fields = native_indexed,
	.kind = task_own_kind,
	.media_type = NATIVE_MEDIA_TYPE,
	.body_max = NATIVE_BODY_MAX,
	.method_error = ERR_METHOD,
	.error_media_type = "application/problem+json",
	.patch_types = NATIVE_PATCH_TYPES,
	.error_overrides = native_error_overrides,
	.encode_error = native_encode_error,
	.validate = validate,
	.sample = native_sample,
};
