/* The requests of workers in a vector's op (HACKING, VECTORS). */
#include <stdio.h>

#include "dialect/vector_json.h"

static const char *const reports[] = {
	[REPORT_HEARTBEAT] = "heartbeat",
	[REPORT_COMPLETE] = "complete",
	[REPORT_FAIL] = "fail",
	[REPORT_RELEASE] = "release",
	[REPORT_RETRY] = "retry",
	[REPORT_LOCK] = "lock",
	[REPORT_RETRIES] = "retries",
};

static void set_filter(json_t *json, const uint8_t *codes, size_t code_count,
	const struct str *task_kinds, size_t kind_count)
{
	json_t *names = json_array(), *kind_names = json_array();

	for (size_t i = 0; i < code_count; i++)
		json_array_append_new(names, json_string(dialect_code_name(codes[i])));
	for (size_t i = 0; i < kind_count; i++)
		json_array_append_new(kind_names, json_of_text(&task_kinds[i]));
	if (code_count > 0)
		json_object_set(json, "dialects", names);
	if (kind_count > 0)
		json_object_set(json, "kinds", kind_names);
	json_decref(names);
	json_decref(kind_names);
}

/* "topics": [{dialect, kind, lease_ms}]; no kind: all kinds */
static void set_topics(json_t *json, const struct op_claim *claim)
{
	json_t *topics = json_array();

	for (size_t i = 0; i < claim->topic_count; i++) {
		const struct claim_topic *topic = &claim->topics[i];
		json_t *object = json_object();

		set_str(object, "dialect", str_cstr(dialect_code_name(topic->dialect)));
		if (topic->kind.ptr)
			set_str(object, "kind", topic->kind);
		set_number(object, "lease_ms", topic->lease_ms);
		json_array_append_new(topics, object);
	}
	if (claim->topic_count > 0)
		json_object_set(json, "topics", topics);
	json_decref(topics);
}

json_t *vector_claim(const struct op_claim *claim)
{
	json_t *object = json_object();

	set_filter(object, claim->dialects, claim->dialect_count, claim->kinds, claim->kind_count);
	set_topics(object, claim);
	if (claim->matches_none)
		json_object_set_new(object, "matches_none", json_true());
	if (claim->waits_if_drained)
		json_object_set_new(object, "waits_if_drained", json_true());
	if (claim->as_before)
		json_object_set_new(object, "as_before", json_true());
	if (claim->worker.len > 0)
		set_str(object, "worker", claim->worker);
	set_number(object, "max", claim->max);
	set_number(object, "lease_ms", claim->lease_ms);
	set_number(object, "confirm_ms", claim->confirm_ms);
	return object;
}

json_t *vector_report(const struct op_report *report)
{
	json_t *object = json_object();
	bool by_token = report->kind <= REPORT_RELEASE && report->holder.len == 0;
	char token[17];

	snprintf(token, sizeof(token), "%016llx", (unsigned long long)report->token);
	set_str(object, "kind", str_cstr(reports[report->kind]));
	if (by_token && !report->any_holder)
		set_str(object, "token", str_cstr(token));
	if (report->holder.len > 0)
		set_str(object, "holder", report->holder);
	if (report->any_holder)
		json_object_set_new(object, "any_holder", json_true());
	if (report->sets_retries)
		json_object_set_new(object, "sets_retries", json_true());
	if (report->sets_retries || report->kind == REPORT_RETRIES)
		json_object_set_new(object, "retries", json_integer(report->retries));
	set_number(object, "lease_ms", report->lease_ms);
	set_number(object, "least_ms", report->least_ms);
	if (report->is_final)
		json_object_set_new(object, "is_final", json_true());
	if (optional_time_is_set(report->delay))
		json_object_set_new(object, "delay", json_of_time(&report->delay));
	if (report->log.len > 0)
		json_object_set_new(object, "log", json_of_json(&report->log));
	return object;
}

json_t *vector_retry(const struct op_retry *retry)
{
	json_t *object = json_object(), *failures = json_array();

	set_filter(object, retry->dialects, retry->dialect_count, retry->kinds, retry->kind_count);
	for (int i = FAILURE_NONE + 1; i < TASK_FAILURES; i++) {
		if (retry->failures & 1U << i)
			json_array_append_new(
				failures, json_string(task_failure_name((enum task_failure)i)));
	}
	if (retry->failures)
		json_object_set(object, "failures", failures);
	json_decref(failures);
	set_number(object, "finished_from", (uint64_t)retry->finished.from);
	if (optional_time_is_set(retry->finished.to))
		json_object_set_new(object, "finished_to", json_of_time(&retry->finished.to));
	set_number(object, "max", retry->max);
	if (retry->after.len > 0)
		set_str(object, "after", retry->after);
	return object;
}

void vector_fill_claimed(struct vector *vector, const json_t *claimed, struct result *result)
{
	result->claimed_count = json_array_size(claimed);
	result->claimed = vector_alloc(
		vector, (result->claimed_count + 1) * sizeof(*result->claimed));
	for (size_t i = 0; i < result->claimed_count; i++)
		vector_fill_task(vector, json_array_get(claimed, i), &result->claimed[i].task);
}
