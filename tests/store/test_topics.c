/* Claims by topics: which tasks they get, and how long the leases are. */
#include <stdio.h>
#include <string.h>

#include "claim_fixture.h"
#include "libdb_leak.h"
#include "store/tasks/ready.h"

#define KIND(name) .kind = STR(name)

static struct op_claim claim_topics(unsigned max, const struct claim_topic *topics, size_t count)
{
	return (struct op_claim){
		.worker = STR("w1"), .max = max, .topics = topics, .topic_count = count
	};
}

static int64_t lease_of(struct store *store, unsigned number)
{
	struct task task = claim_read(store, number);

	assert_int_equal(
		optional_time_ms(task.lease.expires), CLAIM_NOW + (int64_t)task.lease.length_ms);
	return task.lease.length_ms;
}

static void create_of_dialect_b(struct store *store, unsigned number, const char *kind)
{
	struct op op = fixture_op(OP_CREATE, number);

	op.dialect = DIALECT_B;
	op.change.set = CHANGE_KIND;
	op.change.kind = str_cstr(kind);
	claim_apply(store, &op);
}

/* In place of the claim's own dialects, kinds and length. */
static void topics_name_dialects_kinds_and_leases(void **state)
{
	const struct claim_topic topics[] = {
		{ DIALECT_A, KIND("audio"), 1000 },
		{ DIALECT_B, KIND("audio"), 2000 },
		{ DIALECT_A, KIND(""), 3000 },
	};
	struct op_claim claim = claim_topics(1, topics, 3);
	struct store *store = *state;

	claim_create(store, 1, "audio", 9);
	create_of_dialect_b(store, 2, "audio");
	claim_create(store, 3, NULL, 7);
	claim_create(store, 4, "video", 99);
	create_of_dialect_b(store, 5, "video");
	claim.lease_ms = 5;
	claim_expect(store, &claim, "1");
	claim_expect(store, &claim, "3");
	claim_expect(store, &claim, "2");
	claim_expect(store, &claim, "");
	assert_int_equal(lease_of(store, 1), 1000);
	assert_int_equal(lease_of(store, 2), 2000);
	assert_int_equal(lease_of(store, 3), 3000);
	fixture_verify(store, 5);
}

static void first_topic_that_matches_gives_the_lease(void **state)
{
	const struct claim_topic topics[] = {
		{ DIALECT_A, KIND("audio"), 1000 },
		{ DIALECT_A, .lease_ms = 2000 },
		{ DIALECT_A, KIND("video"), 3000 },
	};
	struct op_claim claim = claim_topics(10, topics, 3);
	struct store *store = *state;

	claim_create(store, 1, "audio", 3);
	claim_create(store, 2, "video", 2);
	claim_create(store, 3, NULL, 1);
	claim_expect(store, &claim, "1 2 3");
	assert_int_equal(lease_of(store, 1), 1000);
	assert_int_equal(lease_of(store, 2), 2000);
	assert_int_equal(lease_of(store, 3), 2000);
	fixture_verify(store, 3);
}

/* A lease of 30 days is not cut, and a first lease is not longer than it. */
static void lease_has_the_length_of_its_topic(void **state)
{
	const struct claim_topic topics[] = { { DIALECT_A, KIND("audio"), UINT32_C(2592000000) },
		{ DIALECT_A, KIND("video"), 500 } };
	struct op_claim claim = claim_topics(1, topics, 1);
	struct store *store = *state;

	claim_create(store, 1, "audio", 0);
	claim_create(store, 2, "video", 0);
	claim_expect(store, &claim, "1");
	assert_int_equal(lease_of(store, 1), INT64_C(2592000000));
	claim = claim_topics(1, topics + 1, 1);
	claim.confirm_ms = 800;
	claim_expect(store, &claim, "2");
	assert_int_equal(lease_of(store, 2), 500);
}

static void unknown_dialects_and_kinds_match_nothing(void **state)
{
	const struct claim_topic topics[] = { { 99, .lease_ms = 1 }, { 99, KIND("audio"), 1 },
		{ DIALECT_A, KIND("audi"), 1 }, { DIALECT_B, .lease_ms = 1 } };
	const struct op_claim claim = claim_topics(10, topics, 4);
	struct store *store = *state;

	claim_create(store, 1, "audio", 0);
	claim_expect(store, &claim, "");
}

struct ranges {
	const struct op_claim *claim;
	size_t count, tasks;
};

