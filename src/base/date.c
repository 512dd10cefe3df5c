#include "base/date.h"

#include <stdlib.h>
#include <time.h>

#define MS_PER_SECOND	   1000
#define SECONDS_PER_MINUTE 60
#define SECONDS_PER_HOUR   3600
#define DATE_TIME_LEN	   19 /* 2019-03-22T12:26:32 */
#define DAY_LEN		   10 /* 2019-03-22 */
#define OFFSET_LEN	   6  /* +01:00 */
#define ANY_WEEKDAY	   (-1)

/*
 * The first second of a day in UTC. False for a day that is not in the calendar or does not fall on
 * the weekday (0 is Sunday).
 */
static bool day_start(int64_t *seconds, int year, int month, int day, int weekday)
{
	struct tm tm = { .tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day };
	time_t start = timegm(&tm);

	/* timegm turns 30 February into 1 or 2 March. */
	if (tm.tm_mon != month - 1 || tm.tm_mday != day)
		return false;
	if (weekday != ANY_WEEKDAY && weekday != tm.tm_wday)
		return false;
	*seconds = start;
	return true;
}

/* ---- RFC 3339 ---- */

/*
 * In the form, d is a digit and any other letter is itself in either case; the text may be longer.
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

/* The caller has checked that these are digits. */
static int parse_digits(struct str text, size_t at, size_t len)
{
	int value = 0;

	for (size_t i = at; i < at + len; i++)
		value = value * 10 + (text.ptr[i] - '0');
	return value;
}

static bool parse_day(struct str text, int64_t *seconds)
{
	return matches_form(text, "dddd-dd-dd") &&
	       day_start(seconds, parse_digits(text, 0, 4), parse_digits(text, 5, 2),
		       parse_digits(text, 8, 2), ANY_WEEKDAY);
}

static bool parse_date_time(struct str text, int64_t *seconds)
{
	int64_t midnight;
	int hour, minute, second;

	if (!parse_day(text, &midnight) || !matches_form(str_skip(text, DAY_LEN), "Tdd:dd:dd"))
		return false;
	hour = parse_digits(text, 11, 2);
	minute = parse_digits(text, 14, 2);
	second = parse_digits(text, 17, 2);
	if (hour > 23 || minute > 59 || second > 59)
		return false;
	*seconds = midnight + hour * SECONDS_PER_HOUR + minute * SECONDS_PER_MINUTE + second;
	return true;
}

/* Takes ".113" from the front of the text, if there is a dot. */
static bool take_fraction(struct str *text, int *ms)
{
	size_t digits = 0;
	int scale = MS_PER_SECOND / 10;

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

	if (!parse_date_time(text, &seconds) || !take_fraction(&rest, &fraction) ||
		!parse_offset(rest, &offset))
		return false;
	read = (seconds - offset) * MS_PER_SECOND + fraction;
	if (read < 0 || read > DATE_MS_MAX)
		return false;
	*ms = read;
	return true;
}

bool date_parse_day(int64_t *ms, struct str text)
{
	int64_t seconds;

	if (text.len != DAY_LEN || !parse_day(text, &seconds) || seconds < 0)
		return false;
	*ms = seconds * MS_PER_SECOND;
	return true;
}

/* ---- RFC 5322: each take_ function removes what it reads from the front of the text ---- */

static bool take_spaces(struct str *text)
{
	size_t before = text->len;

	while (text->len > 0 && (text->ptr[0] == ' ' || text->ptr[0] == '\t'))
		*text = str_skip(*text, 1);
	return text->len < before;
}

static bool take_char(struct str *text, char c)
{
	if (text->len == 0 || text->ptr[0] != c)
		return false;
	*text = str_skip(*text, 1);
	return true;
}

/* Returns the number of digits, or 0 unless there are least to most of them. */
static size_t take_number(struct str *text, size_t least, size_t most, int *number)
{
	int sum = 0;
	size_t len = 0;

	for (; len < text->len && text->ptr[len] >= '0' && text->ptr[len] <= '9'; len++) {
		if (len == most)
			return 0;
		sum = sum * 10 + (text->ptr[len] - '0');
	}
	if (len < least)
		return 0;
	*text = str_skip(*text, len);
	*number = sum;
	return len;
}

/* Takes one of the names, all of three letters, and sets the number to its index. */
static bool take_name(struct str *text, const char *const *names, int count, int *number)
{
	struct str word = { text->ptr, 3 };

	if (text->len < 3)
		return false;
	for (int i = 0; i < count; i++) {
		if (str_eq_nocase(word, str_cstr(names[i]))) {
			*text = str_skip(*text, 3);
			*number = i;
			return true;
		}
	}
	return false;
}

/* "Fri, ", if the text begins with a letter of a day's name. */
static bool take_weekday(struct str *text, int *weekday)
{
	static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };

	*weekday = ANY_WEEKDAY;
	if (!take_name(text, days, 7, weekday))
		return true;
	if (!take_char(text, ','))
		return false;
	take_spaces(text);
	return true;
}

