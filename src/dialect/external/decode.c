/* Requests about one task. */
#include "dialect/decode.h"

#include "dialect/external/external.h"
#include "dialect/worker_text.h"
#include "task/policy.h"

static bool parse_id(struct request *request, struct op *op, enum op_kind kind, struct err *err)
{
	if (!id_parse(&op->id, request_path_var(request, "id")))
		return err_set(err, ERR_NOT_FOUND, NULL, NULL);
	op->kind = kind;
	op->dialect = 0;
	op->shows = external_has_task;
	return true;
}

/* ---- the common part of actions ---- */

struct action {
	struct external_body body;
	struct op *op;
	struct change *change;
};

/* Reads the members of one action; a failure is its error. */
typedef bool parse_action(struct action *action);

/*
 * done: what the action does with a task. An unknown task is ERR_NOT_FOUND whatever the body has,
 * because clients tell these two cases apart.
 */
static bool decode_action(struct request *request, struct op *op, const char *done,
	parse_action *parse, struct err *err)
{
	struct external_action *named = arena_alloc(request->arena, sizeof(*named));
	struct change change = { 0 };
	struct action action = {
		.body = { .arena = request->arena, .err = err }, .op = op, .change = &change
	};
	json_t *json = NULL;
	bool ok;

	if (!named)
		return err_no_memory(err);
	*named = (struct external_action){ .done = done };
	request->encoder_state = named;
	if (!parse_id(request, op, OP_UPDATE, err))
		return false;
	op->before_write = native_before_write;
	op->follow = native_follow;
	ok = external_read_body(request, &json, err);
	action.body.json = json;
	ok = ok && parse(&action);
	json_decref(json);
	named->worker = op->report.holder;
	if (!ok)
		return decode_keep_invalid(op, request->arena, err);
	op->change = change;
	return true;
}

/* A member that the action needs. */
static bool fail_missing(const struct action *action, const char *name, const char *expected)
{
	return err_set(action->body.err, ERR_INVALID, name, "%s must be %s.", name, expected);
}

static bool get_worker(struct action *action)
{
	return external_get_worker(&action->body, true, &action->op->report.holder);
}

static bool get_lock(struct action *action, const char *name)
{
	struct optional_number ms = { 0 };

	if (!external_get_number(&action->body, name, 1, EXTERNAL_LOCK_MS_MAX, &ms))
		return false;
	action->op->report.lease_ms = (uint32_t)ms.value;
	return ms.is_set || fail_missing(action, name, "a number of ms");
}

/* ---- reports of workers ---- */

static bool parse_complete(struct action *action)
{
	action->op->report.kind = REPORT_COMPLETE;
	/* The end of its lock may have left an error. */
	action->change->set |= CHANGE_ERROR;
	return get_worker(action) && external_parse_variables(&action->body, action->change);
}

bool external_decode_complete(struct request *request, struct op *op, struct err *err)
{
	return decode_action(request, op, "completed", parse_complete, err);
}

/*
 * One text, as in other APIs: the start of the message, and on the lines below it the end of the
 * details. In JSON a character of the message has at most 6 bytes, so the details have room.
 */
static bool set_error(struct action *action, struct str message, struct str details)
{
	static const struct str line_break = { "\\n", 2 };
	struct arena *arena = action->body.arena;
	struct str first = json_quote(external_characters(message, EXTERNAL_MESSAGE_MAX), arena);
	struct str below = STR_NULL, json = STR_NULL;
	struct buf text = BUF_INIT;

	if (first.ptr && details.len > 0)
		below = worker_text_quote_end(details, TASK_TEXT_MAX - first.len, arena);
	if (!first.ptr || (details.len > 0 && !below.ptr))
		return err_no_memory(action->body.err);
	/* Two strings in quotes become one. */
	if (details.len > 0) {
		buf_put(&text, first.ptr, first.len - 1);
		buf_put_str(&text, line_break);
		buf_put_str(&text, str_skip(below, 1));
		first = buf_str(&text);
	}
	if (buf_ok(&text))
		json = arena_copy(arena, first);
	buf_free(&text);
	action->change->error = json;
	action->change->set |= CHANGE_ERROR;
	return json.ptr || err_no_memory(action->body.err);
}

