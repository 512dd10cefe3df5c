/* The history of a task in a vector's result (HACKING, VECTORS). */
#include "dialect/vector.h"

static enum journal_event event_by_name(const char *name)
{
	for (int event = JOURNAL_NONE + 1; event < JOURNAL_EVENTS; event++) {
		if (strcmp(journal_event_name((enum journal_event)event), name) == 0)
			return (enum journal_event)event;
	}
	fail_msg("there is no event %s", name);
	return JOURNAL_NONE;
}

static void fill_entry(struct vector *vector, json_t *json, struct journal_entry *entry)
{
	const char *event, *from = "", *to, *actor = VECTOR_USER, *request = "", *worker = "",
			   *status = "";
	json_int_t at = VECTOR_NOW, revision = 1, attempt = 0;
	json_t *failure = NULL, *log = NULL;
	json_error_t error;

	if (json_unpack_ex(json, &error, 0,
		    "{s:s, s?s, s:s, s?I, s?I, s?I, s?s, s?s, s?s, s?s, s?o, s?o !}", "event",
		    &event, "from", &from, "to", &to, "at", &at, "revision", &revision, "attempt",
		    &attempt, "actor", &actor, "request", &request, "worker", &worker, "status",
		    &status, "error", &failure, "log", &log) != 0)
		fail_msg("history: %s", error.text);
	*entry = (struct journal_entry){ .event = event_by_name(event),
		.from = task_state_parse(str_cstr(from)),
		.to = task_state_parse(str_cstr(to)),
		.at = at,
		.revision = (uint64_t)revision,
		.attempt = (uint32_t)attempt,
		.actor = str_cstr(actor),
		.request = str_cstr(request),
		.worker = str_cstr(worker),
		.status = str_cstr(status) };
	if (failure)
		entry->error = json_text(failure, &vector->arena);
	if (log)
		entry->log = json_text(log, &vector->arena);
}

void vector_fill_history(struct vector *vector, json_t *history, struct result *result)
{
	if (!history)
		return;
	result->history_count = json_array_size(history);
	result->history = arena_alloc(
		&vector->arena, (result->history_count + 1) * sizeof(*result->history));
	assert_non_null(result->history);
	for (size_t i = 0; i < result->history_count; i++)
		fill_entry(vector, json_array_get(history, i), &result->history[i]);
}
