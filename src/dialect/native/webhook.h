#pragma once
/*
 * Webhooks and their deliveries (README.md, "Webhooks"). Private to this folder.
 *
 *     webhooks.c          decoders of the requests about webhooks
 *     webhook_patch.c     the members of a webhook, and their application to the stored one
 *     webhook_pairs.c     header fields and query parameters
 *     webhook_url.c       which URLs are accepted
 *     webhook_values.c    formats, their methods, and secrets
 *     webhook_rules.c     the same for webhooks of an export
 *     webhook_encode.c    webhooks and deliveries as JSON
 *     deliveries.c        decoders of the requests about deliveries
 */
#include "dialect/native/native.h"

/* The format "standard". */
extern const struct dialect_webhook native_webhook;

#define NATIVE_WEBHOOKS_PATH	"/v1/webhooks"
#define NATIVE_WEBHOOK_PARALLEL 4
#define NATIVE_SECRET_PREFIX	"whsec_"
#define NATIVE_HIDDEN		"***"	 /* in place of a header field's value */
#define NATIVE_DELIVERY_PLACE	"before" /* where a page of deliveries begins */

#define NATIVE_AT_FILTER(name) NATIVE_AT("/filter/", name)

bool native_decode_webhook_create(struct request *request, struct op *op, struct err *err);
bool native_decode_webhooks(struct request *request, struct op *op, struct err *err);
bool native_decode_webhook(struct request *request, struct op *op, struct err *err);
bool native_decode_webhook_update(struct request *request, struct op *op, struct err *err);
bool native_decode_webhook_delete(struct request *request, struct op *op, struct err *err);
bool native_decode_webhook_rotate(struct request *request, struct op *op, struct err *err);
bool native_decode_webhook_test(struct request *request, struct op *op, struct err *err);
extern const char *const native_delivery_params[];
bool native_decode_deliveries(struct request *request, struct op *op, struct err *err);
bool native_decode_delivery(struct request *request, struct op *op, struct err *err);
bool native_decode_redeliver(struct request *request, struct op *op, struct err *err);

bool native_encode_webhook_created(const struct request *request, const struct result *result,
	struct response *response, struct err *err);
bool native_encode_webhook(const struct request *request, const struct result *result,
	struct response *response, struct err *err);
/* With the new secret. */
bool native_encode_webhook_rotated(const struct request *request, const struct result *result,
	struct response *response, struct err *err);
bool native_encode_webhooks(const struct request *request, const struct result *result,
	struct response *response, struct err *err);
bool native_encode_webhook_test(const struct request *request, const struct result *result,
	struct response *response, struct err *err);
bool native_encode_deliveries(const struct request *request, const struct result *result,
	struct response *response, struct err *err);
bool native_encode_delivery(const struct request *request, const struct result *result,
	struct response *response, struct err *err);
bool native_encode_redelivered(const struct request *request, const struct result *result,
	struct response *response, struct err *err);

/* The webhook of the path. ERR_NOT_FOUND if the id is no UUID. */
bool native_begin_webhook(const struct request *request, struct op *op, enum webhook_action action,
	struct op_webhook **webhook, struct err *err);
/* ---- webhook_patch.c ---- */

/* Reads the members of a webhook for op_webhook.change. ERR_UNPROCESSABLE. */
bool native_parse_webhook(
	struct op *op, struct op_webhook *webhook, bool creates, json_t *json, struct err *err);
const char *native_method_name(enum webhook_method method);

/* ---- webhook_pairs.c ---- */

/* A merge patch of header fields or query parameters: a value with ptr NULL removes. */
struct native_pairs {
	bool removes_all; /* null */
	size_t count;
	struct webhook_pair pairs[WEBHOOK_PAIRS_MAX];
};

/* headers: names of header fields, else of query parameters. */
bool native_parse_pairs(
	struct op *op, bool headers, json_t *value, struct native_pairs *pairs, struct err *err);
/* Applies the patch. ERR_UNPROCESSABLE beyond WEBHOOK_PAIRS_MAX. */
bool native_merge_pairs(const struct op *op, bool headers, const struct native_pairs *patch,
	struct webhook_pair *pairs, size_t *count, struct err *err);

/* ---- webhook_values.c ---- */

/* The dialect whose format has that name, "standard"; NULL. */
const struct dialect *native_find_format(struct str name);
/* The first method that the format has. */
enum webhook_method native_default_method(const struct dialect_webhook *format);
/* Restricts the filter to tasks of the format's dialect; an error if it names others. */
bool native_keep_own_tasks(const struct op *op, struct webhook *webhook, struct err *err);
/*
 * Of a new webhook whose format is not signed: a secret that signs nothing would look like a
 * protection. ERR_UNPROCESSABLE if the request has one.
 */
bool native_leave_out_secret(const struct op *op, const struct dialect_webhook *format,
	struct webhook *webhook, struct err *err);
/* op_webhook.change of a rotation: ERR_CONFLICT if the webhook has no secret. */
bool native_check_has_secret(const struct op *op, struct webhook *webhook, struct err *err);
/* "whsec_" and base64. ERR_UNPROCESSABLE. */
bool native_parse_secret(struct op *op, const json_t *value, struct str *secret, struct err *err);

/* ---- webhook_url.c ---- */

/* The reason why the URL is refused, a sentence; NULL: it is accepted. */
const char *native_check_url(struct str url);
