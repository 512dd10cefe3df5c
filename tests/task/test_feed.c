/* What the feed makes of entries: places as texts, types, filters. */
#include "lib/check.h"
#include "task/feed.h"

/* ---- places ---- */

static void place_survives_its_text(void **state)
{
	static const struct feed_place places[] = { { 0, 0 }, { 1, 0 }, { 0xabcdef012345, 1042 },
		{ UINT64_MAX, UINT64_MAX } };

	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct feed_place place = { 7, 7 };
		char text[FEED_PLACE_SIZE];

		feed_place_format(&places[i], text);
		assert_true(strlen(text) < sizeof(text) - 1);
		assert_true(feed_place_parse(&place, str_cstr(text)));
		assert_true(place.epoch == places[i].epoch && place.number == places[i].number);
	}
}

static void other_texts_are_no_places(void **state)
{
	static const char *const texts[] = { "", "-", "1", "1-", "-1", "a", "1-a", "g-1", "A-1",
		"01-1", "1-01", "1-+1", "1--1", " 1-1", "1-1 ", "1-1-1", "0x1-1", "1-1\n",
		"11112222333344445-1", "1-18446744073709551616", "1-99999999999999999999999", "now",
		"first" };
	struct feed_place place = { 7, 8 };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (feed_place_parse(&place, str_cstr(texts[i])))
			fail_msg("%s is a place", texts[i]);
	}
	assert_false(feed_place_parse(&place, STR_NULL));
	assert_false(feed_place_parse(&place, (struct str){ "1-1\0"
							    "1",
						      5 }));
	assert_true(place.epoch == 7 && place.number == 8);
}

/* ---- types ---- */

static const struct {
	enum journal_event event;
	enum task_state from, to;
	const char *type;
} types[] = {
	{ JOURNAL_CREATED, TASK_STATE_NONE, TASK_PENDING, "task.created" },
	{ JOURNAL_CREATED, TASK_STATE_NONE, TASK_RUNNING, "task.created" },
	{ JOURNAL_CREATED, TASK_STATE_NONE, TASK_FAILED, "task.failed" },
	{ JOURNAL_IMPORTED, TASK_STATE_NONE, TASK_PENDING, "task.created" },
	{ JOURNAL_IMPORTED, TASK_STATE_NONE, TASK_SUCCEEDED, "task.succeeded" },
	{ JOURNAL_IMPORTED, TASK_RUNNING, TASK_RUNNING, "task.changed" },
	{ JOURNAL_IMPORTED, TASK_RUNNING, TASK_CANCELLED, "task.cancelled" },
	{ JOURNAL_CLAIMED, TASK_PENDING, TASK_RUNNING, "task.started" },
	{ JOURNAL_PROGRESS, TASK_RUNNING, TASK_RUNNING, "task.progress" },
	{ JOURNAL_COMPLETED, TASK_RUNNING, TASK_SUCCEEDED, "task.succeeded" },
	{ JOURNAL_FAILED, TASK_RUNNING, TASK_FAILED, "task.failed" },
	{ JOURNAL_FAILED, TASK_RUNNING, TASK_PENDING, "task.requeued" },
	{ JOURNAL_EXPIRED, TASK_RUNNING, TASK_PENDING, "task.requeued" },
	{ JOURNAL_UNDONE, TASK_RUNNING, TASK_PENDING, "task.requeued" },
	{ JOURNAL_TIMED_OUT, TASK_PENDING, TASK_FAILED, "task.failed" },
	{ JOURNAL_RETRIED, TASK_FAILED, TASK_PENDING, "task.requeued" },
	{ JOURNAL_READY, TASK_PENDING, TASK_PENDING, "task.ready" },
	{ JOURNAL_CHANGED, TASK_PENDING, TASK_PENDING, "task.changed" },
	{ JOURNAL_CHANGED, TASK_SUCCEEDED, TASK_SUCCEEDED, "task.changed" },
	{ JOURNAL_CHANGED, TASK_PENDING, TASK_CANCELLED, "task.cancelled" },
	{ JOURNAL_ARCHIVED, TASK_SUCCEEDED, TASK_SUCCEEDED, "task.archived" },
	{ JOURNAL_ARCHIVED, TASK_RUNNING, TASK_CANCELLED, "task.cancelled" },
	{ JOURNAL_REMOVED, TASK_SUCCEEDED, TASK_SUCCEEDED, "task.removed" },
	{ JOURNAL_REMOVED, TASK_PENDING, TASK_PENDING, "task.removed" },
};

