/* Counts of tasks in a vector: the questions in its op, and a result (HACKING, VECTORS). */
#include "dialect/vector.h"

json_t *vector_stats(const struct op_stats *stats)
{
	json_t *json = json_object(), *names = json_array(), *kinds = json_array();

	for (size_t i = 0; i < stats->dialect_count; i++)
		json_array_append_new(names, json_string(dialect_code_name(stats->dialects[i])));
	for (size_t i = 0; i < stats->kind_count; i++)
		json_array_append_new(
			kinds, json_stringn(stats->kinds[i].ptr, stats->kinds[i].len));
	json_object_set_new(json, "dialects", names);
	json_object_set_new(json, "kinds", kinds);
	json_object_set_new(json, "limit", json_integer(stats->limit));
	return json;
}

json_t *vector_series(const struct op_series *series)
{
	const struct series_times *times = &series->times;
	json_t *names = json_array();

	for (size_t i = 0; i < series->dialect_count; i++)
		json_array_append_new(names, json_string(dialect_code_name(series->dialects[i])));
	return json_pack("{so sI sI si}", "dialects", names, "from", (json_int_t)times->from,
		"step_ms", (json_int_t)times->step_ms, "steps", (int)times->steps);
}

static void fill_counts(const json_t *numbers, uint64_t *counts)
{
	for (size_t i = 0; i < json_array_size(numbers); i++)
		counts[i] = (uint64_t)json_integer_value(json_array_get(numbers, i));
}

static void fill_row(const json_t *json, struct series_row *row)
{
	*row = (struct series_row){ 0 };
	row->dialect = dialect_by_name(json_str(json_object_get(json, "dialect")))->code;
	fill_counts(json_object_get(json, "created"), row->counts[SERIES_CREATED]);
	fill_counts(json_object_get(json, "succeeded"), row->counts[SERIES_SUCCEEDED]);
	fill_counts(json_object_get(json, "failed"), row->counts[SERIES_FAILED]);
	fill_counts(json_object_get(json, "cancelled"), row->counts[SERIES_CANCELLED]);
}

void vector_fill_series(struct vector *vector, json_t *series, struct result *result)
{
	json_t *items = NULL;
	json_int_t from, step_ms;
	struct series_answer *answer;
	json_error_t error;
	int exact, steps;

	if (!series)
		return;
	if (json_unpack_ex(series, &error, 0, "{sb, sI, sI, si, so !}", "exact", &exact, "from",
		    &from, "step_ms", &step_ms, "steps", &steps, "items", &items) != 0)
		fail_msg("series: %s", error.text);
	answer = vector_alloc(vector, sizeof(*answer));
	*answer = (struct series_answer){
		.rows = vector_alloc(vector, (json_array_size(items) + 1) * sizeof(*answer->rows)),
		.count = json_array_size(items),
		.times = { from, step_ms, (unsigned)steps },
		.exact = exact,
		.at = VECTOR_NOW,
	};
	for (size_t i = 0; i < answer->count; i++)
		fill_row(json_array_get(items, i), &answer->rows[i]);
	result->series = answer;
}