static int step_count(struct store *store, void *data, struct err *err)
{
	struct ranges *ranges = data;
	struct ready ready;
	struct index_key entry;
	bool found = true;
	int rc = ready_begin(&ready, store, STR("acme"), ranges->claim, 1);

	(void)err;
	ranges->count = ready.count;
	ranges->tasks = 0;
	while (rc == 0 && found) {
		rc = ready_next(&ready, &entry, &found);
		ranges->tasks += rc == 0 && found;
	}
	ready_free(&ready);
	return rc;
}

/* Whatever topic the claim begins with. */
static void range_is_read_once(void **state)
{
	const struct claim_topic topics[] = {
		{ DIALECT_A, KIND("audio"), 1 },
		{ DIALECT_A, .lease_ms = 2 },
		{ DIALECT_A, KIND("video"), 3 },
		{ DIALECT_A, KIND("audio"), 4 },
		{ DIALECT_A, .lease_ms = 5 },
	};
	struct op_claim claim = claim_topics(1, topics, 5);
	struct ranges ranges = { .claim = &claim };
	struct store *store = *state;
	struct err err = { 0 };

	claim_create(store, 1, "audio", 0);
	claim_create(store, 2, "audio", 0);
	claim_create(store, 3, "video", 0);
	claim_create(store, 4, NULL, 0);
	for (int i = 0; i < 50; i++) {
		must(step_run(store, ENGINE_READ, step_count, &ranges, &err), &err);
		assert_int_equal(ranges.count, 3);
		assert_int_equal(ranges.tasks, 4);
	}
}

/*
 * A topic with more kinds than a claim looks at does not keep another one from its task for ever.
 * 40 claims in a row that begin with the first topic would fail here: once in 10^12 runs.
 */
static void many_kinds_do_not_hide_a_topic(void **state)
{
	const struct claim_topic topics[] = { { DIALECT_A, .lease_ms = 1000 },
		{ DIALECT_A, KIND("z"), 2000 } };
	struct op_claim claim = claim_topics(1, topics, 2);
	struct store *store = *state;
	char text[12] = "";

	for (unsigned i = 1; i <= 300; i++) {
		char kind[8];

		snprintf(kind, sizeof(kind), "k%u", i);
		claim_create(store, i, kind, 0);
	}
	claim_create(store, 1000, "z", 9);
	for (int i = 0; i < 40 && strcmp(text, "1000") != 0; i++)
		claim_numbers(store, &claim, CLAIM_NOW, text, sizeof(text));
	assert_string_equal(text, "1000");
	assert_int_equal(lease_of(store, 1000), 1000);
}

/* Several topics with ready tasks are counted as one claim's tasks. */
static void claim_ends_with_its_last_task(void **state)
{
	const struct claim_topic topics[] = { { DIALECT_B, .lease_ms = 1000 },
		{ DIALECT_A, .lease_ms = 2000 } };
	struct op_claim claim = claim_topics(2, topics, 2);
	struct store *store = *state;

	create_of_dialect_b(store, 1, "a");
	claim_create(store, 2, NULL, 5);
	claim_create(store, 3, NULL, 4);
	claim_expect(store, &claim, "2 3");
	claim_expect(store, &claim, "1");
	claim_expect(store, &claim, "");
}

/* The response to the claim was not delivered. */
static void claim_by_topic_is_undone(void **state)
{
	const struct claim_topic topics[] = { { DIALECT_A, .lease_ms = 60000 } };
	struct op_claim claim = claim_topics(1, topics, 1);
	struct store *store = *state;
	struct op op;

	claim_create(store, 1, NULL, 0);
	claim_expect(store, &claim, "1");
	op = claim_report(REPORT_UNDO, 1, claim_read(store, 1).lease.token);
	claim_apply(store, &op);
	assert_int_equal(claim_read(store, 1).attempt, 0);
	assert_int_equal(claim_read(store, 1).state, TASK_PENDING);
	claim_expect(store, &claim, "1");
	fixture_verify(store, 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(topics_name_dialects_kinds_and_leases),
		ON_EVERY_ENGINE(first_topic_that_matches_gives_the_lease),
		ON_EVERY_ENGINE(lease_has_the_length_of_its_topic),
		ON_EVERY_ENGINE(unknown_dialects_and_kinds_match_nothing),
		ON_EVERY_ENGINE(range_is_read_once),
		ON_EVERY_ENGINE(many_kinds_do_not_hide_a_topic),
		ON_EVERY_ENGINE(claim_ends_with_its_last_task),
		ON_EVERY_ENGINE(claim_by_topic_is_undone),
	};

	return CHECK_RUN(tests);
}
