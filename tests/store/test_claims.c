/* Which tasks a claim gives to a worker, and in which order. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "claim_fixture.h"
#include "libdb_leak.h"

/* ---- order ---- */

static void highest_priority_first_then_the_oldest(void **state)
{
	static const int32_t priorities[] = { 0, 5, 5, -1, INT32_MAX, INT32_MIN, 0 };
	struct op_claim claim = claim_any(3);
	struct store *store = *state;

	for (unsigned i = 0; i < 7; i++)
		claim_create(store, i + 1, NULL, priorities[i]);
	claim_expect(store, &claim, "5 2 3");
	claim_expect(store, &claim, "1 7 4");
	claim_expect(store, &claim, "6");
	claim_expect(store, &claim, "");
	fixture_verify(store, 7);
}

static void new_priority_moves_a_task(void **state)
{
	struct op op = fixture_op(OP_UPDATE, 3);
	struct op_claim claim = claim_any(10);
	struct store *store = *state;

	for (unsigned i = 1; i <= 3; i++)
		claim_create(store, i, NULL, 1);
	op.change.set = CHANGE_PRIORITY;
	op.change.priority = 2;
	claim_apply(store, &op);
	fixture_verify(store, 3);
	claim_expect(store, &claim, "3 1 2");
}

/* More tasks of one kind than the store reads at a time. */
static void one_claim_takes_many(void **state)
{
	struct op_claim claim = claim_any(CLAIM_TASKS_MAX);
	struct store *store = *state;
	char text[1000], want[1000] = "";
	size_t used = 0;

	for (unsigned i = 1; i <= 120; i++)
		claim_create(store, i, "a", 0);
	claim_numbers(store, &claim, CLAIM_NOW, text, sizeof(text));
	for (unsigned i = 1; i <= CLAIM_TASKS_MAX; i++)
		used += (size_t)snprintf(want + used, sizeof(want) - used, i > 1 ? " %u" : "%u", i);
	assert_string_equal(text, want);
	fixture_verify(store, 120);
}

/* So that its response is made in one turn. */
static void claim_of_large_tasks_ends_early(void **state)
{
	static char text[300000];
	const char *const expected[] = { "1 2 3 4", "5 6 7 8", "9", "" };
	struct op_claim claim = claim_any(CLAIM_TASKS_MAX);
	struct store *store = *state;

	memset(text, 'x', sizeof(text));
	text[0] = text[sizeof(text) - 1] = '"';
	for (unsigned i = 1; i <= 9; i++) {
		struct op op = fixture_op(OP_CREATE, i);

		assert_true(change_set_field(
			&op.change, STR("text"), (struct str){ text, sizeof(text) }));
		claim_apply(store, &op);
	}
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		claim_expect(store, &claim, expected[i]);
}

/* ---- kinds and dialects ---- */

static void claim_past_its_time_takes_one_task(void **state)
{
	struct op_claim claim = claim_any(100);
	struct op op = claim_op(&claim);
	struct result result = { 0 };
	struct err err = { 0 };

	for (unsigned i = 1; i <= 9; i++)
		claim_create(*state, i, NULL, 0);
	op.claim_until_us = 1;
	must(store_apply(*state, &op, &result, &err), &err);
	assert_int_equal(result.claimed_count, 1);
	store_result_free(&result);
	op.claim_until_us = INT64_MAX;
	must(store_apply(*state, &op, &result, &err), &err);
	assert_int_equal(result.claimed_count, 8);
	store_result_free(&result);
	fixture_verify(*state, 9);
}

static void create_of_dialect_b(struct store *store, unsigned number, const char *kind)
{
	struct op op = fixture_op(OP_CREATE, number);

	op.dialect = DIALECT_B;
	op.change.set = CHANGE_KIND;
	op.change.kind = str_cstr(kind);
	claim_apply(store, &op);
}

static void claim_expect_any_order(
	struct store *store, const struct op_claim *claim, const char *one, const char *other)
{
	char text[100];

	claim_numbers(store, claim, CLAIM_NOW, text, sizeof(text));
	if (strcmp(text, other) != 0)
		assert_string_equal(text, one);
}

static void claim_names_kinds_and_dialects(void **state)
{
	const struct str audio[] = { STR("audio") }, none[] = { STR("") };
	const struct str both[] = { STR("audio"), STR("video"), STR("no task") };
	struct op_claim claim = claim_kinds(10, audio, 1);
	struct store *store = *state;

	claim_create(store, 1, "video", 0);
	claim_create(store, 2, "audio", 0);
	claim_create(store, 3, NULL, 0);
	claim_create(store, 4, "audiobook", 9);
	create_of_dialect_b(store, 5, "audio");
	claim.dialects = (const uint8_t[]){ DIALECT_B };
	claim.dialect_count = 1;
	claim_expect(store, &claim, "5");
	claim_expect(store, &claim, "");
	claim = claim_kinds(10, none, 1);
	claim_expect(store, &claim, "3");
	claim = claim_kinds(10, both, 3);
	claim.dialects = (const uint8_t[]){ DIALECT_B, DIALECT_A };
	claim.dialect_count = 2;
	claim_expect_any_order(store, &claim, "1 2", "2 1");
	claim_expect(store, &claim, "");
	claim = claim_any(10);
	claim_expect(store, &claim, "4");
}

