#pragma once
/*
 * Times as text: RFC 3339 (a profile of ISO 8601), read strictly and written in UTC. Pure.
 */
#include "base/buf.h"

/*
 * Reads "2019-03-22T12:26:32.113+01:00" to ms since 1970: a date, T, a time with seconds, with or
 * without a fraction, and Z or an offset; T and Z in either case. What a fraction has below the
 * millisecond is cut off. False, and *ms untouched, for anything else, for a day that no calendar
 * has, for a second of 60 and for what lies outside the years 1970 to 9999 in UTC.
 */
bool date_parse(int64_t *ms, struct str text);
/* "2019-03-22T11:26:32.113Z" */
void date_put(int64_t ms, struct buf *out);
