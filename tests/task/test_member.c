/* The table of the task's members: its order, and that changes and comparisons follow it. */
#include "lib/check.h"
#include "task/member.h"

static void rows_are_in_their_groups(void **state)
{
	(void)state;
	for (size_t i = 0; i < MEMBERS; i++) {
		const struct member_row *row = &task_members[i];

		assert_non_null(row->name);
		assert_in_range(row->since, 1, UINT8_MAX);
		if (i < MEMBER_FIRST_NUMBER)
			assert_in_range(row->type, TYPE_ID, TYPE_STATE);
		else if (i < MEMBER_FIRST_TEXT)
			assert_in_range(row->type, TYPE_INT32, TYPE_FAILURE);
		else
			assert_in_range(row->type, TYPE_TEXT, TYPE_POLICY);
	}
}

static void names_are_unique(void **state)
{
	(void)state;
	for (size_t i = 0; i < MEMBERS; i++) {
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(task_members[i].name, task_members[j].name);
	}
}

static void every_change_bit_has_one_row(void **state)
{
	unsigned seen = 0;

	(void)state;
	for (size_t i = 0; i < MEMBERS; i++) {
		assert_int_equal(seen & task_members[i].change, 0);
		seen |= task_members[i].change;
	}
	assert_int_equal(seen, CHANGE_PRIORITY | CHANGE_NOT_BEFORE | CHANGE_MAX_ATTEMPTS |
				       CHANGE_ARCHIVED | CHANGE_ERROR | CHANGE_PROGRESS |
				       CHANGE_KIND | CHANGE_RESULT | CHANGE_POLICY);
}

/* Writes a value other than zero: 1, true, an id or a text. */
static void set_value(void *at, const struct member_row *row)
{
	static const unsigned char number[sizeof(struct id)] = { 1 };
	static const struct str text = STR("1");

	if (row->type < TYPE_TEXT)
		memcpy(at, number, row->size);
	else
		memcpy(at, &text, sizeof(text));
}

static void each_change_makes_a_difference(void **state)
{
	struct err err = { 0 };

	(void)state;
	for (size_t i = 0; i < MEMBERS; i++) {
		const struct member_row *row = &task_members[i];
		struct change change = { .set = row->change };
		struct task before = { 0 }, after = { 0 };

		if (!row->change)
			continue;
		set_value((char *)&change + row->change_offset, row);
		must(task_apply_change(&after, &change, 1, &err), &err);
		assert_false(task_equal(&before, &after));
		must(task_apply_change(&before, &change, 1, &err), &err);
		assert_true(task_equal(&before, &after));
	}
}

static void unset_members_are_left_alone(void **state)
{
	struct change change = { .priority = 1, .max_attempts = 2, .archived = true };
	struct task before = { 0 }, after = { 0 };
	struct err err = { 0 };

	(void)state;
	must(task_apply_change(&after, &change, 1, &err), &err);
	assert_true(task_equal(&before, &after));
}

static void state_status_and_fields_count(void **state)
{
	struct task a = { .state = TASK_RUNNING, .status = STR("running") }, b = a;

	(void)state;
	assert_true(task_equal(&a, &b));
	b.status = STR("dispatched");
	assert_false(task_equal(&a, &b));
	b = a;
	b.state = TASK_FAILED;
	assert_false(task_equal(&a, &b));
	b = a;
	assert_true(task_set_field(&b, (struct field){ STR("log"), STR("1") }));
	assert_false(task_equal(&a, &b));
	assert_true(task_set_field(&a, (struct field){ STR("log"), STR("2") }));
	assert_false(task_equal(&a, &b));
}

static void times_and_revision_do_not_count(void **state)
{
	struct task a = { .revision = 1, .updated = 1 }, b = { .revision = 2, .updated = 2 };

	(void)state;
	assert_true(task_equal(&a, &b));
}

static void identical_tasks_agree_in_every_member(void **state)
{
	(void)state;
	for (size_t i = 0; i < MEMBERS; i++) {
		struct task a = { 0 }, b = { 0 };

		set_value(member_at(&b, &task_members[i]), &task_members[i]);
		assert_int_equal(task_identical(&a, &b), task_members[i].local);
		set_value(member_at(&a, &task_members[i]), &task_members[i]);
		assert_true(task_identical(&a, &b));
	}
}

static void identical_tasks_agree_in_their_fields(void **state)
{
	struct task a = { 0 }, b = { 0 };

	(void)state;
	assert_true(task_set_field(&b, (struct field){ STR("log"), STR("1") }));
	assert_false(task_identical(&a, &b));
	assert_true(task_set_field(&a, (struct field){ STR("log"), STR("1") }));
	assert_true(task_identical(&a, &b));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CHECK(rows_are_in_their_groups),
		CHECK(names_are_unique),
		CHECK(every_change_bit_has_one_row),
		CHECK(each_change_makes_a_difference),
		CHECK(unset_members_are_left_alone),
		CHECK(state_status_and_fields_count),
		CHECK(times_and_revision_do_not_count),
		CHECK(identical_tasks_agree_in_every_member),
		CHECK(identical_tasks_agree_in_their_fields),
	};

	return CHECK_RUN(tests);
}