static void changed_kind_moves_a_task(void **state)
{
	const struct str video[] = { STR("video") }, audio[] = { STR("audio") };
	struct op_claim claim = claim_kinds(10, audio, 1);
	struct op op = fixture_op(OP_UPDATE, 1);
	struct store *store = *state;

	claim_create(store, 1, "audio", 0);
	op.change.set = CHANGE_KIND;
	op.change.kind = STR("video");
	claim_apply(store, &op);
	fixture_verify(store, 1);
	claim_expect(store, &claim, "");
	claim = claim_kinds(10, video, 1);
	claim_expect(store, &claim, "1");
}

/*
 * Claims 60 tasks one by one, optionally each after a claim of another worker. Counts the kinds:
 * the hundreds of the numbers.
 */
static void count_kinds(struct store *store, const struct op_claim *claim,
	const struct op_claim *other, unsigned counts[4])
{
	memset(counts, 0, 4 * sizeof(counts[0]));
	for (unsigned i = 0; i < 60; i++) {
		char text[12];

		if (other)
			claim_expect(store, other, "");
		claim_numbers(store, claim, CLAIM_NOW, text, sizeof(text));
		assert_int_not_equal(strlen(text), 0);
		counts[strtoul(text, NULL, 10) / 100]++;
	}
}

/* A kind that no claim in 60 begins with would fail here once in 10^7 runs. */
static void kinds_of_equal_priority_have_equal_chances(void **state)
{
	static const struct str names[] = { STR("0"), STR("1"), STR("2"), STR("3") };
	static const struct str no_task[] = { STR("no task") };
	const struct op_claim other = claim_kinds(1, no_task, 1);
	struct store *store = *state;
	unsigned counts[4];

	for (size_t kinds = 2; kinds <= 4; kinds++) {
		struct op_claim claim = claim_kinds(1, names, kinds);

		for (unsigned i = 0; i < 100 * kinds; i++) {
			struct op remove = fixture_op(OP_REMOVE, i);

			fixture_error(store, &remove);
			claim_create(store, i, names[i / 100].ptr, 0);
		}
		for (int beside = 0; beside < 2; beside++) {
			count_kinds(store, &claim, beside ? &other : NULL, counts);
			for (size_t i = 0; i < kinds; i++)
				assert_in_range(counts[i], 1, 59);
		}
	}
}

/* Also within one claim, and after the kinds of a higher priority. */
static void turns_begin_below_a_higher_priority(void **state)
{
	struct op_claim claim = claim_any(6);
	struct store *store = *state;
	char text[100];
	unsigned a = 0;

	for (unsigned i = 1; i <= 9; i++)
		claim_create(store, i, "a", 0);
	for (unsigned i = 11; i <= 12; i++)
		claim_create(store, i, "b", 1);
	for (unsigned i = 13; i <= 19; i++)
		claim_create(store, i, "b", 0);
	claim_numbers(store, &claim, CLAIM_NOW, text, sizeof(text));
	assert_memory_equal(text, "11 12 ", 6);
	for (const char *at = text + 6; at; at = strchr(at, ' ')) {
		at += *at == ' ';
		a += at[1] == ' ' || at[1] == '\0';
	}
	assert_int_equal(a, 2);
}

/* More kinds than one claim looks at. */
static void tasks_of_every_kind_are_claimed(void **state)
{
	struct op_claim claim = claim_any(CLAIM_TASKS_MAX);
	struct store *store = *state;
	uint8_t seen[301] = { 0 };
	char text[1000], kind[16];

	for (unsigned i = 1; i <= 300; i++) {
		snprintf(kind, sizeof(kind), "kind %u", i);
		claim_create(store, i, kind, 0);
	}
	for (unsigned i = 0; i < 3; i++) {
		char *rest = NULL;

		claim_numbers(store, &claim, CLAIM_NOW, text, sizeof(text));
		for (char *word = strtok_r(text, " ", &rest); word;
			word = strtok_r(NULL, " ", &rest))
			seen[strtoul(word, NULL, 10)]++;
	}
	for (unsigned i = 1; i <= 300; i++)
		assert_int_equal(seen[i], 1);
	fixture_verify(store, 300);
}

