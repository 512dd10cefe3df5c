#include "dialect/idol/idol.h"

#define READ_ROUTE(decoder, encoder) \
	.method = METHOD_GET, .right = RIGHT_READ, .decode = (decoder), .encode = (encoder)

static const char *const list_params[] = { "filter[product-id]", "filter[distributor-id]",
	"filter[id]", "page[number]", "page[size]", "sort", "fields[import-tasks]", "include",
	NULL };
static const char *const task_params[] = { "fields[import-tasks]", "include", NULL };
static const char *const related_params[] = { "fields[import-tasks]", NULL };
static const char *const trigger_params[] = { "kind", NULL };

static const struct route routes[] = {
	{ .pattern = "/import-tasks",
		.params = list_params,
		READ_ROUTE(idol_decode_list, idol_encode),
		.encode_row = idol_put_task,
		.encode_end = idol_encode_end },
	{ .pattern = "/import-tasks",
		.params = task_params,
		.method = METHOD_POST,
		.right = RIGHT_WRITE,
		.decode = idol_decode_create,
		.encode = idol_encode },
	{ .pattern = "/import-tasks/{id}",
		.params = task_params,
		READ_ROUTE(idol_decode_read, idol_encode) },
	{ .pattern = "/import-tasks/{id}/relationships/attachable",
		.params = related_params,
		READ_ROUTE(idol_decode_related, idol_encode_linkage) },
	{ .pattern = "/import-tasks/{id}/attachable",
		.params = related_params,
		READ_ROUTE(idol_decode_related, idol_encode_related) },
	{ .pattern = "/timeouts/trigger",
		.params = trigger_params,
		READ_ROUTE(idol_decode_trigger, idol_encode) },
	{ .pattern = "/timeouts/trigger/{kind}", READ_ROUTE(idol_decode_trigger, idol_encode) },
	ROUTE_END,
};

static const struct token_address token_addresses[] = {
	{ "/oauth/token", TOKEN_CALL_GRANT, TOKEN_STYLE_DOORKEEPER },
	{ "/oauth/revoke", TOKEN_CALL_REVOKE, TOKEN_STYLE_DOORKEEPER },
	{ "/oauth/token/info", TOKEN_CALL_INFO, TOKEN_STYLE_DOORKEEPER },
	TOKEN_ADDRESS_END,
};

static const char *const prefixes[] = { "/api/v2", NULL };

const struct dialect idol_dialect = {
	.name = "idol",
	.code = DIALECT_CODE_idol,
	.prefixes = prefixes,
	.trailing_slash = SLASH_IGNORE,
	.merges_slashes = true,
	.auth = &idol_auth,
	.token_addresses = token_addresses,
	.routes = routes,
	.statuses = &idol_statuses,
	.index_fields = idol_indexed,
	.kind = idol_kind,
	.media_type = IDOL_MEDIA_TYPE,
	.method_error = ERR_METHOD,
	.quota_option = "idol_creates_a_day",
	.error_overrides = idol_error_overrides,
	.encode_error = idol_encode_error,
	.native_defaults = idol_native_defaults,
	.validate = idol_validate,
	.sample = idol_sample,
	.document = &idol_document,
};
