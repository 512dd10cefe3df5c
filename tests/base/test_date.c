#include <stdlib.h>

#include "base/date.h"
#include "lib/check.h"

static void valid_dates_are_parsed(void **state)
{
	static const struct {
		struct str text;
		int64_t ms;
	} rows[] = {
		{ STR("1970-01-01T00:00:00Z"), 0 },
		{ STR("1970-01-01T00:00:00.001Z"), 1 },
		{ STR("2015-04-16T17:33:53.123Z"), 1429205633123 },
		{ STR("2015-04-16T17:33:53Z"), 1429205633000 },
		{ STR("2015-04-16t17:33:53z"), 1429205633000 },
		{ STR("2015-04-16T17:33:53.1Z"), 1429205633100 },
		{ STR("2015-04-16T17:33:53.12Z"), 1429205633120 },
		{ STR("2015-04-16T17:33:53.1239999999Z"), 1429205633123 },
		{ STR("2015-04-16T19:33:53+02:00"), 1429205633000 },
		{ STR("2015-04-16T14:03:53-03:30"), 1429205633000 },
		{ STR("2015-04-16T17:33:53-00:00"), 1429205633000 },
		{ STR("2015-04-17T17:32:53+23:59"), 1429205633000 },
		{ STR("1969-12-31T23:00:00-01:00"), 0 },
		{ STR("2000-02-29T00:00:00Z"), 951782400000 },
		{ STR("9999-12-31T23:59:59.999Z"), 253402300799999 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t ms = -1;

		if (!date_parse(&ms, rows[i].text))
			fail_msg("%s was refused", rows[i].text.ptr);
		assert_int_equal(ms, rows[i].ms);
	}
}

static void invalid_dates_are_rejected(void **state)
{
	static const struct str rows[] = {
		STR(""),
		STR("Z"),
		STR("2015-04-16"),
		STR("2015-04-16T17:33:53"),
		STR("2015-04-16 17:33:53Z"),
		STR("2015-04-16T17:33Z"),
		STR("2015-04-16T17:33:53.Z"),
		STR("2015-04-16T17:33:53,5Z"),
		STR("2015-04-16T17:33:53Z "),
		STR(" 2015-04-16T17:33:53Z"),
		STR("2015-04-16T17:33:53ZZ"),
		STR("2015-04-16T17:33:53+0200"),
		STR("2015-04-16T17:33:53+02"),
		STR("2015-04-16T17:33:53+24:00"),
		STR("2015-04-16T17:33:53+02:60"),
		STR("2015-04-16T17:33:53 02:00"),
		STR("2015-4-16T17:33:53Z"),
		STR("2015-13-16T17:33:53Z"),
		STR("2015-00-16T17:33:53Z"),
		STR("2015-04-00T17:33:53Z"),
		STR("2015-04-31T17:33:53Z"),
		STR("2015-02-29T00:00:00Z"),
		STR("1900-02-29T00:00:00Z"),
		STR("2015-04-16T24:00:00Z"),
		STR("2015-04-16T17:60:00Z"),
		STR("2016-12-31T23:59:60Z"),
		STR("1969-12-31T23:59:59Z"),
		STR("1970-01-01T00:59:59+01:00"),
		STR("9999-12-31T23:59:59-00:01"),
		STR("+2015-04-16T17:33:53Z"),
		STR("20150416T173353Z"),
		STR("2015-W16-4T17:33:53Z"),
		STR("1429205633"),
		STR("2015\x11"
		    "04\x11"
		    "16T17:33:53Z"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t ms = -7;

		if (date_parse(&ms, rows[i]))
			fail_msg("%s was read", rows[i].ptr);
		assert_int_equal(ms, -7);
	}
}

static void no_read_past_the_end(void **state)
{
	static const char text[] = "2015-04-16T17:33:53.123+02:00";
	int64_t ms;

	(void)state;
	for (size_t len = 0; len < sizeof(text) - 1; len++) {
		char *part = malloc(len + 1);

		assert_non_null(part);
		memcpy(part, text, len);
		assert_false(date_parse(&ms, (struct str){ part, len }));
		free(part);
	}
}

static void dates_round_trip(void **state)
{
	static const int64_t rows[] = { 0, 1, 999, 1000, 1429205633123, 951782399999,
		253402300799999 };
	struct buf out = BUF_INIT;

	(void)state;
	date_put(1429205633023, &out);
	assert_str(buf_str(&out), "2015-04-16T17:33:53.023Z");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t ms = -1;

		buf_reset(&out);
		date_put(rows[i], &out);
		assert_true(date_parse(&ms, buf_str(&out)));
		assert_int_equal(ms, rows[i]);
	}
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(valid_dates_are_parsed),
		CHECK(invalid_dates_are_rejected),
		CHECK(no_read_past_the_end),
		CHECK(dates_round_trip),
	};

	return CHECK_RUN(tests);
}
