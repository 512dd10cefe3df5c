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

void vector_fill_entry(struct vector *vector, json_t *json, struct journal_entry *entry)
{
	const char *event, *from = "", *to = "", *actor = VECTOR_USER, *request = "", *worker = "",
			   *status = "", *place = "1-1", *id = VECTOR_NEW_ID, *dialect = "",
			   *kind = "";
	json_int_t at = VECTOR_NOW, revision = 1, attempt = 0, number = 0;
	json_t *failure = NULL, *log = NULL, *task = NULL;
	struct feed_place of;
	json_error_t error;

	if (json_unpack_ex(json, &error, 0,
		    "{s:s, s?s, s?s, s?I, s?I, s?I, s?s, s?s, s?s, s?s, s?o, s?o, s?s, s?s, s?s, "
		    "s?s, s?I, s?o !}",
		    "event", &event, "from", &from, "to", &to, "at", &at, "revision", &revision,
		    "attempt", &attempt, "actor", &actor, "request", &request, "worker", &worker,
		    "status", &status, "error", &failure, "log", &log, "place", &place, "id", &id,
		    "dialect", &dialect, "kind", &kind, "number", &number, "task", &task) != 0)
		fail_msg("history: %s", error.text);
	assert_true(feed_place_parse(&of, str_cstr(place)));
	*entry = (struct journal_entry){ .event = event_by_name(event),
		.number = of.number,
		.epoch = of.epoch,
		.dialect = dialect_code_by_name(str_cstr(dialect)),
		.kind = str_cstr(kind),
		.task_number = (uint64_t)number,
		.from = task_state_parse(str_cstr(from)),
		.to = task_state_parse(str_cstr(to)),
		.at = at,
		.revision = (uint64_t)revision,
		.attempt = (uint32_t)attempt,
		.actor = str_cstr(actor),
		.request = str_cstr(request),
		.worker = str_cstr(worker),
		.status = str_cstr(status) };
	assert_true(id_parse(&entry->id, str_cstr(id)));
	if (failure)
		entry->error = json_text(failure, &vector->arena);
	if (log)
		entry->log = json_text(log, &vector->arena);
}

void vector_fill_history(struct vector *vector, json_t *json, struct result *result)
{
	if (!json)
		return;
	result->history_count = json_array_size(json);
	result->history = vector_alloc(
		vector, (result->history_count + 1) * sizeof(*result->history));
	for (size_t i = 0; i < result->history_count; i++)
		vector_fill_entry(vector, json_array_get(json, i), &result->history[i]);
}

/* [tasks, bytes, max_tasks, max_bytes] */
void vector_fill_usage(const json_t *usage, struct result *result)
{
	uint64_t *const numbers[] = { &result->usage.tasks, &result->usage.bytes,
		&result->usage.max_tasks, &result->usage.max_bytes };

	for (size_t i = 0; usage && i < sizeof(numbers) / sizeof(numbers[0]); i++)
		*numbers[i] = (uint64_t)json_integer_value(json_array_get(usage, i));
}
