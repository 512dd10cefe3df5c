#include "dialect/fourhse/fourhse.h"

#define LIST_ROUTE(verb)                                              \
	.params = list_params, .method = (verb), .right = RIGHT_READ, \
	.decode = fourhse_decode_list, .encode = fourhse_encode_list, \
	.encode_row = fourhse_encode_list_row, .encode_end = fourhse_encode_list_end
#define READ_ROUTE                                                                \
	.method = METHOD_GET, .right = RIGHT_READ, .decode = fourhse_decode_read, \
	.encode = fourhse_encode_task, .reads_task = true
#define UPDATE_ROUTE(verb)                                                       \
	.method = (verb), .right = RIGHT_WRITE, .decode = fourhse_decode_update, \
	.encode = fourhse_encode_task
#define DELETE_ROUTE                                                                    \
	.method = METHOD_DELETE, .right = RIGHT_WRITE, .decode = fourhse_decode_delete, \
	.encode = fourhse_encode_deleted, .encode_row = fourhse_encode_dependent_row,   \
	.encode_end = fourhse_encode_dependents_end

static const char *const list_params[] = { "filter", "per-page", "page", "sort", "history",
	"fields", "expand", NULL };
/* The id of a task is in the query if it is not in the path. */
static const char *const task_params[] = { "id", "fields", "expand", NULL };
static const char *const delete_params[] = { "id", "force", "historicize", NULL };

static const struct route routes[] = {
	{ .pattern = "/index", LIST_ROUTE(METHOD_GET) },
	{ .pattern = "/index", LIST_ROUTE(METHOD_POST) },
	{ .pattern = "/create",
		.params = task_params + 1,
		.method = METHOD_POST,
		.right = RIGHT_WRITE,
		.decode = fourhse_decode_create,
		.encode = fourhse_encode_created },
	{ .pattern = "/view", .params = task_params, READ_ROUTE },
	{ .pattern = "/view/{id}", .params = task_params + 1, READ_ROUTE },
	{ .pattern = "/update", .params = task_params, UPDATE_ROUTE(METHOD_PUT) },
	{ .pattern = "/update/{id}", .params = task_params + 1, UPDATE_ROUTE(METHOD_PUT) },
	{ .pattern = "/update", .params = task_params, UPDATE_ROUTE(METHOD_PATCH) },
	{ .pattern = "/update/{id}", .params = task_params + 1, UPDATE_ROUTE(METHOD_PATCH) },
	{ .pattern = "/delete", .params = delete_params, DELETE_ROUTE },
	{ .pattern = "/delete/{id}", .params = delete_params + 1, DELETE_ROUTE },
	ROUTE_END,
};

static const struct auth_policy auth = {
	.sources = { { .kind = SOURCE_BEARER }, { .kind = SOURCE_QUERY, .name = "access-token" },
		{ .kind = SOURCE_FORM, .name = "access-token" } },
	.refusal_status = 401,
	.refusals =
		(const struct auth_refusal[]){
			{ NULL, "Your request was made with invalid credentials.",
				"Bearer realm=\"api\"" },
		},
};

#define KEYCLOAK "/realms/4hse/protocol/openid-connect"

static const struct token_address token_addresses[] = {
	{ KEYCLOAK "/token", TOKEN_CALL_GRANT, TOKEN_STYLE_KEYCLOAK },
	{ KEYCLOAK "/revoke", TOKEN_CALL_REVOKE, TOKEN_STYLE_KEYCLOAK },
	{ "/oauth2/token", TOKEN_CALL_GRANT, TOKEN_STYLE_BSHAFFER },
	{ "/oauth2/revoke", TOKEN_CALL_REVOKE, TOKEN_STYLE_BSHAFFER },
	TOKEN_ADDRESS_END,
};

static const char *const prefixes[] = { FOURHSE_PREFIX, NULL };

const struct dialect fourhse_dialect = {
	.name = "fourhse",
	.code = DIALECT_CODE_fourhse,
	.prefixes = prefixes,
	.auth = &auth,
	.token_addresses = token_addresses,
	.routes = routes,
	.statuses = &fourhse_statuses,
	.index_fields = fourhse_indexed,
	.kind = fourhse_kind,
	.media_type = FOURHSE_MEDIA_TYPE,
	.leaves_end = true,
	.error_field = { "response", .none = "null", .max = FOURHSE_RESPONSE_MAX },
	.result_field = "response",
	.method_error = ERR_METHOD,
	.error_overrides = fourhse_error_overrides,
	.encode_error = fourhse_encode_error,
	.native_defaults = fourhse_native_defaults,
	.validate = fourhse_validate,
	.check_address = fourhse_check_address,
	.sample = fourhse_sample,
	.document = &fourhse_document,
};