/* "01 Jul 2011" */
static bool take_day(struct str *text, int weekday, int64_t *seconds)
{
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul",
		"Aug", "Sep", "Oct", "Nov", "Dec" };
	int year, month, day;
	size_t digits;

	if (!take_number(text, 1, 2, &day) || !take_spaces(text) ||
		!take_name(text, months, 12, &month) || !take_spaces(text))
		return false;
	digits = take_number(text, 2, 4, &year);
	if (digits == 2)
		year += year < 50 ? 2000 : 1900;
	else if (digits != 4 || year < 1900)
		return false;
	return day_start(seconds, year, month + 1, day, weekday);
}

/* "19:37:58" or "19:37", in seconds. */
static bool take_time(struct str *text, int *seconds)
{
	int hour, minute, second = 0;

	if (!take_number(text, 2, 2, &hour) || !take_char(text, ':') ||
		!take_number(text, 2, 2, &minute))
		return false;
	if (take_char(text, ':') && !take_number(text, 2, 2, &second))
		return false;
	if (hour > 23 || minute > 59 || second > 60)
		return false;
	*seconds = hour * SECONDS_PER_HOUR + minute * SECONDS_PER_MINUTE + second;
	return true;
}

/* "+0200", "-0330", GMT or UT, in seconds east of UTC. */
static bool take_zone(struct str *text, int *seconds)
{
	int sign = take_char(text, '-') ? -1 : take_char(text, '+') ? 1 : 0;
	int number;

	if (sign == 0) {
		if (!str_eq_nocase(*text, STR("GMT")) && !str_eq_nocase(*text, STR("UT")))
			return false;
		*text = str_skip(*text, text->len);
		*seconds = 0;
		return true;
	}
	if (!take_number(text, 4, 4, &number) || number / 100 > 23 || number % 100 > 59)
		return false;
	*seconds = sign * (number / 100 * SECONDS_PER_HOUR + number % 100 * SECONDS_PER_MINUTE);
	return true;
}

bool date_parse_rfc5322(int64_t *ms, struct str text)
{
	int weekday, seconds, zone;
	int64_t midnight;

	text = str_trim(text);
	if (!take_weekday(&text, &weekday) || !take_day(&text, weekday, &midnight) ||
		!take_spaces(&text) || !take_time(&text, &seconds) || !take_spaces(&text) ||
		!take_zone(&text, &zone) || text.len > 0)
		return false;
	*ms = (midnight + seconds - zone) * MS_PER_SECOND;
	return true;
}

/* ---- writers ---- */

/* Rounds towards the past, so that the milliseconds are never negative. */
static time_t floor_seconds(int64_t ms)
{
	return (time_t)(ms / MS_PER_SECOND - (ms % MS_PER_SECOND < 0));
}

/* The formats come from callers, whose compiler checks them (date.h). */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"

void date_format(char *text, size_t size, int64_t ms, const char *format)
{
	time_t seconds = floor_seconds(ms);
	struct tm tm;

	/* gmtime_r cannot fail: 2^63 ms are less than 2^31 years. */
	if (strftime(text, size, format, gmtime_r(&seconds, &tm)) == 0)
		text[0] = '\0';
}

void date_put_format(int64_t ms, const char *format, struct buf *out)
{
	char text[64];

	date_format(text, sizeof(text), ms, format);
	buf_puts(out, text);
}

#pragma GCC diagnostic pop

/* Writes the number as that many digits. */
static void put_digits(char *at, int number, int count)
{
	for (int i = count - 1; i >= 0; i--) {
		at[i] = (char)('0' + number % 10);
		number /= 10;
	}
}

/*
 * "2019-03-22T12:26:32.113" of a time that is already local. By hand where the year has four
 * digits, because strftime takes five times as long, and most responses have some dates.
 */
static void put_date_time(int64_t ms, struct buf *out)
{
	time_t seconds = floor_seconds(ms);
	int fraction = (int)(ms - seconds * (int64_t)MS_PER_SECOND);
	char text[] = "0000-00-00T00:00:00.000";
	struct tm tm;

	gmtime_r(&seconds, &tm);
	if (tm.tm_year < 1000 - 1900 || tm.tm_year > 9999 - 1900) {
		date_put_format(ms, "%Y-%m-%dT%H:%M:%S", out);
		buf_printf(out, ".%03d", fraction);
		return;
	}
	put_digits(text, tm.tm_year + 1900, 4);
	put_digits(text + 5, tm.tm_mon + 1, 2);
	put_digits(text + 8, tm.tm_mday, 2);
	put_digits(text + 11, tm.tm_hour, 2);
	put_digits(text + 14, tm.tm_min, 2);
	put_digits(text + 17, tm.tm_sec, 2);
	put_digits(text + 20, fraction, 3);
	buf_put(out, text, sizeof(text) - 1);
}

void date_put(int64_t ms, struct buf *out)
{
	put_date_time(ms, out);
	buf_putc(out, 'Z');
}

void date_put_offset(int64_t ms, int32_t offset, struct buf *out)
{
	int64_t local = ms + (int64_t)offset * MS_PER_SECOND;
	int32_t minutes;

	if (local > DATE_MS_MAX) {
		local = ms;
		offset = 0;
	}
	minutes = abs(offset) / SECONDS_PER_MINUTE;
	put_date_time(local, out);
	buf_printf(out, "%c%02d:%02d", offset < 0 ? '-' : '+', minutes / 60, minutes % 60);
}
