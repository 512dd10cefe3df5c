#include "dialect/toybox/toybox.h"

static const struct route routes[] = {
	{ .method = METHOD_GET,
		.pattern = "/toys",
		.right = RIGHT_READ,
		.decode = toybox_decode_list,
		.encode = toybox_encode_list,
		.encode_row = toybox_encode_row,
		.encode_end = toybox_encode_end },
	{ .method = METHOD_POST,
		.pattern = "/toys",
		.right = RIGHT_WRITE,
		.decode = toybox_decode_create,
		.encode = toybox_encode_task },
	{ .method = METHOD_GET,
		.pattern = "/toys/{id}",
		.right = RIGHT_READ,
		.decode = toybox_decode_read,
		.encode = toybox_encode_task },
	{ .method = METHOD_DELETE,
		.pattern = "/toys/{id}",
		.right = RIGHT_WRITE,
		.decode = toybox_decode_delete,
		.encode = toybox_encode_deleted },
	ROUTE_END,
};

static const struct auth_policy auth = {
	.sources = { { .kind = SOURCE_BEARER }, { .kind = SOURCE_QUERY, .name = "toy-token" },
		{ .kind = SOURCE_HEADER, .name = "Toy-Token" },
		{ .kind = SOURCE_FORM, .name = "toy-token" } },
	.refusal_status = 401,
	.refusals =
		(const struct auth_refusal[]){
			{ AUTH_EXPIRED, "This key is worn out.", "Toy error=\"worn\"" },
			{ NULL, "This key opens no box.", "Toy" },
		},
};

static const struct token_address token_addresses[] = {
	{ "/toybox-login", TOKEN_CALL_GRANT, TOKEN_STYLE_KEYCLOAK },
	TOKEN_ADDRESS_END,
};

static const char *const prefixes[] = { "/toybox/v1", NULL };

const struct dialect toybox_dialect = {
	.name = "toybox",
	.code = DIALECT_CODE_toybox,
	.prefixes = prefixes,
	.trailing_slash = SLASH_NOT_FOUND,
	.auth = &auth,
	.token_addresses = token_addresses,
	.routes = routes,
	.statuses = &toybox_statuses,
	.index_fields = toybox_indexed,
	.kind = toybox_kind,
	.media_type = "application/json",
	.error_media_type = "application/vnd.toybox+json",
	.method_error = ERR_METHOD,
	.error_overrides = toybox_error_overrides,
	.encode_error = toybox_encode_error,
	.native_defaults = toybox_native_defaults,
	.validate = toybox_validate,
	.sample = toybox_sample,
};
