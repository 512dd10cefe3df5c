/* The result of OP_HEALTH in a vector (HACKING, VECTORS). */
#include "dialect/vector.h"

static enum health_kind kind_of(const char *name)
{
	static const char *const names[] = {
		[HEALTH_NUMBER] = "number",
		[HEALTH_BYTES] = "bytes",
		[HEALTH_DURATION] = "duration",
		[HEALTH_TIME] = "time",
		[HEALTH_SHARE] = "share",
		[HEALTH_FLAG] = "flag",
		[HEALTH_STATE] = "state",
		[HEALTH_ERROR] = "error",
	};
	size_t i = 0;

	while (i < sizeof(names) / sizeof(names[0]) && strcmp(names[i], name) != 0)
		i++;
	if (i == sizeof(names) / sizeof(names[0]))
		fail_msg("health: no kind %s", name);
	return (enum health_kind)i;
}

static void fill_check(json_t *json, struct health_check *check)
{
	json_int_t value = 0;
	const char *kind;
	json_error_t error;

	*check = (struct health_check){ 0 };
	if (json_unpack_ex(json, &error, 0, "{ss, ss, ss, s?I, s?s, s?s, s?s !}", "name",
		    &check->name, "text", &check->help, "kind", &kind, "value", &value, "unit",
		    &check->unit, "word", &check->word, "advice", &check->advice) != 0)
		fail_msg("health: %s", error.text);
	check->kind = kind_of(kind);
	check->value = (uint64_t)value;
}

void vector_fill_health(struct vector *vector, const json_t *checks, struct result *result)
{
	struct health_answer *answer;

	if (!checks)
		return;
	answer = vector_alloc(vector, sizeof(*answer));
	*answer = (struct health_answer){ .count = json_array_size(checks), .at = VECTOR_NOW };
	assert_in_range(answer->count, 0, HEALTH_CHECKS_MAX);
	for (size_t i = 0; i < answer->count; i++) {
		fill_check(json_array_get(checks, i), &answer->checks[i]);
		answer->attention |= answer->checks[i].advice != NULL;
	}
	result->health = answer;
}
