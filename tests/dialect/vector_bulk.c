/* Bulks in vectors (HACKING, VECTORS). */
#include "dialect/vector.h"
#include "dialect/vector_json.h"

void vector_fill_bulk(const json_t *json, struct outcome *outcome)
{
	struct bulk_answer *bulk = &outcome->bulk;
	const char *token = json_string_value(json_object_get(json, "token"));

	if (!json)
		return;
	bulk->count = (uint64_t)json_integer_value(json_object_get(json, "count"));
	bulk->is_dry_run = token != NULL;
	snprintf(bulk->token, sizeof(bulk->token), "%s", token ? token : "");
	outcome->result.bulk = bulk;
}

json_t *vector_bulk(const struct op_bulk *bulk)
{
	json_t *json = json_object();

	if (bulk->dry_run)
		json_object_set_new(json, "dry_run", json_true());
	if (bulk->token.len > 0)
		set_str(json, "token", bulk->token);
	set_str(json, "request", bulk->request);
	return json;
}
