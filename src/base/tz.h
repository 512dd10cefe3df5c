#pragma once
/*
 * Local time as a value: a zone is read once, from the system's time zone files, and then a table
 * of when its offset from UTC changes. Pure after that.
 */
#include "base/buf.h"

#define TZ_TRANSITIONS_MAX 400

struct tz {
	size_t count; /* 0: UTC */
	struct {
		int64_t from;	/* ms since 1970 */
		int32_t offset; /* seconds east of UTC */
	} transitions[TZ_TRANSITIONS_MAX];
};

/* Whether the system has a zone of that name. */
bool tz_exists(const char *name);
/*
 * Reads the zone of that name ("Europe/Paris") for the years 1970 to 2100; false when the system
 * has none of it. Changes the process's TZ for the time of the call: for the start only.
 */
bool tz_load(struct tz *zone, const char *name);
/* Seconds east of UTC at a time; NULL is UTC. */
int32_t tz_offset(const struct tz *zone, int64_t ms);
/* "2019-03-22T12:26:32.113+01:00" (RFC 3339 with milliseconds and a numeric offset). */
void tz_put_time(const struct tz *zone, int64_t ms, struct buf *out);
