#include "worker/result.h"

#include <signal.h>
#include <sys/wait.h>

#include "http/json.h"
#include "worker/fatal.h"
#include "worker/text.h"

#define RELEASE_DELAY_S 5

void output_add(struct output *output, struct str bytes)
{
	size_t room = output->most - output->bytes.len;

	if (bytes.len > room) {
		output->too_long = true;
		bytes.len = room;
	}
	buf_put_str(&output->bytes, bytes);
	need_buf(&output->bytes);
}

/* ---- the result ---- */

size_t result_size(const json_t *json)
{
	struct buf text = BUF_INIT;
	size_t size;

	json_put(&text, json);
	need_buf(&text);
	size = text.len;
	buf_free(&text);
	return size;
}

bool result_parse(json_t **json, struct str text)
{
	struct err err = { 0 };
	json_t *parsed = NULL;

	if (!json_parse_strict(&parsed, text, &err))
		return false;
	if (json_text_depth(text) < JSON_DEPTH_MAX) {
		*json = parsed;
		return true;
	}
	json_decref(parsed);
	return false;
}

static bool is_empty(struct str text)
{
	return text.len == 0 || (text.len == 1 && text.ptr[0] == '\n');
}

/* JSON as it is, other text as a string without one line feed at its end; NULL: nothing. */
static json_t *output_json(struct str text)
{
	json_t *json = NULL;

	if (is_empty(text))
		return NULL;
	if (result_parse(&json, text))
		return json;
	if (text.ptr[text.len - 1] == '\n')
		text.len--;
	return text_json_bytes(text);
}

/* ---- a report ---- */

static const char *find_fault(const json_t *report)
{
	static const char *const names[] = { "result", "fields", "error", "progress" };
	const json_t *fields = json_object_get(report, "fields");
	const json_t *error = json_object_get(report, "error");
	const json_t *progress = json_object_get(report, "progress");
	size_t known = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		known += json_object_get(report, names[i]) != NULL;
	if (known != json_object_size(report))
		return "it has other members than result, fields, error and progress";
	if (fields && !json_is_object(fields))
		return "fields must be an object";
	if (error && !json_is_string(error))
		return "error must be a string";
	if (progress && result_size(progress) > PROGRESS_MAX)
		return "progress has more than 4096 bytes";
	return NULL;
}

static json_t *member(const json_t *report, const char *name)
{
	return json_incref(json_object_get(report, name));
}

/* Without a valid report, *outcome is a failure, which a failed command replaces. */
static void take_report(struct outcome *outcome, struct str text)
{
	struct err err = { 0 };
	json_t *report = NULL;
	const char *fault;

	if (is_empty(text))
		return;
	if (!json_parse_object(&report, text, &err)) {
		outcome_fail(outcome, false, "The report of the command is not valid: %s",
			err_text(&err));
		return;
	}
	fault = find_fault(report);
	if (fault) {
		outcome_fail(outcome, false, "The report of the command is not valid: %s.", fault);
	} else {
		outcome->result = member(report, "result");
		outcome->fields = member(report, "fields");
		outcome->error = member(report, "error");
		outcome->progress = member(report, "progress");
	}
	json_decref(report);
}

/* ---- the exit status ---- */

static json_t *status_error(int status)
{
	const char *name;

	if (!WIFSIGNALED(status))
		return text_json("The command exited with status %d.", WEXITSTATUS(status));
	name = sigabbrev_np(WTERMSIG(status));
	return text_json("The command was killed by signal %d (%s%s).", WTERMSIG(status),
		name ? "SIG" : "", name ? name : "unknown");
}

static void fail(struct outcome *outcome, int status, const struct log_lines *log)
{
	outcome->kind = OUTCOME_FAIL;
	outcome->retryable = !WIFEXITED(status) || WEXITSTATUS(status) != RESULT_EXIT_FINAL;
	if (!outcome->error)
		outcome->error = log_lines_last(log);
	if (!outcome->error)
		outcome->error = status_error(status);
}

static void succeed(struct outcome *outcome, const struct output *output, bool report)
{
	if (outcome->kind == OUTCOME_FAIL)
		return;
	if (output->too_long && report)
		outcome_fail(outcome, false, "The command printed more than %zu bytes of report.",
			REPORT_MAX);
	else if (output->too_long || (outcome->result && result_size(outcome->result) > RESULT_MAX))
		outcome_fail(outcome, false, "The command printed more than %zu bytes of result.",
			RESULT_MAX);
	else
		outcome->kind = OUTCOME_COMPLETE;
}

void result_set(struct outcome *outcome, int status, const struct output *output, bool report,
	const struct log_lines *log)
{
	bool success = WIFEXITED(status) && WEXITSTATUS(status) == 0;
	struct str text = buf_str(&output->bytes);

	outcome_free(outcome);
	if (report && !output->too_long)
		take_report(outcome, text);
	else if (success && !output->too_long)
		outcome->result = output_json(text);
	if (!success && outcome->kind == OUTCOME_FAIL)
		outcome_free(outcome);
	if (success) {
		succeed(outcome, output, report);
	} else if (WIFEXITED(status) && WEXITSTATUS(status) == RESULT_EXIT_RELEASE) {
		outcome->kind = OUTCOME_RELEASE;
		outcome->delay_seconds = RELEASE_DELAY_S;
	} else {
		fail(outcome, status, log);
	}
}
