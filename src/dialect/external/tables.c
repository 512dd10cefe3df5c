#include "dialect/external/external.h"

#define WORK_ROUTE(path, decoder)                                                        \
	{                                                                                \
		.method = METHOD_POST, .pattern = "/external-task/{id}/" path,           \
		.right = RIGHT_WORK, .decode = (decoder), .encode = external_encode_done \
	}
#define CHANGE_ROUTE(path, decoder)                                                       \
	{                                                                                 \
		.method = METHOD_PUT, .pattern = "/external-task/{id}/" path,             \
		.right = RIGHT_WRITE, .decode = (decoder), .encode = external_encode_done \
	}
#define READ_ROUTE(path, decoder, encoder)                                                         \
	{                                                                                          \
		.method = METHOD_GET, .pattern = (path), .right = RIGHT_READ, .decode = (decoder), \
		.encode = (encoder)                                                                \
	}
#define READ_TASK_ROUTE(path, encoder)                                                  \
	{                                                                               \
		.method = METHOD_GET, .pattern = (path), .right = RIGHT_READ,           \
		.decode = external_decode_read, .encode = (encoder), .reads_task = true \
	}
#define LIST_ROUTE(verb, parameters)                                                   \
	{                                                                              \
		.method = (verb), .pattern = "/external-task", .params = (parameters), \
		.right = RIGHT_READ, .decode = external_decode_list,                   \
		.encode = external_encode_list, .encode_row = external_encode_row,     \
		.encode_end = external_encode_end                                      \
	}
#define COUNT_ROUTE(verb, parameters)                                                        \
	{                                                                                    \
		.method = (verb), .pattern = "/external-task/count", .params = (parameters), \
		.right = RIGHT_READ, .decode = external_decode_count,                        \
		.encode = external_encode_count, .encode_row = external_encode_count_row,    \
		.encode_end = external_encode_count_end                                      \
	}

static const struct route routes[] = {
	{ .method = METHOD_POST,
		.pattern = "/external-task/fetchAndLock",
		.right = RIGHT_WORK,
		.decode = external_decode_fetch,
		.encode = external_encode_fetch },
	WORK_ROUTE("complete", external_decode_complete),
	WORK_ROUTE("failure", external_decode_failure),
	WORK_ROUTE("bpmnError", external_decode_bpmn_error),
	WORK_ROUTE("extendLock", external_decode_extend),
	WORK_ROUTE("unlock", external_decode_unlock),
	WORK_ROUTE("lock", external_decode_lock),
	CHANGE_ROUTE("retries", external_decode_retries),
	CHANGE_ROUTE("priority", external_decode_priority),
	READ_TASK_ROUTE("/external-task/{id}", external_encode_task),
	READ_TASK_ROUTE("/external-task/{id}/errorDetails", external_encode_details),
	READ_ROUTE("/engine", external_decode_engine, external_encode_engine),
	LIST_ROUTE(METHOD_GET, external_list_params),
	LIST_ROUTE(METHOD_POST, external_post_list_params),
	COUNT_ROUTE(METHOD_GET, external_count_params),
	COUNT_ROUTE(METHOD_POST, NULL),
	{ .method = METHOD_GET,
		.pattern = "/external-task/topic-names",
		.params = external_topics_params,
		.right = RIGHT_READ,
		.decode = external_decode_topics,
		.encode = external_encode_topics },
	ROUTE_END,
};

#define CHALLENGE "Basic realm=\"polytask\""

static const struct auth_policy auth = {
	.sources = { { .kind = SOURCE_BEARER }, { .kind = SOURCE_BASIC } },
	.refusal_status = 401,
	.refusals =
		(const struct auth_refusal[]){
			{ AUTH_MISSING, .challenge = CHALLENGE },
			{ AUTH_EXPIRED, "The credential has expired.", CHALLENGE },
			{ AUTH_REVOKED, "The credential was revoked.", CHALLENGE },
			{ NULL, "The credential is not valid.", CHALLENGE },
		},
};

static const char *const prefixes[] = { "/engine-rest", "/engine-rest/engine/default", NULL };

const struct dialect external_dialect = {
	.name = "external",
	.code = DIALECT_CODE_external,
	.prefixes = prefixes,
	.trailing_slash = SLASH_IGNORE,
	.auth = &auth,
	.routes = routes,
	.media_type = EXTERNAL_MEDIA_TYPE,
	.body_max = EXTERNAL_BODY_MAX,
	.method_error = ERR_METHOD,
	.error_overrides = external_error_overrides,
	.encode_error = external_encode_error,
};
