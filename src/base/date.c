#include "base/date.h"

#include <time.h>

#define SECOND_MS	   1000
#define SECONDS_PER_MINUTE 60
#define SECONDS_PER_HOUR   3600
#define MS_MAX		   INT64_C(253402300799999) /* 9999-12-31T23:59:59.999Z */
#define DATE_TIME_LEN	   19			    /* 2019-03-22T12:26:32 */
#define OFFSET_LEN	   6			    /* +01:00 */

/* One letter of the form: d stands for a digit, T for either case of itself, the rest for itself.
 */
static bool matches_form(struct str text, const char *form)
{
	for (size_t i = 0; form[i]; i++) {
		char c = i < text.len ? text.ptr[i] : '\0';

		if (form[i] == 'd' ? c < '0' || c > '9' : c != form[i] && c != (form[i] | 0x20))
			return false;
	}
	return true;
}

/* The digits from there on; they are known to be digits. */
static int parse_digits(struct str text, size_t at, size_t len)
{
	int value = 0;

	for (size_t i = at; i < at + len; i++)
		value = value * 10 + (text.ptr[i] - '0');
	return value;
}

static bool parse_date_time(struct str text, int64_t *seconds)
{
	struct tm tm = { 0 }, again;
	time_t at;

	if (!matches_form(text, "dddd-dd-ddTdd:dd:dd"))
		return false;
	tm.tm_year = parse_digits(text, 0, 4) - 1900;
	tm.tm_mon = parse_digits(text, 5, 2) - 1;
	tm.tm_mday = parse_digits(text, 8, 2);
	tm.tm_hour = parse_digits(text, 11, 2);
	tm.tm_min = parse_digits(text, 14, 2);
	tm.tm_sec = parse_digits(text, 17, 2);
	again = tm;
	at = timegm(&again);
	/* timegm makes the 2nd of March of the 30th of February. */
	if (again.tm_mon != tm.tm_mon || again.tm_mday != tm.tm_mday ||
		again.tm_hour != tm.tm_hour || again.tm_min != tm.tm_min ||
		again.tm_sec != tm.tm_sec)
		return false;
	*seconds = at;
	return true;
}

/* Reads ".113", if it is there; the rest of the text is what stands behind it. */
static bool parse_fraction(struct str *text, int *ms)
{
	size_t digits = 0;
	int scale = SECOND_MS / 10;

	*ms = 0;
	if (text->len == 0 || text->ptr[0] != '.')
		return true;
	*text = str_skip(*text, 1);
	for (; digits < text->len && text->ptr[digits] >= '0' && text->ptr[digits] <= '9';
		digits++) {
		*ms += (text->ptr[digits] - '0') * scale;
		scale /= 10;
	}
	*text = str_skip(*text, digits);
	return digits > 0;
}

static bool parse_offset(struct str text, int *seconds)
{
	int hours, minutes;

	*seconds = 0;
	if (text.len == 1 && (text.ptr[0] == 'Z' || text.ptr[0] == 'z'))
		return true;
	if (text.len != OFFSET_LEN || (text.ptr[0] != '+' && text.ptr[0] != '-') ||
		!matches_form(str_skip(text, 1), "dd:dd"))
		return false;
	hours = parse_digits(text, 1, 2);
	minutes = parse_digits(text, 4, 2);
	*seconds = (hours * SECONDS_PER_HOUR + minutes * SECONDS_PER_MINUTE) *
		   (text.ptr[0] == '-' ? -1 : 1);
	return hours < 24 && minutes < 60;
}

bool date_parse(int64_t *ms, struct str text)
{
	struct str rest = str_skip(text, DATE_TIME_LEN);
	int fraction, offset;
	int64_t seconds, read;

	if (!parse_date_time(text, &seconds) || !parse_fraction(&rest, &fraction) ||
		!parse_offset(rest, &offset))
		return false;
	read = (seconds - offset) * SECOND_MS + fraction;
	if (read < 0 || read > MS_MAX)
		return false;
	*ms = read;
	return true;
}

void date_put(int64_t ms, struct buf *out)
{
	time_t seconds = (time_t)(ms / SECOND_MS);
	struct tm tm;

	if (!gmtime_r(&seconds, &tm)) {
		out->failed = true;
		return;
	}
	buf_printf(out, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900, tm.tm_mon + 1,
		tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (int)(ms % SECOND_MS));
}
