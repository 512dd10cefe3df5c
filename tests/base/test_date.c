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

static const struct str invalid_dates[] = {
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

static void invalid_dates_are_rejected(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(invalid_dates) / sizeof(invalid_dates[0]); i++) {
		int64_t ms = -7;

		if (date_parse(&ms, invalid_dates[i]))
			fail_msg("%s was read", invalid_dates[i].ptr);
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

/* ---- days ---- */

static void days_are_parsed(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} rows[] = {
		{ "1970-01-01", 0 },
		{ "2000-02-29", 951782400 },
		{ "2019-03-22", 1553212800 },
		{ "9999-12-31", 253402214400 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t ms = -1;

		assert_true(date_parse_day(&ms, str_cstr(rows[i].text)));
		assert_int_equal(ms, rows[i].seconds * 1000);
	}
}

static void other_days_are_rejected(void **state)
{
	static const char *const rows[] = { "", "2019", "2019-03", "2019-3-22", "2019-03-2",
		"2019-03-222", "2019-03-22T00:00:00Z", "2019-02-29", "2019-04-31", "2019-00-01",
		"2019-13-01", "2019-01-00", "1969-12-31", "0000-01-01", "2019/03/22", " 2019-03-22",
		"-019-03-22", "2019-03-2x" };
	int64_t ms = 42;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (date_parse_day(&ms, str_cstr(rows[i])))
			fail_msg("\"%s\" is accepted", rows[i]);
	}
	assert_int_equal(ms, 42);
}

/* ---- RFC 5322 ---- */

static void rfc5322_dates_are_parsed(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} good[] = {
		{ "Fri, 01 Jul 2011 19:37:58 +0000", 1309549078 },
		{ "Fri, 01 Jul 2011 19:37:58 GMT", 1309549078 },
		{ "Fri, 01 Jul 2011 19:37:58 UT", 1309549078 },
		{ "fri, 01 JUL 2011 19:37:58 gmt", 1309549078 },
		{ "Fri, 1 Jul 2011 19:37:58 -0000", 1309549078 },
		{ "01 Jul 2011 19:37:58 +0000", 1309549078 },
		{ "Fri,01 Jul 2011  19:37:58\t+0000", 1309549078 },
		{ "  Fri, 01 Jul 2011 19:37:58 +0000 ", 1309549078 },
		{ "Fri, 01 Jul 11 19:37:58 +0000", 1309549078 },
		{ "Fri, 01 Jul 2011 21:37:58 +0200", 1309549078 },
		{ "Sat, 02 Jul 2011 01:07:58 +0530", 1309549078 },
		{ "Fri, 01 Jul 2011 12:37:58 -0700", 1309549078 },
		{ "Fri, 01 Jul 2011 19:37 +0000", 1309549020 },
		{ "Thu, 01 Jan 1970 00:00:00 GMT", 0 },
		{ "Wed, 31 Dec 1969 23:59:59 GMT", -1 },
		{ "01 Jan 50 00:00:00 GMT", -631152000 },
		{ "31 Dec 49 00:00:00 GMT", 2524521600 },
		{ "Tue, 29 Feb 2000 00:00:00 GMT", 951782400 },
		{ "Sat, 31 Dec 2016 23:59:60 GMT", 1483228800 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		int64_t ms = 0;

		if (!date_parse_rfc5322(&ms, str_cstr(good[i].text)) ||
			ms != good[i].seconds * 1000)
			fail_msg("%s is %lld", good[i].text, (long long)ms);
	}
}

static const char *const invalid_rfc5322[] = {
	"",
	"Fri",
	"Fri,",
	"Fri 01 Jul 2011 19:37:58 +0000",
	"Friday, 01 Jul 2011 19:37:58 +0000",
	"Thu, 01 Jul 2011 19:37:58 +0000",
	"Fri, 00 Jul 2011 19:37:58 +0000",
	"00 Jul 2011 19:37:58 +0000",
	"31 Jun 2011 19:37:58 +0000",
	"29 Feb 2011 19:37:58 +0000",
	"32 Jul 2011 19:37:58 +0000",
	"001 Jul 2011 19:37:58 +0000",
	"01 July 2011 19:37:58 +0000",
	"01 Jux 2011 19:37:58 +0000",
	"01 07 2011 19:37:58 +0000",
	"01 Jul 011 19:37:58 +0000",
	"01 Jul 1899 19:37:58 +0000",
	"01 Jul 20110 19:37:58 +0000",
	"01 Jul -011 19:37:58 +0000",
	"01 Jul 2011 24:00:00 +0000",
	"01 Jul 2011 19:60:58 +0000",
	"01 Jul 2011 19:37:61 +0000",
	"01 Jul 2011 9:37:58 +0000",
	"01 Jul 2011 19:37: +0000",
	"01 Jul 2011 19 +0000",
	"01 Jul 2011 19:37:58",
	"01 Jul 2011 19:37:58 ",
	"01 Jul 2011 19:37:58+0000",
	"01 Jul 2011 19:37:58 0000",
	"01 Jul 2011 19:37:58 +00000",
	"01 Jul 2011 19:37:58 +000",
	"01 Jul 2011 19:37:58 +2400",
	"01 Jul 2011 19:37:58 +0060",
	"01 Jul 2011 19:37:58 +-100",
	"01 Jul 2011 19:37:58 EST",
	"01 Jul 2011 19:37:58 Z",
	"01 Jul 2011 19:37:58 GMT+1",
	"01 Jul 2011 19:37:58 +0000 x",
	"2011-07-01T19:37:58Z",
	"1309549078",
	"Fri Jul  1 19:37:58 2011",
	"Friday, 01-Jul-11 19:37:58 GMT",
};

static void other_rfc5322_dates_are_rejected(void **state)
{
	static const char nul[] = "01 Jul 2011 19:37:58 GMT\0";
	int64_t ms = 42;

	(void)state;
	for (size_t i = 0; i < sizeof(invalid_rfc5322) / sizeof(invalid_rfc5322[0]); i++) {
		if (date_parse_rfc5322(&ms, str_cstr(invalid_rfc5322[i])))
			fail_msg("\"%s\" is accepted", invalid_rfc5322[i]);
	}
	assert_false(date_parse_rfc5322(&ms, (struct str){ nul, sizeof(nul) - 1 }));
	assert_int_equal(ms, 42);
}

/* ---- writers ---- */

static void dates_round_trip(void **state)
{
	static const int64_t rows[] = { 0, 1, 999, 1000, 1429205633123, 951782399999,
		253402300799999 };
	struct buf out = BUF_INIT;

	(void)state;
	date_put(1429205633023, &out);
	assert_str(buf_str(&out), "2015-04-16T17:33:53.023Z");
	buf_reset(&out);
	date_put(DATE_MS_MAX + 1, &out);
	assert_str(buf_str(&out), "10000-01-01T00:00:00.000Z");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t ms = -1;

		buf_reset(&out);
		date_put(rows[i], &out);
		assert_true(date_parse(&ms, buf_str(&out)));
		assert_int_equal(ms, rows[i]);
	}
	buf_free(&out);
}

