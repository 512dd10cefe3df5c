#include "ctl/status_text.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/str.h"

void status_put_duration(int64_t ms, char *text, size_t size)
{
	int64_t seconds = ms > 0 ? ms / 1000 : 0;

	if (seconds < 3600)
		snprintf(text, size, "%" PRId64 "m%02ds", seconds / 60, (int)(seconds % 60));
	else if (seconds < 24 * 3600)
		snprintf(text, size, "%" PRId64 "h%02dm", seconds / 3600, (int)(seconds / 60 % 60));
	else
		snprintf(text, size, "%" PRId64 "d%02dh", seconds / 86400,
			(int)(seconds / 3600 % 24));
}

/* With the largest unit of which there is at least one. */
void status_put_bytes(double bytes, char *text, size_t size)
{
	static const char *const units[] = { "bytes", "kB", "MB", "GB", "TB" };
	size_t unit = 0;

	while (bytes >= 1000 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		bytes /= 1000;
		unit++;
	}
	snprintf(text, size, unit == 0 ? "%.0f %s" : "%.1f %s", bytes, units[unit]);
}

static void put_number(
	const struct health_row *row, json_int_t value, int64_t now, char *text, size_t size)
{
	char duration[32];

	switch (row->kind) {
	case HEALTH_BYTES:
		status_put_bytes((double)value, text, size);
		break;
	case HEALTH_DURATION:
		snprintf(text, size, "%" JSON_INTEGER_FORMAT " ms", value);
		break;
	case HEALTH_TIME:
		status_put_duration(now - value, duration, sizeof(duration));
		snprintf(text, size, "%s ago", duration);
		break;
	case HEALTH_NUMBER:
		snprintf(text, size, "%" JSON_INTEGER_FORMAT " %s%s", value, row->unit,
			str_plural((uint64_t)value));
		break;
	case HEALTH_SHARE:
	case HEALTH_FLAG:
	case HEALTH_STATE:
	case HEALTH_ERROR:
	default:
		snprintf(text, size, "%" JSON_INTEGER_FORMAT, value);
	}
}

bool status_put_figure(
	const struct health_row *row, const json_t *value, int64_t now, char *text, size_t size)
{
	switch (json_typeof(value)) {
	case JSON_NULL:
		snprintf(text, size, "%s", row->none ? row->none : "");
		return row->none != NULL;
	case JSON_STRING:
		snprintf(text, size, "%s", json_string_value(value));
		return true;
	case JSON_TRUE:
	case JSON_FALSE:
		snprintf(text, size, "%s", json_is_true(value) ? "yes" : "no");
		return json_is_true(value) || !row->hide_zero;
	case JSON_REAL:
		snprintf(text, size, "%.1f %%", json_real_value(value) * 100);
		return json_real_value(value) > 0 || !row->hide_zero;
	case JSON_INTEGER:
		put_number(row, json_integer_value(value), now, text, size);
		return json_integer_value(value) != 0 || !row->hide_zero;
	case JSON_OBJECT:
	case JSON_ARRAY:
	default:
		return false;
	}
}