static bool get_error(struct action *action)
{
	struct str message = STR_NULL, details = STR_NULL;

	if (!external_get_text(&action->body, "errorMessage", &message) ||
		!external_get_text(&action->body, "errorDetails", &details))
		return false;
	if (!message.ptr && !details.ptr)
		return true;
	return set_error(action, message.ptr ? message : STR(""), details);
}

static bool parse_failure(struct action *action)
{
	struct optional_number retries = { 0 }, delay = { 0 };
	struct op_report *report = &action->op->report;

	report->kind = REPORT_FAIL;
	if (!get_worker(action) || !get_error(action) ||
		!external_get_number(&action->body, "retries", 0, INT32_MAX, &retries) ||
		!external_get_number(&action->body, "retryTimeout", 0, DELAY_MS_MAX, &delay) ||
		!external_parse_variables(&action->body, NULL))
		return false;
	report->is_final = retries.value == 0;
	report->sets_retries = retries.value > 0;
	report->retries = (uint32_t)retries.value;
	if (!report->is_final)
		report->delay = optional_time(delay.value);
	return true;
}

bool external_decode_failure(struct request *request, struct op *op, struct err *err)
{
	return decode_action(request, op, "failed", parse_failure, err);
}

/* Refused for every task that there is. */
static bool parse_bpmn_error(struct action *action)
{
	action->op->report.kind = REPORT_NONE;
	return get_worker(action) && external_parse_variables(&action->body, NULL) &&
	       err_set(action->body.err, ERR_INVALID, NULL,
		       "Polytask has no process that could catch a BPMN error: report a failure "
		       "with retries 0.");
}

bool external_decode_bpmn_error(struct request *request, struct op *op, struct err *err)
{
	return decode_action(request, op, "changed", parse_bpmn_error, err);
}

static bool parse_extend(struct action *action)
{
	action->op->report.kind = REPORT_HEARTBEAT;
	return get_worker(action) && get_lock(action, "newDuration");
}

bool external_decode_extend(struct request *request, struct op *op, struct err *err)
{
	return decode_action(request, op, "extended", parse_extend, err);
}

/* The body has no members that count. */
static bool parse_unlock(struct action *action)
{
	action->op->report = (struct op_report){ .kind = REPORT_RELEASE, .any_holder = true };
	return true;
}

bool external_decode_unlock(struct request *request, struct op *op, struct err *err)
{
	return decode_action(request, op, "unlocked", parse_unlock, err);
}

static bool parse_lock(struct action *action)
{
	action->op->report.kind = REPORT_LOCK;
	return get_worker(action) && get_lock(action, "lockDuration");
}

bool external_decode_lock(struct request *request, struct op *op, struct err *err)
{
	return decode_action(request, op, "locked", parse_lock, err);
}

/* ---- changes by clients ---- */

static bool parse_retries(struct action *action)
{
	struct optional_number retries = { 0 };

	if (!external_get_number(&action->body, "retries", 0, INT32_MAX, &retries))
		return false;
	action->op->report = (struct op_report){ .kind = REPORT_RETRIES,
		.retries = (uint32_t)retries.value };
	return retries.is_set || fail_missing(action, "retries", "a number");
}

bool external_decode_retries(struct request *request, struct op *op, struct err *err)
{
	return decode_action(request, op, "changed", parse_retries, err);
}

static bool parse_priority(struct action *action)
{
	struct optional_number priority = { 0 };

	if (!external_get_number(&action->body, "priority", INT32_MIN, INT32_MAX, &priority))
		return false;
	action->change->priority = (int32_t)priority.value;
	action->change->set |= CHANGE_PRIORITY;
	return priority.is_set || fail_missing(action, "priority", "a number");
}

bool external_decode_priority(struct request *request, struct op *op, struct err *err)
{
	return decode_action(request, op, "changed", parse_priority, err);
}

/* ---- reads ---- */

bool external_decode_read(struct request *request, struct op *op, struct err *err)
{
	return parse_id(request, op, OP_READ, err);
}

/* No operation: there is one engine. */
bool external_decode_engine(struct request *request, struct op *op, struct err *err)
{
	(void)request, (void)op, (void)err;
	return true;
}