static void entry_has_the_first_type_that_fits(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct journal_entry entry = {
			.event = types[i].event, .from = types[i].from, .to = types[i].to
		};
		const char *name = feed_type_name(feed_type_of(&entry));

		if (strcmp(name, types[i].type) != 0)
			fail_msg("row %zu: %s, not %s", i, name, types[i].type);
	}
}

static void each_type_has_a_name(void **state)
{
	(void)state;
	for (enum feed_type type = FEED_REMOVED; type < FEED_TYPES; type++)
		assert_int_equal(feed_type_by_name(str_cstr(feed_type_name(type))), type);
	assert_int_equal(feed_type_by_name(STR("")), FEED_NONE);
	assert_int_equal(feed_type_by_name(STR("task.")), FEED_NONE);
	assert_int_equal(feed_type_by_name(STR("TASK.CREATED")), FEED_NONE);
	assert_int_equal(feed_type_by_name(STR_NULL), FEED_NONE);
}

/* ---- filters ---- */

static const struct journal_entry entry = { .event = JOURNAL_FAILED,
	.id = { { 1, 2, 3 } },
	.dialect = 4,
	.kind = STR("encode"),
	.from = TASK_RUNNING,
	.to = TASK_FAILED };

static void event_must_have_a_value_of_each_member(void **state)
{
	static const uint8_t dialects[] = { 2, 4 }, others[] = { 2, 3 };
	static const struct str kinds[] = { STR("decode"), STR("encode") },
				other_kinds[] = { STR("enc"), STR("") };
	static const struct id ids[] = { { { 9 } }, { { 1, 2, 3 } } }, other_ids[] = { { { 9 } } };
	const struct feed_filter all = { .dialects = dialects,
		.dialect_count = 2,
		.kinds = kinds,
		.kind_count = 2,
		.states = 1U << TASK_FAILED | 1U << TASK_PENDING,
		.types = 1U << FEED_FAILED | 1U << FEED_REMOVED,
		.ids = ids,
		.id_count = 2 };
	struct feed_filter filter = all;

	(void)state;
	assert_true(feed_filter_matches(&(struct feed_filter){ 0 }, &entry));
	assert_true(feed_filter_matches(&filter, &entry));
	filter.dialects = others;
	assert_false(feed_filter_matches(&filter, &entry));
	filter = all;
	filter.kinds = other_kinds;
	assert_false(feed_filter_matches(&filter, &entry));
	filter = all;
	filter.states = 1U << TASK_RUNNING;
	assert_false(feed_filter_matches(&filter, &entry));
	filter = all;
	filter.types = 1U << FEED_SUCCEEDED;
	assert_false(feed_filter_matches(&filter, &entry));
	filter = all;
	filter.ids = other_ids;
	filter.id_count = 1;
	assert_false(feed_filter_matches(&filter, &entry));
}

static void empty_kind_is_that_of_tasks_without_one(void **state)
{
	static const struct str none = STR("");
	const struct feed_filter filter = { .kinds = &none, .kind_count = 1 };
	struct journal_entry without = entry;

	(void)state;
	without.kind = STR_NULL;
	assert_true(feed_filter_matches(&filter, &without));
	assert_false(feed_filter_matches(&filter, &entry));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(place_survives_its_text),
		CHECK(other_texts_are_no_places),
		CHECK(entry_has_the_first_type_that_fits),
		CHECK(each_type_has_a_name),
		CHECK(event_must_have_a_value_of_each_member),
		CHECK(empty_kind_is_that_of_tasks_without_one),
	};

	return CHECK_RUN(tests);
}
