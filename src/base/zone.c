#include "base/zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#define DAY	    ((time_t)86400)
#define END_OF_TIME ((time_t)4133980800) /* 2101-01-01 */
#define MS	    1000

static int32_t offset_at(time_t at)
{
	struct tm local;

	return localtime_r(&at, &local) ? (int32_t)local.tm_gmtoff : 0;
}

/* The first second in (before, after] that has after's offset; there is one change between. */
static time_t find_change(time_t before, time_t after)
{
	int32_t offset = offset_at(after);

	while (after - before > 1) {
		time_t middle = before + (after - before) / 2;

		if (offset_at(middle) == offset)
			after = middle;
		else
			before = middle;
	}
	return after;
}

static bool add_span(struct zone *zone, time_t from, int32_t offset)
{
	if (zone->count == ZONE_SPANS_MAX)
		return false;
	zone->spans[zone->count].from = (int64_t)from * MS;
	zone->spans[zone->count++].offset = offset;
	return true;
}

/* Asks the C library day by day: no zone changes twice a day. */
static bool read_spans(struct zone *zone)
{
	bool ok = add_span(zone, 0, offset_at(0));

	for (time_t day = 0; ok && day < END_OF_TIME; day += DAY) {
		if (offset_at(day + DAY) != offset_at(day)) {
			time_t change = find_change(day, day + DAY);

			ok = add_span(zone, change, offset_at(change));
		}
	}
	return ok;
}

/* The C library takes a name it does not know for UTC, without a word. */
bool zone_exists(const char *name)
{
	char path[256];
	struct stat info;
	int len = snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", name);

	return len > 0 && (size_t)len < sizeof(path) && !strstr(name, "..") && name[0] != '/' &&
	       stat(path, &info) == 0 && S_ISREG(info.st_mode);
}

bool zone_load(struct zone *zone, const char *name)
{
	struct zone read = { 0 };
	const char *was = getenv("TZ");
	char *copy = was ? strdup(was) : NULL;
	bool ok = false;

	if ((was && !copy) || !zone_exists(name) || setenv("TZ", name, 1) != 0)
		goto out;
	tzset();
	ok = read_spans(&read);
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

int32_t zone_offset(const struct zone *zone, int64_t ms)
{
	size_t low = 0, high = zone ? zone->count : 0;

	if (high == 0)
		return 0;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (zone->spans[middle].from <= ms)
			low = middle;
		else
			high = middle;
	}
	return zone->spans[low].offset;
}

/* Rounds towards the past, so that the milliseconds are never negative. */
static int64_t whole_seconds(int64_t ms)
{
	return (ms - (ms % MS + MS) % MS) / MS;
}

void zone_put_time(const struct zone *zone, int64_t ms, struct buf *out)
{
	int32_t offset = zone_offset(zone, ms), minutes = abs(offset) / 60;
	time_t local = (time_t)(whole_seconds(ms) + offset);
	struct tm tm;

	if (!gmtime_r(&local, &tm)) {
		out->failed = true;
		return;
	}
	buf_printf(out, "%04d-%02d-%02dT%02d:%02d:%02d.%03d%c%02d:%02d", tm.tm_year + 1900,
		tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
		(int)(ms - whole_seconds(ms) * MS), offset < 0 ? '-' : '+', minutes / 60,
		minutes % 60);
}
