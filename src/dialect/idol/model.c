#include "dialect/idol/idol.h"
#include "dialect/kind.h"

/* Ids are strings here, but the native API accepts numbers: index the bare digits of both. */
static struct str normalize_id(struct str json, char scratch[INDEX_SCRATCH_SIZE])
{
	(void)scratch;
	if (json.len < 2 || json.ptr[0] != '"' || json.ptr[json.len - 1] != '"')
		return json;
	return (struct str){ json.ptr + 1, json.len - 2 };
}

/* "tracks/hd": a worker for tracks may know no videos, and one for hd no dolby_atmos. */
struct str idol_kind(const struct task *task, char scratch[TASK_KIND_MAX])
{
	struct str type = kind_member(task_field(task, STR("attachable")), STR("type"));
	size_t len = 0;

	if (!kind_put(type, scratch, &len) || !kind_put(STR("\"/\""), scratch, &len) ||
		!kind_put(task_field(task, STR("master-type")), scratch, &len))
		return STR("");
	return (struct str){ scratch, len };
}

const struct index_field idol_indexed[] = {
	INDEX_COMMON_FIELDS(idol_kind),
	{ .code = IDOL_BY_NUMBER, .source = INDEX_NUMBER, .name = "id" },
	{ .code = IDOL_BY_STATUS, .source = INDEX_STATUS, .name = "status" },
	{ .code = IDOL_BY_PRODUCT,
		.source = INDEX_FIELD,
		.name = "product-id",
		.normalize = normalize_id },
	{ .code = IDOL_BY_DISTRIBUTOR,
		.source = INDEX_FIELD,
		.name = "distributor-id",
		.normalize = normalize_id },
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

static const struct dialect_status_row rows[] = {
	{ TASK_PENDING, "uploaded" },
	{ TASK_RUNNING, "processing" },
	{ TASK_SUCCEEDED, "completed" },
	{ TASK_FAILED, "failed" },
	{ TASK_CANCELLED, "cancelled" },
	{ TASK_STATE_NONE, NULL },
};

const struct dialect_statuses idol_statuses = { rows, .default_state = TASK_STATE_NONE };

/* ---- credentials ---- */

#define REALM		    "Bearer realm=\"Doorkeeper\""
#define CHALLENGE(sentence) REALM ", error=\"invalid_token\", error_description=\"" sentence "\""
#define TOKEN_REFUSAL(reason, sentence)               \
	{                                             \
		reason, sentence, CHALLENGE(sentence) \
	}

const struct auth_policy idol_auth = {
	.sources = { { .kind = SOURCE_BEARER },
		{ .kind = SOURCE_QUERY, .name = "access_token", .empty_is_absent = true },
		{ .kind = SOURCE_QUERY, .name = "bearer_token", .empty_is_absent = true } },
	.refusal_status = 401,
	.refusals =
		(const struct auth_refusal[]){
			TOKEN_REFUSAL(AUTH_EXPIRED, "The access token expired"),
			TOKEN_REFUSAL(AUTH_REVOKED, "The access token was revoked"),
			TOKEN_REFUSAL(NULL, "The access token is invalid"),
		},
	.scope_challenge = REALM,
};
