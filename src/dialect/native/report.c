#include "dialect/decode.h"
#include "dialect/native/log.h"
#include "dialect/native/work.h"

struct report {
	struct op *op;
	struct native_body body;
	bool has_token;
};

#define MEMBER_ERROR(report, name, ...)                                              \
	native_set_error((report)->body.err, (report)->op->arena, ERR_UNPROCESSABLE, \
		NATIVE_AT_MEMBER(name), __VA_ARGS__)

/* ---- members ---- */

static bool parse_token(struct report *report, struct str name, json_t *value)
{
	struct str text = json_str(value);
	uint64_t token = 0;

	for (size_t i = 0; i < text.len; i++) {
		const char *digits = "0123456789abcdef";
		const char *digit = text.ptr[i] ? strchr(digits, text.ptr[i]) : NULL;

		if (!digit)
			text.len = 0;
		else
			token = token << 4 | (uint64_t)(digit - digits);
	}
	if (!json_is_string(value) || text.len != NATIVE_TOKEN_DIGITS)
		return MEMBER_ERROR(report, name,
			"token must be the token of a claim: %d hexadecimal digits.",
			NATIVE_TOKEN_DIGITS);
	report->op->report.token = token;
	report->has_token = true;
	return true;
}

static bool parse_lease(struct report *report, struct str name, json_t *value)
{
	int64_t ms;

	if (!native_parse_seconds(value, 1000, LEASE_MS_MAX, &ms))
		return MEMBER_ERROR(report, name, "lease_seconds must be a number from 1 to %u.",
			LEASE_MS_MAX / 1000);
	report->op->report.lease_ms = (uint32_t)ms;
	return true;
}

/* Whether the lease ends with the attempt or the task, which no heartbeat can defer. */
static bool ends_with_attempt(const struct task *task)
{
	int64_t expires = optional_time_ms(task->lease.expires);

	return (optional_time_is_set(task->attempt_by) &&
		       optional_time_ms(task->attempt_by) <= expires) ||
	       (optional_time_is_set(task->end_by) && optional_time_ms(task->end_by) <= expires);
}

/*
 * A heartbeat waits until the task is cancelled or, with an error, has left the worker's hands. A
 * policy may have cut the lease: then there must be time for the next heartbeat.
 */
static bool check_wait(
	const struct op *op, const struct task *task, int64_t *most_ms, struct err *err)
{
	int64_t left = optional_time_ms(task->lease.expires) - op->now;

	if (!work_check_lease(&op->report, task, err))
		return false;
	if (task->state == TASK_CANCELLED)
		*most_ms = 0;
	else if (left > 0 && left < op->report.least_ms && !ends_with_attempt(task))
		*most_ms = left / 2 < *most_ms ? left / 2 : *most_ms;
	return true;
}

static bool parse_wait(struct report *report, struct str name, json_t *value)
{
	struct op *op = report->op;

	if (!native_parse_seconds(value, 0, NATIVE_WAIT_MAX * 1000, &op->wait_ms))
		return MEMBER_ERROR(
			report, name, "wait must be a number from 0 to %d.", NATIVE_WAIT_MAX);
	if (op->wait_ms == 0)
		return true;
	op->check_wait = check_wait;
	op->report.least_ms = (uint32_t)op->wait_ms + NATIVE_WAIT_MARGIN_MS;
	return true;
}

static bool parse_retryable(struct report *report, struct str name, json_t *value)
{
	if (!json_is_boolean(value))
		return MEMBER_ERROR(report, name, "retryable must be true or false.");
	report->op->report.is_final = json_is_false(value);
	return true;
}

static bool parse_delay(struct report *report, struct str name, json_t *value)
{
	int64_t ms;

	if (!native_parse_seconds(value, 0, DELAY_MS_MAX, &ms))
		return MEMBER_ERROR(report, name, "The delay must be a number from 0 to %lld.",
			(long long)DELAY_MS_MAX / 1000);
	report->op->report.delay = optional_time(ms);
	return true;
}

static bool parse_log(struct report *report, struct str name, json_t *value)
{
	bool memory;

	if (native_make_log(value, report->op->arena, &report->op->report.log, &memory))
		return true;
	if (!memory)
		return err_no_memory(report->body.err);
	for (size_t i = 0; i < json_array_size(value) && i < NATIVE_LOG_LINES; i++) {
		if (!json_is_string(json_array_get(value, i)))
			return native_set_error(report->body.err, report->op->arena,
				ERR_UNPROCESSABLE, NATIVE_AT_ITEM("/", name, i),
				"A line of the log must be a string.");
	}
	return MEMBER_ERROR(
		report, name, "log must be an array of at most %zu strings.", NATIVE_LOG_LINES);
}

