#include "dialect/idol/idol.h"

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
		READ_ROUTE(idol_decode_related, idol_encode_linkage) },
	{ .pattern = "/import-tasks/{id}/attachable",
		READ_ROUTE(idol_decode_related, idol_encode_related) },
	{ .pattern = "/timeouts/trigger", READ_ROUTE(idol_decode_trigger, idol_encode) },
	{ .pattern = "/timeouts/trigger/{kind}", READ_ROUTE(idol_decode_trigger, idol_encode) },
	ROUTE_END,
};

#define CHALLENGE(sentence)                                      \
	"Bearer realm=\"Doorkeeper\", error=\"invalid_token\", " \
	"error_description=\"" sentence "\""
#define TOKEN_REFUSAL(reason, sentence)               \
	{                                             \
		reason, sentence, CHALLENGE(sentence) \
	}

static const struct auth_policy auth = {
	.sources = { { .kind = SOURCE_BEARER },
		{ SOURCE_QUERY, "access_token", .empty_is_absent = true },
		{ SOURCE_QUERY, "bearer_token", .empty_is_absent = true } },
	.refusal_status = 401,
	.refusals =
		(const struct auth_refusal[]){
			TOKEN_REFUSAL(AUTH_EXPIRED, "The access token expired"),
			TOKEN_REFUSAL(AUTH_REVOKED, "The access token was revoked"),
			TOKEN_REFUSAL(NULL, "The access token is invalid"),
		},
};

static const char *const prefixes[] = { "/api/v2", NULL };

const struct dialect idol_dialect = {
	.name = "idol",
	.code = DIALECT_CODE_idol,
	.prefixes = prefixes,
	.trailing_slash = SLASH_IGNORE,
	.auth = &auth,
	.routes = routes,
	.statuses = &idol_statuses,
	.index_fields = idol_indexed,
	.media_type = IDOL_MEDIA_TYPE,
	.method_error = ERR_METHOD,
	.quota_option = "idol_creates_a_day",
	.error_overrides = idol_error_overrides,
	.encode_error = idol_encode_error,
	.native_defaults = idol_native_defaults,
	.validate = idol_validate,
	.sample = idol_sample,
};
