#pragma once
/*
 * Time zones as values: a table of the changes of a zone's offset from UTC, read once from the
 * system's time zone files. Pure after that.
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

/* Whether the system has a zone of this name. */
bool tz_exists(const char *name);
/*
 * Reads a zone ("Europe/Paris") for the years 1970 to 2100; false if the system does not have it.
 * Changes the process's TZ during the call, so call it only at start.
 */
bool tz_load(struct tz *zone, const char *name);
/* Offset in seconds east of UTC at a time; zone NULL: UTC. */
int32_t tz_offset(const struct tz *zone, int64_t ms);
/* "2019-03-22T12:26:32.113+01:00" (RFC 3339 with milliseconds and a numeric offset). */
void tz_put_time(const struct tz *zone, int64_t ms, struct buf *out);