static bool parse_next(struct report *report, struct str name, json_t *value)
{
	struct op_claim *claim;

	if (json_is_object(value))
		return native_parse_claim(report->op, NATIVE_CLAIM_NEXT, value, report->body.err);
	if (!json_is_boolean(value))
		return MEMBER_ERROR(report, name, "claim_next must be true, false or an object.");
	if (json_is_false(value))
		return true;
	claim = arena_alloc(report->op->arena, sizeof(*claim));
	if (!claim)
		return err_no_memory(report->body.err);
	*claim = (struct op_claim){ .as_before = true, .max = 1, .confirm_ms = NATIVE_CONFIRM_MS };
	report->op->claim = claim;
	report->op->claim_change = &work_claim_change;
	return true;
}

/* ---- bodies ---- */

#define OF(kind) (1U << (kind))
#define ENDS	 (OF(REPORT_COMPLETE) | OF(REPORT_FAIL))

/* Reports that have a member: bits. */
static const struct {
	const char *name;
	unsigned reports;
	bool (*parse)(struct report *report, struct str name, json_t *value);
} own_members[] = {
	{ "token", OF(REPORT_HEARTBEAT) | ENDS | OF(REPORT_RELEASE), parse_token },
	{ "lease_seconds", OF(REPORT_HEARTBEAT), parse_lease },
	{ "wait", OF(REPORT_HEARTBEAT), parse_wait },
	{ "retryable", OF(REPORT_FAIL), parse_retryable },
	{ "retry_after_seconds", OF(REPORT_FAIL), parse_delay },
	{ "delay_seconds", OF(REPORT_RELEASE), parse_delay },
	{ "log", OF(REPORT_HEARTBEAT) | ENDS | OF(REPORT_RELEASE), parse_log },
	{ "claim_next", ENDS | OF(REPORT_RELEASE), parse_next },
};

/* Members of the task that a report may set. */
static const struct {
	const char *name;
	unsigned reports;
} task_members_set[] = {
	{ "error", OF(REPORT_FAIL) },
	{ "progress", OF(REPORT_HEARTBEAT) | ENDS | OF(REPORT_RELEASE) },
	{ "result", OF(REPORT_COMPLETE) },
	{ "fields", OF(REPORT_HEARTBEAT) | ENDS | OF(REPORT_RELEASE) },
};

static bool parse_member(struct report *report, struct str name, json_t *value)
{
	unsigned kind = OF(report->op->report.kind);

	for (size_t i = 0; i < sizeof(own_members) / sizeof(own_members[0]); i++) {
		if (own_members[i].reports & kind && str_eq(name, str_cstr(own_members[i].name)))
			return own_members[i].parse(report, name, value);
	}
	for (size_t i = 0; i < sizeof(task_members_set) / sizeof(task_members_set[0]); i++) {
		if (task_members_set[i].reports & kind &&
			str_eq(name, str_cstr(task_members_set[i].name)))
			return native_parse_member(&report->body, NATIVE_REPORT, name, value);
	}
	return MEMBER_ERROR(report, name, "This report has no such member.");
}

static bool parse_members(struct report *report, json_t *json)
{
	const char *name;
	json_t *value;

	json_object_foreach (json, name, value) {
		if (!parse_member(report, str_cstr(name), value))
			return false;
	}
	return report->has_token || MEMBER_ERROR(report, STR("token"), "token is required.");
}

static bool parse_body(struct request *request, struct op *op, struct err *err)
{
	struct change change = { 0 };
	struct report report = { .op = op,
		.body = { .arena = request->arena, .change = &change, .err = err } };
	json_t *json = NULL;
	bool ok;

	report.body.patch = native_new_patch(request->arena);
	if (!report.body.patch)
		return err_no_memory(err);
	if (!native_read_body(request, &report.body.patch->texts, &json, err))
		return false;
	ok = parse_members(&report, json);
	json_decref(json);
	if (!ok)
		return false;
	op->change = change;
	op->hook_data = report.body.patch;
	op->before_write = native_before_write;
	op->follow = native_follow;
	return true;
}

static bool decode(struct request *request, struct op *op, enum report_kind kind, struct err *err)
{
	if (!request_check_accepts_json(request, err) ||
		!native_check_content_type(request, false, err) ||
		!native_parse_id(request, op, OP_UPDATE, err))
		return false;
	op->report = (struct op_report){ .kind = kind };
	return parse_body(request, op, err) || decode_keep_invalid(op, request->arena, err);
}

bool native_decode_heartbeat(struct request *request, struct op *op, struct err *err)
{
	return decode(request, op, REPORT_HEARTBEAT, err);
}

bool native_decode_complete(struct request *request, struct op *op, struct err *err)
{
	return decode(request, op, REPORT_COMPLETE, err);
}

bool native_decode_fail(struct request *request, struct op *op, struct err *err)
{
	return decode(request, op, REPORT_FAIL, err);
}

bool native_decode_release(struct request *request, struct op *op, struct err *err)
{
	return decode(request, op, REPORT_RELEASE, err);
}
