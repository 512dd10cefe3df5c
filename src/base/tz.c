#include "base/tz.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "base/date.h"

/*
 * Seconds between two times whose offsets are compared. No zone has changed twice within that time:
 * Boa Vista had summer time for less than 7 days in October 2000, which is the least so far.
 */
#define STEP	      ((time_t)4 * 86400)
#define END_OF_TIME   ((time_t)4133980800) /* 2101-01-01 */
#define MS_PER_SECOND 1000

static int32_t system_offset(time_t at)
{
	struct tm local;

	return localtime_r(&at, &local) ? (int32_t)local.tm_gmtoff : 0;
}

/* The first second in (before, after] with the offset of after, given one change in between. */
static time_t find_change(time_t before, time_t after)
{
	int32_t offset = system_offset(after);

	while (after - before > 1) {
		time_t middle = before + (after - before) / 2;

		if (system_offset(middle) == offset)
			after = middle;
		else
			before = middle;
	}
	return after;
}

static bool add_transition(struct tz *zone, time_t from, int32_t offset)
{
	if (zone->count == TZ_TRANSITIONS_MAX)
		return false;
	zone->transitions[zone->count].from = (int64_t)from * MS_PER_SECOND;
	zone->transitions[zone->count++].offset = offset;
	return true;
}

static bool find_transitions(struct tz *zone)
{
	int32_t offset = system_offset(0);
	bool ok = add_transition(zone, 0, offset);

	for (time_t at = 0; ok && at < END_OF_TIME; at += STEP) {
		int32_t next = system_offset(at + STEP);

		if (next != offset)
			ok = add_transition(zone, find_change(at, at + STEP), next);
		offset = next;
	}
	return ok;
}

/* Checked here because the C library silently takes an unknown name for UTC. */
bool tz_exists(const char *name)
{
	char path[256];
	struct stat info;
	int len = snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", name);

	return len > 0 && (size_t)len < sizeof(path) && !strstr(name, "..") && name[0] != '/' &&
	       stat(path, &info) == 0 && S_ISREG(info.st_mode);
}

bool tz_load(struct tz *zone, const char *name)
{
	struct tz read = { 0 };
	const char *was = getenv("TZ");
	char *copy = was ? strdup(was) : NULL;
	bool ok = false;

	if ((was && !copy) || !tz_exists(name) || setenv("TZ", name, 1) != 0)
		goto out;
	tzset();
	ok = find_transitions(&read);
	if (copy)
		setenv("TZ", copy, 1);
	else
		unsetenv("TZ");
	tzset();
	if (ok)
		*zone = read;
out:
	free(copy);
	return ok;
}

int32_t tz_offset(const struct tz *zone, int64_t ms)
{
	size_t low = 0, high = zone ? zone->count : 0;

	if (high == 0)
		return 0;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (zone->transitions[middle].from <= ms)
			low = middle;
		else
			high = middle;
	}
	return zone->transitions[low].offset;
}

void tz_put_time(const struct tz *zone, int64_t ms, struct buf *out)
{
	date_put_offset(ms, tz_offset(zone, ms), out);
}
