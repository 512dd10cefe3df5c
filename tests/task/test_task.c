#include <stdio.h>

#include "lib/check.h"
#include "task/op.h"
#include "task/right.h"
#include "task/task.h"

static const struct {
	const char *text;
	bool ok;
	unsigned rights;
} rights_texts[] = {
	{ "read", true, RIGHT_READ },
	{ "write", true, RIGHT_WRITE },
	{ "work", true, RIGHT_WORK },
	{ "admin", true, RIGHT_ADMIN },
	{ "read,write,work,admin", true, RIGHT_ALL },
	{ "work,read", true, RIGHT_READ | RIGHT_WORK },
	{ "read,read", true, RIGHT_READ },
	{ "", false, 0 },
	{ ",", false, 0 },
	{ "read,", false, 0 },
	{ ",read", false, 0 },
	{ "read,,write", false, 0 },
	{ "read, write", false, 0 },
	{ "Read", false, 0 },
	{ "reads", false, 0 },
	{ "rea", false, 0 },
	{ "all", false, 0 },
	{ "none", true, RIGHT_NONE },
	{ "none,read", false, 0 },
	{ "read,none", false, 0 },
	{ "None", false, 0 },
};

static void rights_are_parsed(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rights_texts) / sizeof(rights_texts[0]); i++) {
		unsigned rights = 99;

		assert_int_equal(
			rights_parse(&rights, str_cstr(rights_texts[i].text)), rights_texts[i].ok);
		assert_int_equal(rights, rights_texts[i].ok ? rights_texts[i].rights : 99);
	}
	assert_false(rights_parse(&(unsigned){ 0 }, STR_NULL));
}

static void rights_round_trip(void **state)
{
	char text[32];

	(void)state;
	for (unsigned rights = RIGHT_NONE; rights <= RIGHT_ALL; rights++) {
		unsigned again = 99;

		rights_format(rights, text, sizeof(text));
		assert_true(rights_parse(&again, str_cstr(text)));
		assert_int_equal(again, rights);
	}
	rights_format(RIGHT_NONE, text, sizeof(text));
	assert_string_equal(text, "none");
	memset(text, 'x', sizeof(text));
	rights_format(RIGHT_ALL, text, 8);
	assert_string_equal(text, "read,wr");
	assert_int_equal(text[8], 'x');
}

static void states_have_names(void **state)
{
	static const struct {
		enum task_state state;
		const char *name;
		bool final;
	} rows[] = {
		{ TASK_PENDING, "pending", false },
		{ TASK_RUNNING, "running", false },
		{ TASK_SUCCEEDED, "succeeded", true },
		{ TASK_FAILED, "failed", true },
		{ TASK_CANCELLED, "cancelled", true },
	};

	(void)state;
	assert_int_equal(sizeof(rows) / sizeof(rows[0]), TASK_STATES - 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_string_equal(task_state_name(rows[i].state), rows[i].name);
		assert_int_equal(task_state_parse(str_cstr(rows[i].name)), rows[i].state);
		assert_int_equal(task_state_is_final(rows[i].state), rows[i].final);
	}
	assert_int_equal(task_state_parse(STR("none")), TASK_STATE_NONE);
	assert_int_equal(task_state_parse(STR("")), TASK_STATE_NONE);
	assert_int_equal(task_state_parse(STR("Pending")), TASK_STATE_NONE);
	assert_string_equal(task_state_name(TASK_STATES), "none");
	assert_false(task_state_is_final(TASK_STATE_NONE));
}

/* The numbers are in records on disk. */
static void state_numbers_never_change(void **state)
{
	(void)state;
	assert_int_equal(TASK_PENDING, 1);
	assert_int_equal(TASK_RUNNING, 2);
	assert_int_equal(TASK_SUCCEEDED, 3);
	assert_int_equal(TASK_FAILED, 4);
	assert_int_equal(TASK_CANCELLED, 5);
}

static void state_changes_set_times(void **state)
{
	static const struct {
		enum task_state state;
		int64_t now;
		struct optional_time started, finished;
	} steps[] = {
		{ TASK_PENDING, 10, { 0 }, { 0 } },
		{ TASK_RUNNING, 20, { 21 }, { 0 } },
		{ TASK_RUNNING, 30, { 21 }, { 0 } },
		{ TASK_SUCCEEDED, 40, { 21 }, { 41 } },
		{ TASK_SUCCEEDED, 50, { 21 }, { 41 } },
		{ TASK_FAILED, 60, { 21 }, { 41 } },
		{ TASK_PENDING, 70, { 21 }, { 0 } },
		{ TASK_CANCELLED, 80, { 21 }, { 81 } },
		{ TASK_RUNNING, 90, { 21 }, { 0 } },
	};
	struct task task = { 0 }, ended = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		task_set_state(&task, steps[i].state, steps[i].now);
		assert_int_equal(task.state, steps[i].state);
		assert_int_equal(task.started.successor, steps[i].started.successor);
		assert_int_equal(task.finished.successor, steps[i].finished.successor);
	}
	task_set_state(&ended, TASK_FAILED, 5);
	assert_false(optional_time_is_set(ended.started));
	assert_int_equal(optional_time_ms(ended.finished), 5);
}

