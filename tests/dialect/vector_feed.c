/* Events in vectors: the request for them, and their answer (HACKING, VECTORS). */
#include "dialect/vector_json.h"
#include "lib/check.h"

/* ---- the operation ---- */

static void add(json_t *json, const char *name, json_t *item)
{
	if (!json_object_get(json, name))
		json_object_set_new(json, name, json_array());
	json_array_append_new(json_object_get(json, name), item);
}

json_t *vector_filter(const struct feed_filter *filter)
{
	json_t *json = json_object();
	char id[ID_TEXT_LEN + 1];

	for (size_t i = 0; i < filter->dialect_count; i++)
		add(json, "dialects", json_string(dialect_code_name(filter->dialects[i])));
	for (size_t i = 0; i < filter->kind_count; i++)
		add(json, "kinds", json_of_text(&filter->kinds[i]));
	for (unsigned i = 1; i < TASK_STATES; i++) {
		if (filter->states & 1U << i)
			add(json, "states", json_string(task_state_name((enum task_state)i)));
	}
	for (unsigned i = 1; i < FEED_TYPES; i++) {
		if (filter->types & 1U << i)
			add(json, "types", json_string(feed_type_name((enum feed_type)i)));
	}
	for (size_t i = 0; i < filter->id_count; i++) {
		id_format(&filter->ids[i], id);
		add(json, "ids", json_string(id));
	}
	return json;
}

json_t *vector_feed(const struct op_feed *feed)
{
	static const char *const starts[] = {
		[FEED_FROM_FIRST] = "first", [FEED_FROM_NOW] = "now"
	};
	json_t *json = vector_filter(&feed->filter);
	char place[FEED_PLACE_SIZE];

	feed_place_format(&feed->after, place);
	json_object_set_new(json, "after",
		json_string(feed->start == FEED_FROM_PLACE ? place : starts[feed->start]));
	set_number(json, "limit", feed->limit);
	if (feed->with_tasks)
		json_object_set_new(json, "with_tasks", json_true());
	if (feed->is_stream)
		json_object_set_new(json, "is_stream", json_true());
	return json;
}

/* ---- the answer ---- */

void vector_fill_feed(struct vector *vector, json_t *json, struct result *result)
{
	struct feed_answer *answer;
	json_t *events, *event;
	json_error_t error;
	const char *next;
	int more = 0;
	size_t i;

	if (!json)
		return;
	if (json_unpack_ex(json, &error, 0, "{s:o, s:s, s?b !}", "events", &events, "next", &next,
		    "more", &more) != 0)
		fail_msg("feed: %s", error.text);
	answer = vector_alloc(vector, sizeof(*answer));
	*answer = (struct feed_answer){ .count = json_array_size(events), .more = more };
	answer->events = vector_alloc(vector, (answer->count + 1) * sizeof(*answer->events));
	assert_true(feed_place_parse(&answer->next, str_cstr(next)));
	json_array_foreach (events, i, event) {
		json_t *from = json_object_get(event, "task");
		struct task *task = NULL;

		if (from) {
			task = vector_alloc(vector, sizeof(*task));
			vector_fill_task(vector, from, task);
		}
		answer->events[i] = (struct feed_event){ .task = task };
		vector_fill_entry(vector, event, &answer->events[i].entry);
	}
	result->feed = answer;
}
