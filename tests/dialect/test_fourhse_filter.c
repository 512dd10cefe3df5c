/* Filters of 4HSE that no index answers: which tasks match. */
#include "dialect/fourhse/condition.h"
#include "lib/check.h"

#define DAY_MS 86400000

/* Reads a filter and tests the task of every case with it. */
static bool matches(const char *filter, const struct task *task)
{
	struct arena arena = { 0 };
	struct list_query list = { 0 };
	struct err err = { 0 };
	json_t *json;
	bool match;

	must(json_parse_strict(&json, str_cstr(filter), &err), &err);
	must(fourhse_parse_filter(&list, json, &arena, &err), &err);
	json_decref(json);
	assert_non_null(list.test);
	match = list.test(list.test_data, task);
	arena_free(&arena);
	return match;
}

static void init_task(struct task *task)
{
	*task = (struct task){ .dialect = DIALECT_CODE_fourhse,
		.status = STR("In Progress"),
		.created = DAY_MS,
		.updated = 3 * (int64_t)DAY_MS };
	task_set_field(task, (struct field){ STR("handler"), STR("\"ExportHandler\"") });
	task_set_field(task, (struct field){ STR("entity_id"), STR("null") });
	task_set_field(task,
		(struct field){ STR("task_id"), STR("\"c62ad146-ccf4-11e5-9956-625662870761\"") });
	task_set_field(
		task, (struct field){ STR("request"),
			      STR("\"{\\\"a\\\":\\\"n\\\\nm \\u00e9 \\ud83d\\ude00 aab\\\"}\"") });
}

struct filter_case {
	const char *filter;
	bool match;
};

static void check_cases(const struct filter_case *cases)
{
	struct task task;

	init_task(&task);
	for (; cases->filter; cases++) {
		if (matches(cases->filter, &task) != cases->match)
			fail_msg("%s", cases->filter);
	}
}

static void other_values_match_neq_and_nin(void **state)
{
	static const struct filter_case cases[] = {
		{ "{\"status\":{\"neq\":\"done\"}}", true },
		{ "{\"status\":{\"neq\":\"In Progress\"}}", false },
		{ "{\"status\":{\"nin\":[\"a\",\"In Progress\"]}}", false },
		{ "{\"handler\":{\"nin\":[]}}", true },
		{ "{\"handler\":{\"neq\":null}}", true },
		{ "{\"task_id\":{\"neq\":\"C62AD146-CCF4-11E5-9956-625662870761\"}}", false },
		{ NULL, false },
	};

	(void)state;
	check_cases(cases);
}

/* As in SQL: a comparison with null is neither true nor false. */
static void null_matches_no_comparison_with_a_value(void **state)
{
	static const struct filter_case cases[] = {
		{ "{\"entity_id\":{\"neq\":\"x\"}}", false },
		{ "{\"not\":{\"entity_id\":\"x\"}}", false },
		{ "{\"not\":{\"not\":{\"entity_id\":\"x\"}}}", false },
		{ "{\"entity_id\":{\"nin\":[\"x\"]}}", false },
		{ "{\"entity_id\":{\"neq\":\"NULL\"}}", false },
		{ "{\"entity_id\":{\"like\":\"\"}}", false },
		{ "{\"not\":{\"entity_id\":{\"like\":\"x\"}}}", false },
		{ "{\"or\":[{\"entity_id\":null},{\"handler\":\"x\"}]}", true },
		{ NULL, false },
	};

	(void)state;
	check_cases(cases);
}

static void like_finds_a_part_in_either_case(void **state)
{
	static const struct filter_case cases[] = {
		{ "{\"status\":{\"like\":\"PROG\"}}", true },
		{ "{\"status\":{\"like\":\"\"}}", true },
		{ "{\"status\":{\"like\":\"progx\"}}", false },
		{ "{\"handler\":{\"like\":\"%\"}}", false },
		{ "{\"handler\":{\"like\":\"thandler\"}}", true },
		{ "{\"handler\":{\"like\":\"\\\"\"}}", false },
		{ "{\"request\":{\"like\":\"{\\\"a\\\":\"}}", true },
		{ "{\"request\":{\"like\":\"n\\\\nm\"}}", true },
		{ "{\"request\":{\"like\":\"\\u00e9 \\ud83d\\ude00\"}}", true },
		{ "{\"request\":{\"like\":\"u00e9\"}}", false },
		{ "{\"request\":{\"like\":\"ab\"}}", true },
		{ NULL, false },
	};

	(void)state;
	check_cases(cases);
}

static void days_are_compared_whole(void **state)
{
	static const struct filter_case cases[] = {
		{ "{\"created_at\":{\"neq\":\"1970-01-02\"}}", false },
		{ "{\"created_at\":{\"neq\":\"1970-01-03\"}}", true },
		{ "{\"created_at\":{\"in\":[\"1970-01-01\",\"1970-01-02\"]}}", true },
		{ "{\"created_at\":{\"nin\":[\"1970-01-01\",\"1970-01-02\"]}}", false },
		{ "{\"created_at\":{\"in\":[]}}", false },
		{ "{\"not\":{\"created_at\":{\"gt\":\"1970-01-02\"}}}", true },
		{ "{\"not\":{\"created_at\":{\"gte\":\"1970-01-02\"}}}", false },
		{ "{\"or\":[{\"updated_at\":{\"lt\":\"1970-01-01\"}},"
		  "{\"updated_at\":{\"gte\":\"1970-01-04\"}}]}",
			true },
		{ NULL, false },
	};

	(void)state;
	check_cases(cases);
}

static void blocks_combine_their_parts(void **state)
{
	static const struct filter_case cases[] = {
		{ "{\"or\":[{\"status\":\"x\"},{\"handler\":\"ExportHandler\"}]}", true },
		{ "{\"or\":[{\"status\":\"x\",\"handler\":\"ExportHandler\"},"
		  "{\"handler\":\"x\"}]}",
			false },
		{ "{\"not\":{\"status\":\"x\",\"handler\":\"ExportHandler\"}}", true },
		{ "{\"not\":{\"or\":[{\"status\":\"x\"},{\"handler\":\"ExportHandler\"}]}}",
			false },
		{ "{\"or\":[{\"and\":[{\"status\":{\"like\":\"prog\"}},{\"entity_id\":null}]},"
		  "{\"handler\":\"x\"}]}",
			true },
		{ NULL, false },
	};

	(void)state;
	check_cases(cases);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(other_values_match_neq_and_nin),
		CHECK(null_matches_no_comparison_with_a_value),
		CHECK(like_finds_a_part_in_either_case),
		CHECK(days_are_compared_whole),
		CHECK(blocks_combine_their_parts),
	};

	return CHECK_RUN(tests);
}
