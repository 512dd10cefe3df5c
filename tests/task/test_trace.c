/* W3C Trace Context: what is taken up, and that nothing else is. */
#include "lib/check.h"
#include "task/trace.h"

#define TRACE_ID "0af7651916cd43dd8448eb211c80319c"
#define SPAN	 "b7ad6b7169203331"
#define PARENT	 "00-" TRACE_ID "-" SPAN "-01"
#define ZEROS_16 "0000000000000000"

static struct trace parse(const char *parent, const char *state, struct arena *arena)
{
	return trace_parse(str_cstr(parent), str_cstr(state), arena);
}

static void valid_parents_are_kept(void **state)
{
	static const char *const parents[] = { PARENT, "00-" TRACE_ID "-" SPAN "-00",
		"00-" TRACE_ID "-" SPAN "-ff", " " PARENT "\t" };
	struct arena arena = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(parents) / sizeof(parents[0]); i++) {
		struct trace trace = parse(parents[i], "", &arena);

		assert_int_equal(trace.parent.len, TRACE_PARENT_LEN);
		assert_true(trace_parent_is_valid(trace.parent));
		assert_str(
			((struct str){ trace.parent.ptr + TRACE_ID_AT, TRACE_ID_LEN }), TRACE_ID);
		assert_str(
			((struct str){ trace.parent.ptr + TRACE_SPAN_AT, TRACE_SPAN_LEN }), SPAN);
	}
	assert_int_equal(arena_memory(&arena), 0);
}

static void later_versions_become_version_00(void **state)
{
	static const struct {
		const char *parent, *want;
	} rows[] = {
		{ "01-" TRACE_ID "-" SPAN "-01", "00-" TRACE_ID "-" SPAN "-01" },
		{ "cc-" TRACE_ID "-" SPAN "-03-what-the-future-will-be",
			"00-" TRACE_ID "-" SPAN "-01" },
		{ "fe-" TRACE_ID "-" SPAN "-2b-", "00-" TRACE_ID "-" SPAN "-01" },
		{ "01-" TRACE_ID "-" SPAN "-fa", "00-" TRACE_ID "-" SPAN "-00" },
	};
	struct arena arena = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_str(parse(rows[i].parent, "", &arena).parent, rows[i].want);
	arena_free(&arena);
}

static void invalid_parents_count_as_none(void **state)
{
	static const char *const parents[] = { "", "00", PARENT "-", PARENT "0", PARENT ", " PARENT,
		"0-" TRACE_ID "-" SPAN "-01", "ff-" TRACE_ID "-" SPAN "-01",
		"0g-" TRACE_ID "-" SPAN "-01", "00-" TRACE_ID "-" SPAN,
		"00-" TRACE_ID "-" SPAN "-1", "00-" TRACE_ID "-" SPAN "-0A",
		"00-" TRACE_ID "-" SPAN "-0x", "00-0AF7651916CD43DD8448EB211C80319C-" SPAN "-01",
		"00-" ZEROS_16 ZEROS_16 "-" SPAN "-01", "00-" TRACE_ID "-" ZEROS_16 "-01",
		"00_" TRACE_ID "-" SPAN "-01", "00-" TRACE_ID "_" SPAN "-01",
		"00-" TRACE_ID "-" SPAN "_01", "00-" TRACE_ID SPAN "--01",
		"01-" TRACE_ID "-" SPAN "-01.x", "01-" ZEROS_16 ZEROS_16 "-" SPAN "-01" };
	struct arena arena = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(parents) / sizeof(parents[0]); i++) {
		struct trace trace = parse(parents[i], "a=1", &arena);

		assert_int_equal(trace.parent.len, 0);
		assert_int_equal(trace.state.len, 0);
	}
	arena_free(&arena);
}

static void every_truncation_counts_as_none(void **state)
{
	struct arena arena = { 0 };

	(void)state;
	for (size_t len = 0; len < TRACE_PARENT_LEN; len++)
		assert_int_equal(
			trace_parse((struct str){ PARENT, len }, STR_NULL, &arena).parent.len, 0);
	arena_free(&arena);
}

static void states_are_kept_or_dropped(void **state)
{
	static const char *const good[] = { "a=1", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE",
		"fw529a3039@dt=FfAAAAB_,a= b", "a=1,,b=2,", " a=1 , b=2 ", "0a/-_*=~!" };
	static const char *const bad[] = { "", ",", " ", "a", "=1", "a=", "A=1", "a=1=2", "_a=1",
		"a=b\n", "a=\xc3\xa4", "a b=1", "a=1,b" };
	struct arena arena = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_str(parse(PARENT, good[i], &arena).state, good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct trace trace = parse(PARENT, bad[i], &arena);

		assert_str(trace.parent, PARENT);
		assert_int_equal(trace.state.len, 0);
	}
	arena_free(&arena);
}

static void states_are_bounded(void **state)
{
	char text[TRACE_STATE_MAX + 2];
	struct str s = { text, 0 };

	(void)state;
	while (s.len < 32 * 4) {
		memcpy(text + s.len, "a=1,", 4);
		s.len += 4;
	}
	assert_true(trace_state_is_valid(s));
	memcpy(text + s.len, "a=1", 3);
	s.len += 3;
	assert_false(trace_state_is_valid(s));
	memset(text, 'a', sizeof(text));
	text[255] = '=';
	assert_true(trace_state_is_valid((struct str){ text, TRACE_STATE_MAX }));
	assert_false(trace_state_is_valid((struct str){ text, TRACE_STATE_MAX + 1 }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(valid_parents_are_kept),
		CHECK(later_versions_become_version_00),
		CHECK(invalid_parents_count_as_none),
		CHECK(every_truncation_counts_as_none),
		CHECK(states_are_kept_or_dropped),
		CHECK(states_are_bounded),
	};

	return CHECK_RUN(tests);
}