/* As many kinds as a claim looks at, and the one with a task behind them. */
static void kinds_without_a_task_do_not_count(void **state)
{
	static const uint8_t dialects[] = { DIALECT_B, DIALECT_B, DIALECT_B, DIALECT_B, DIALECT_A };
	struct str kinds[CLAIM_KINDS_MAX] = { 0 };
	char names[CLAIM_KINDS_MAX][16];
	struct op_claim claim = claim_kinds(2, kinds, CLAIM_KINDS_MAX);
	struct store *store = *state;

	for (int i = 0; i < CLAIM_KINDS_MAX; i++) {
		snprintf(names[i], sizeof(names[i]), "kind %d", i);
		kinds[i] = str_cstr(names[i]);
	}
	claim.dialects = dialects;
	claim.dialect_count = sizeof(dialects);
	claim_create(store, 1, "kind 7", 0);
	claim_create(store, 2, "kind 64", 0);
	claim_expect(store, &claim, "1");
}

/* ---- tasks that are not ready ---- */

static void set_archived(struct store *store, unsigned number, bool archived)
{
	struct op op = fixture_op(OP_UPDATE, number);

	op.change.set = CHANGE_ARCHIVED;
	op.change.archived = archived;
	claim_apply(store, &op);
}

static void pending_tasks_of_the_lists_are_ready(void **state)
{
	static const enum task_state states[] = { TASK_RUNNING, TASK_SUCCEEDED, TASK_FAILED,
		TASK_CANCELLED };
	struct op_claim claim = claim_any(10);
	struct op remove = fixture_op(OP_REMOVE, 6), archive = fixture_op(OP_ARCHIVE, 7);
	struct store *store = *state;

	for (unsigned i = 1; i <= 8; i++)
		claim_create(store, i, NULL, 0);
	for (unsigned i = 0; i < 4; i++)
		claim_set_state(store, i + 1, states[i]);
	set_archived(store, 5, true);
	claim_apply(store, &remove);
	claim_apply(store, &archive);
	fixture_verify(store, 7);
	claim_expect(store, &claim, "8");
	set_archived(store, 5, false);
	claim_set_state(store, 3, TASK_PENDING);
	fixture_verify(store, 7);
	claim_expect(store, &claim, "3 5");
}

static void other_tenants_have_their_own(void **state)
{
	struct op op = fixture_op(OP_CREATE, 2);
	struct op_claim claim = claim_any(10);
	struct store *store = *state;

	claim_create(store, 1, NULL, 0);
	op.tenant = STR("acme2");
	claim_apply(store, &op);
	claim_expect(store, &claim, "1");
	claim_expect(store, &claim, "");
}

static struct op create_later(unsigned number, int64_t not_before)
{
	struct op op = fixture_op(OP_CREATE, number);

	op.change.set = CHANGE_NOT_BEFORE;
	op.change.not_before = optional_time(not_before);
	return op;
}

static void delayed_task_is_ready_when_its_time_has_come(void **state)
{
	struct op_claim claim = claim_any(10);
	struct op op = create_later(1, CLAIM_NOW + 5000), past = create_later(2, 1);
	struct op sooner = fixture_op(OP_UPDATE, 3);
	struct store *store = *state;

	claim_apply(store, &op);
	claim_apply(store, &past);
	op = create_later(3, CLAIM_NOW + 9000);
	claim_apply(store, &op);
	claim_expect(store, &claim, "2");
	assert_int_equal(claim_run_due(store, CLAIM_NOW + 4999), 1); /* the lease of 2 */
	claim_set_state(store, 2, TASK_SUCCEEDED);
	assert_int_equal(claim_run_due(store, CLAIM_NOW + 5000), 1);
	fixture_verify(store, 3);
	claim_expect(store, &claim, "1");
	sooner.now = CLAIM_NOW;
	sooner.change.set = CHANGE_NOT_BEFORE;
	claim_apply(store, &sooner);
	claim_expect(store, &claim, "3");
	fixture_verify(store, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(highest_priority_first_then_the_oldest),
		ON_EVERY_ENGINE(new_priority_moves_a_task),
		ON_EVERY_ENGINE(one_claim_takes_many),
		ON_EVERY_ENGINE(claim_of_large_tasks_ends_early),
		ON_EVERY_ENGINE(claim_past_its_time_takes_one_task),
		ON_EVERY_ENGINE(claim_names_kinds_and_dialects),
		ON_EVERY_ENGINE(changed_kind_moves_a_task),
		ON_EVERY_ENGINE(kinds_of_equal_priority_have_equal_chances),
		ON_EVERY_ENGINE(turns_begin_below_a_higher_priority),
		ON_EVERY_ENGINE(tasks_of_every_kind_are_claimed),
		ON_EVERY_ENGINE(kinds_without_a_task_do_not_count),
		ON_EVERY_ENGINE(pending_tasks_of_the_lists_are_ready),
		ON_EVERY_ENGINE(other_tenants_have_their_own),
		ON_EVERY_ENGINE(delayed_task_is_ready_when_its_time_has_come),
	};

	return CHECK_RUN(tests);
}
