#pragma once
/*
 * Dates as text, read strictly and written. All times are milliseconds since 1970-01-01 UTC.
 * Readers return false and leave *ms unchanged for any other text and for a day that the calendar
 * does not have. Pure.
 *
 * One range holds for every time that comes from outside: 0 to DATE_MS_MAX, 1970-01-01T00:00:00Z
 * to 9999-12-31T23:59:59.999Z. RFC 3339 can represent each of them.
 */
#include "base/buf.h"

#define DATE_MS_MAX INT64_C(253402300799999)

/*
 * RFC 3339: "2019-03-22T12:26:32.113+01:00", with seconds, an optional fraction, and Z or an
 * offset; T and Z in either case. Digits below the millisecond are cut off. A second of 60 and
 * times outside the years 1970 to 9999 in UTC are refused.
 */
bool date_parse(int64_t *ms, struct str text);
/* "2019-03-22T11:26:32.113Z" */
void date_put(int64_t ms, struct buf *out);
/*
 * "2019-03-22T12:26:32.113+01:00"; the offset is in seconds east of UTC. A time that would be in
 * the year 10000 with that offset is written with +00:00.
 */
void date_put_offset(int64_t ms, int32_t offset, struct buf *out);

/* "2024-01-31", from 1970 on: the first millisecond of that day in UTC. */
bool date_parse_day(int64_t *ms, struct str text);

/*
 * RFC 5322: "Fri, 01 Jul 2011 19:37:58 +0000". The name of the day and the seconds are optional, a
 * second of 60 is accepted, two-digit years are 1950 to 2049 (§4.3); the zone is a numeric offset,
 * GMT or UT. Spaces and tabs around the date are ignored.
 */
bool date_parse_rfc5322(int64_t *ms, struct str text);

/*
 * The time in UTC in a format of strftime, which the program's C locale writes in English. The text
 * is empty if it does not fit.
 */
void date_format(char *text, size_t size, int64_t ms, const char *format)
	__attribute__((format(strftime, 4, 0)));
/* The same, of at most 63 bytes. */
void date_put_format(int64_t ms, const char *format, struct buf *out)
	__attribute__((format(strftime, 2, 0)));
