/* The question for counts of tasks in a vector's op (HACKING, VECTORS). */
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