static char names[TASK_FIELDS_MAX + 1][8];

static struct str name_of(size_t i)
{
	snprintf(names[i], sizeof(names[i]), "f%zu", i);
	return str_cstr(names[i]);
}

static void fields_are_set_and_removed(void **state)
{
	struct task task = { 0 };

	(void)state;
	assert_true(task_set_field(&task, (struct field){ STR("a"), STR("1") }));
	assert_true(task_set_field(&task, (struct field){ STR("b"), STR("2") }));
	assert_true(task_set_field(&task, (struct field){ STR("c"), STR("3") }));
	assert_true(task_set_field(&task, (struct field){ STR("b"), STR("\"\"") }));
	assert_int_equal(task.field_count, 3);
	assert_str(task_field(&task, STR("b")), "\"\"");
	assert_str(task.fields[1].name, "b");
	assert_null(task_field(&task, STR("B")).ptr);
	assert_null(task_field(&task, STR("")).ptr);
	assert_true(task_set_field(&task, (struct field){ STR("a"), STR("") }));
	assert_int_equal(task.field_count, 2);
	assert_null(task_field(&task, STR("a")).ptr);
	assert_str(task.fields[0].name, "b");
	assert_str(task.fields[1].name, "c");
	assert_true(task_set_field(&task, (struct field){ STR("absent"), STR("") }));
	assert_int_equal(task.field_count, 2);
}

static void fields_are_limited(void **state)
{
	struct task task = { 0 };

	(void)state;
	for (size_t i = 0; i < TASK_FIELDS_MAX; i++)
		assert_true(task_set_field(&task, (struct field){ name_of(i), STR("1") }));
	assert_false(task_set_field(&task, (struct field){ name_of(TASK_FIELDS_MAX), STR("1") }));
	assert_true(task_set_field(&task, (struct field){ name_of(TASK_FIELDS_MAX), STR("") }));
	assert_true(task_set_field(&task, (struct field){ name_of(63), STR("2") }));
	assert_int_equal(task.field_count, TASK_FIELDS_MAX);
	assert_true(task_set_field(&task, (struct field){ name_of(63), STR("") }));
	assert_true(task_set_field(&task, (struct field){ name_of(0), STR("") }));
	assert_int_equal(task.field_count, TASK_FIELDS_MAX - 2);
	assert_str(task.fields[0].name, "f1");
	assert_str(task.fields[TASK_FIELDS_MAX - 3].name, "f62");
}

/* An empty json means "remove", which applies to the task, not to the change. */
static void change_keeps_removals(void **state)
{
	struct change change = { 0 };

	(void)state;
	assert_true(change_set_field(&change, STR("a"), STR("1")));
	assert_true(change_set_field(&change, STR("b"), STR("")));
	assert_true(change_set_field(&change, STR("a"), STR("2")));
	assert_int_equal(change.field_count, 2);
	assert_str(change.fields[0].json, "2");
	assert_str(change.fields[1].name, "b");
	assert_str(change_field(&change, STR("a")), "2");
	assert_non_null(change_field(&change, STR("b")).ptr);
	assert_int_equal(change_field(&change, STR("b")).len, 0);
	assert_null(change_field(&change, STR("c")).ptr);
	for (size_t i = 2; i < TASK_FIELDS_MAX; i++)
		assert_true(change_set_field(&change, name_of(i), STR("1")));
	assert_false(change_set_field(&change, STR("more"), STR("1")));
	assert_false(change_set_field(&change, STR("more"), STR("")));
	assert_true(change_set_field(&change, STR("a"), STR("3")));
	assert_int_equal(change.field_count, TASK_FIELDS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(rights_are_parsed),
		CHECK(rights_round_trip),
		CHECK(states_have_names),
		CHECK(state_numbers_never_change),
		CHECK(state_changes_set_times),
		CHECK(fields_are_set_and_removed),
		CHECK(fields_are_limited),
		CHECK(change_keeps_removals),
	};

	return CHECK_RUN(tests);
}
