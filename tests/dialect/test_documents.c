/* The native API's document and the tables of the dialects. */
#include <stdio.h>
#include <stdlib.h>

#include "dialect/dialect.h"
#include "http/json.h"
#include "lib/check.h"

static json_t *open_document(void)
{
	const char *source = getenv("top_srcdir");
	char path[256];
	json_t *json;

	snprintf(path, sizeof(path), "%s/src/dialect/native/openapi.json", source ? source : ".");
	json = json_load_file(path, 0, NULL);
	assert_non_null(json);
	return json;
}

static bool has_parameter(json_t *document, const char *name)
{
	json_t *parameters = json_object_get(json_object_get(document, "components"), "parameters");
	const char *key;
	json_t *value;

	json_object_foreach (parameters, key, value) {
		if (strcmp(json_string_value(json_object_get(value, "name")), name) == 0)
			return true;
	}
	return false;
}

static void every_indexed_field_is_a_parameter(void **state)
{
	json_t *document = open_document();

	(void)state;
	for (size_t i = 0; dialects[i]; i++) {
		const struct index_field *field = dialects[i]->index_fields;

		for (; field->source; field++) {
			char name[80];

			if (field->source != INDEX_FIELD || field->unindexed)
				continue;
			snprintf(name, sizeof(name), "fields.%s", field->name);
			if (!has_parameter(document, name))
				fail_msg("%s has no parameter %s", dialects[i]->name, name);
		}
	}
	json_decref(document);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(every_indexed_field_is_a_parameter),
	};

	return CHECK_RUN(tests);
}