static void assert_offset(int64_t ms, int32_t offset, const char *wanted)
{
	struct buf out = BUF_INIT;

	date_put_offset(ms, offset, &out);
	assert_true(buf_ok(&out));
	assert_str(buf_str(&out), wanted);
	buf_free(&out);
}

static void offsets_are_written_with_their_sign(void **state)
{
	(void)state;
	assert_offset(1553253992113, 3600, "2019-03-22T12:26:32.113+01:00");
	/* no year has five digits */
	assert_offset(DATE_MS_MAX, 3600, "9999-12-31T23:59:59.999+00:00");
	assert_offset(DATE_MS_MAX, -3600, "9999-12-31T22:59:59.999-01:00");
	assert_offset(1553253992113, 0, "2019-03-22T11:26:32.113+00:00");
	assert_offset(1547553600000, -12600, "2019-01-15T08:30:00.000-03:30");
	assert_offset(-1, 0, "1969-12-31T23:59:59.999+00:00");
}

static void a_format_is_written_in_utc(void **state)
{
	struct buf out = BUF_INIT;
	char text[8];

	(void)state;
	date_put_format(1686154424999, "%b %-d, %Y %-I:%M:%S %p", &out);
	assert_str(buf_str(&out), "Jun 7, 2023 4:13:44 PM");
	buf_reset(&out);
	date_put_format(0, "%a, %d %b %Y %H:%M:%S +0000", &out);
	assert_str(buf_str(&out), "Thu, 01 Jan 1970 00:00:00 +0000");
	buf_free(&out);
	date_format(text, sizeof(text), 1553253992113, "%H:%M");
	assert_string_equal(text, "11:26");
	date_format(text, sizeof(text), 1553253992113, "%H:%M:%S");
	assert_string_equal(text, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(valid_dates_are_parsed),
		CHECK(invalid_dates_are_rejected),
		CHECK(no_read_past_the_end),
		CHECK(days_are_parsed),
		CHECK(other_days_are_rejected),
		CHECK(rfc5322_dates_are_parsed),
		CHECK(other_rfc5322_dates_are_rejected),
		CHECK(dates_round_trip),
		CHECK(offsets_are_written_with_their_sign),
		CHECK(a_format_is_written_in_utc),
	};

	return CHECK_RUN(tests);
}
