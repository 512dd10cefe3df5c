#include <stdlib.h>

#include "base/tz.h"
#include "lib/check.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static struct tz load(const char *name)
{
	struct tz zone = { 0 };

	assert_true(tz_load(&zone, name));
	return zone;
}

static void assert_time(const struct tz *zone, int64_t ms, const char *wanted)
{
	struct buf out = BUF_INIT;

	tz_put_time(zone, ms, &out);
	assert_true(buf_ok(&out));
	assert_str(buf_str(&out), wanted);
	buf_free(&out);
}

/* The documented example of an import task, and a day in summer. */
static void paris_has_winter_and_summer_time(void **state)
{
	struct tz paris = load("Europe/Paris");

	(void)state;
	assert_time(&paris, 1553253992113, "2019-03-22T12:26:32.113+01:00");
	assert_time(&paris, 1563000000000, "2019-07-13T08:40:00.000+02:00");
	assert_int_equal(tz_offset(&paris, 1553253992113), 3600);
	assert_int_equal(tz_offset(&paris, 1563000000000), 7200);
}

static void last_offset_continues_after_the_table(void **state)
{
	struct tz paris = load("Europe/Paris");

	(void)state;
	assert_time(&paris, 0, "1970-01-01T01:00:00.000+01:00");
	assert_time(&paris, 4133980799999, "2101-01-01T00:59:59.999+01:00");
	assert_time(&paris, 4200000000000, "2103-02-04T03:40:00.000+01:00");
}

/* 2019-03-31 and 2019-10-27, 01:00 UTC. */
static void offset_changes_at_the_transition(void **state)
{
	struct tz paris = load("Europe/Paris");

	(void)state;
	assert_time(&paris, 1553993999999, "2019-03-31T01:59:59.999+01:00");
	assert_time(&paris, 1553994000000, "2019-03-31T03:00:00.000+02:00");
	assert_time(&paris, 1572137999999, "2019-10-27T02:59:59.999+02:00");
	assert_time(&paris, 1572138000000, "2019-10-27T02:00:00.000+01:00");
}

/* Summer time of one week in October 2000. */
static void changes_that_are_close_to_each_other(void **state)
{
	struct tz boa_vista = load("America/Boa_Vista");

	(void)state;
	assert_time(&boa_vista, 970977599999, "2000-10-07T23:59:59.999-04:00");
	assert_time(&boa_vista, 970977600000, "2000-10-08T01:00:00.000-03:00");
	assert_time(&boa_vista, 971578799999, "2000-10-14T23:59:59.999-03:00");
	assert_time(&boa_vista, 971578800000, "2000-10-14T23:00:00.000-04:00");
}

static void no_zone_is_utc(void **state)
{
	struct tz utc = load("UTC"), empty = { 0 };
	const struct tz *const same[] = { NULL, &empty, &utc };

	(void)state;
	for (size_t i = 0; i < COUNT(same); i++) {
		assert_int_equal(tz_offset(same[i], 1563000000000), 0);
		assert_time(same[i], 1553253992113, "2019-03-22T11:26:32.113+00:00");
	}
}

static void first_offset_applies_before_1970(void **state)
{
	struct tz paris = load("Europe/Paris");

	(void)state;
	assert_time(NULL, -1, "1969-12-31T23:59:59.999+00:00");
	assert_time(NULL, -1000, "1969-12-31T23:59:59.000+00:00");
	assert_time(NULL, -1001, "1969-12-31T23:59:58.999+00:00");
	assert_time(&paris, -1, "1970-01-01T00:59:59.999+01:00");
	assert_int_equal(tz_offset(&paris, INT64_MIN), 3600);
}

static void negative_offsets_have_a_minus(void **state)
{
	struct tz newfoundland = load("America/St_Johns"), new_york = load("America/New_York");

	(void)state;
	assert_time(&newfoundland, 1547553600000, "2019-01-15T08:30:00.000-03:30");
	assert_time(&new_york, 1547553600000, "2019-01-15T07:00:00.000-05:00");
	assert_time(&new_york, 1563000000000, "2019-07-13T02:40:00.000-04:00");
}

static void unknown_names_are_rejected(void **state)
{
	static const char *const names[] = { "", "Europe", "Europe/Pairs", "europe/paris",
		"../zoneinfo/UTC", "/usr/share/zoneinfo/UTC", ":UTC", "CET-1CEST" };
	struct tz zone = { .count = 7 };

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		assert_false(tz_exists(names[i]));
		assert_false(tz_load(&zone, names[i]));
		assert_int_equal(zone.count, 7);
	}
	assert_true(tz_exists("Europe/Paris"));
}

static void tz_variable_is_restored(void **state)
{
	(void)state;
	setenv("TZ", "Asia/Tokyo", 1);
	load("Europe/Paris");
	assert_string_equal(getenv("TZ"), "Asia/Tokyo");
	unsetenv("TZ");
	load("Europe/Paris");
	assert_null(getenv("TZ"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(paris_has_winter_and_summer_time),
		CHECK(last_offset_continues_after_the_table),
		CHECK(offset_changes_at_the_transition),
		CHECK(changes_that_are_close_to_each_other),
		CHECK(no_zone_is_utc),
		CHECK(first_offset_applies_before_1970),
		CHECK(negative_offsets_have_a_minus),
		CHECK(unknown_names_are_rejected),
		CHECK(tz_variable_is_restored),
	};

	return CHECK_RUN(tests);
}
