#pragma once
/*
 * The requests of workers: claims and reports; and what became of them (README.md, "Work"). Private
 * to this folder.
 */
#include "dialect/native/native.h"

#define NATIVE_DRAINED_SECONDS 10  /* after which a drained worker may claim again */
#define NATIVE_LEASE_SECONDS   60  /* default */
#define NATIVE_CONFIRM_MS      800 /* default */
#define NATIVE_WAIT_MAX	       50  /* seconds; nginx waits 60 s for a response */
/* From the end of a heartbeat's wait to that of the lease: for the next heartbeat. */
#define NATIVE_WAIT_MARGIN_MS 10000
#define NATIVE_TOKEN_DIGITS   16 /* hexadecimal */

bool native_decode_claim(struct request *request, struct op *op, struct err *err);
bool native_decode_heartbeat(struct request *request, struct op *op, struct err *err);
bool native_decode_complete(struct request *request, struct op *op, struct err *err);
bool native_decode_fail(struct request *request, struct op *op, struct err *err);
bool native_decode_release(struct request *request, struct op *op, struct err *err);

bool native_encode_claims(const struct request *request, const struct result *result,
	struct response *response, struct err *err);
bool native_encode_heartbeat(const struct request *request, const struct result *result,
	struct response *response, struct err *err);
bool native_encode_report(const struct request *request, const struct result *result,
	struct response *response, struct err *err);

extern const char *const native_history_params[];
bool native_decode_history(struct request *request, struct op *op, struct err *err);
bool native_decode_attempts(struct request *request, struct op *op, struct err *err);
bool native_encode_history(const struct request *request, const struct result *result,
	struct response *response, struct err *err);
bool native_encode_attempts(const struct request *request, const struct result *result,
	struct response *response, struct err *err);

bool native_decode_retry(struct request *request, struct op *op, struct err *err);
bool native_decode_retries(struct request *request, struct op *op, struct err *err);
bool native_encode_retries(const struct request *request, const struct result *result,
	struct response *response, struct err *err);

extern const char *const native_workers_params[];
bool native_decode_workers(struct request *request, struct op *op, struct err *err);
bool native_decode_drain(struct request *request, struct op *op, struct err *err);
/* The workers as an object, without the cursor of the next page. */
void native_put_workers(struct buf *out, const struct workers_answer *answer);
bool native_encode_workers(const struct request *request, const struct result *result,
	struct response *response, struct err *err);
bool native_encode_drain(const struct request *request, const struct result *result,
	struct response *response, struct err *err);

extern const char *const native_stats_params[];
bool native_decode_stats(struct request *request, struct op *op, struct err *err);
bool native_encode_stats(const struct request *request, const struct result *result,
	struct response *response, struct err *err);

extern const char *const native_series_params[];
bool native_decode_series(struct request *request, struct op *op, struct err *err);
bool native_encode_series(const struct request *request, const struct result *result,
	struct response *response, struct err *err);

/* Which claim an object describes. */
enum native_claim_place {
	NATIVE_CLAIM_BODY,   /* of POST /claims */
	NATIVE_CLAIM_NEXT,   /* claim_next of a report: `worker` may be absent, `wait` is refused */
	NATIVE_CLAIM_FILTER, /* the filter of a webhook */
};
/*
 * Reads the members of a claim into op->claim, which is in arena, with op->wait_ms and wait_group.
 * ERR_UNPROCESSABLE.
 */
bool native_parse_claim(
	struct op *op, enum native_claim_place place, json_t *json, struct err *err);
/*
 * Reads `dialects` or `kinds` of an object into the claim, as for POST /claims. *found: the name is
 * one of them. ERR_UNPROCESSABLE.
 */
bool native_parse_claim_filter(struct op *op, enum native_claim_place place, struct str name,
	const json_t *value, struct op_claim *claim, bool *found, struct err *err);
/* A number of seconds as ms; false if it is not one from min to max ms. */
bool native_parse_seconds(const json_t *value, int64_t min, int64_t max, int64_t *ms);
