#include "auth/signature.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <time.h>

void signature_string_to_sign(const struct signed_request *request, struct buf *out)
{
	const struct str parts[] = { request->method, request->host, request->content_md5,
		request->content_type, request->date, request->resource };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (i > 0)
			buf_putc(out, '\n');
		buf_put_str(out, parts[i]);
	}
}

bool signature_make(
	const struct signed_request *request, struct str secret, char text[SIGNATURE_TEXT_MAX])
{
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned int len = 0;
	struct buf string = BUF_INIT;
	bool ok = false;

	signature_string_to_sign(request, &string);
	if (!buf_ok(&string) || secret.len > INT32_MAX)
		goto out;
	if (!HMAC(EVP_sha1(), secret.len ? secret.ptr : "", (int)secret.len,
		    (const unsigned char *)buf_str(&string).ptr, string.len, mac, &len))
		goto out;
	ok = EVP_EncodeBlock((unsigned char *)text, mac, (int)len) > 0;
out:
	buf_free(&string);
	return ok;
}

bool signature_equal(struct str given, const char *made)
{
	char left[SIGNATURE_TEXT_MAX] = { 0 }, right[SIGNATURE_TEXT_MAX] = { 0 };
	size_t len = strnlen(made, SIGNATURE_TEXT_MAX);
	size_t most = given.len < SIGNATURE_TEXT_MAX ? given.len : SIGNATURE_TEXT_MAX;

	if (most > 0)
		memcpy(left, given.ptr, most);
	memcpy(right, made, len);
	return (CRYPTO_memcmp(left, right, SIGNATURE_TEXT_MAX) == 0) & (given.len == len);
}

bool signature_split(struct str header, struct str *user, struct str *signature)
{
	const char *colon = header.len ? memrchr(header.ptr, ':', header.len) : NULL;
	size_t at;

	if (!colon)
		return false;
	at = (size_t)(colon - header.ptr);
	if (at == 0 || at + 1 == header.len)
		return false;
	*user = (struct str){ header.ptr, at };
	*signature = str_skip(header, at + 1);
	return true;
}

bool content_md5(struct str body, char text[SIGNATURE_TEXT_MAX])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int len = 0;

	if (EVP_Digest(body.len ? body.ptr : "", body.len, digest, &len, EVP_md5(), NULL) != 1)
		return false;
	return EVP_EncodeBlock((unsigned char *)text, digest, (int)len) > 0;
}

/* ---- dates: each take_ function consumes what it parses from the front of the text ---- */

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

/* Returns the number of digits; 0 unless there are `least` to `most`. */
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

/* Parses one of `count` three-letter names; *number is its index. */
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

/* "01 Jul 2011"; two-digit years are 1950 to 2049 (RFC 5322 §4.3). */
static bool take_date(struct str *text, struct tm *date)
{
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul",
		"Aug", "Sep", "Oct", "Nov", "Dec" };
	int year;
	size_t digits;

	if (!take_number(text, 1, 2, &date->tm_mday) || !take_spaces(text) ||
		!take_name(text, months, 12, &date->tm_mon) || !take_spaces(text))
		return false;
	digits = take_number(text, 2, 4, &year);
	if (digits == 2)
		year += year < 50 ? 2000 : 1900;
	else if (digits != 4 || year < 1900)
		return false;
	date->tm_year = year - 1900;
	return true;
}

/* "19:37:58" or "19:37", in seconds since midnight; second 60 is a leap second. */
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
	*seconds = hour * 3600 + minute * 60 + second;
	return true;
}

/* "+0200", "-0330", GMT or UT; in seconds east of Greenwich. */
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
	*seconds = sign * (number / 100 * 3600 + number % 100 * 60);
	return true;
}

/* Midnight of the day. False if there is no such day or its weekday differs (-1: any). */
static bool day_start(const struct tm *date, int weekday, time_t *start)
{
	struct tm day = *date;
	time_t midnight = timegm(&day);

	/* timegm normalises 31 June to 1 July. */
	if (day.tm_mday != date->tm_mday || day.tm_mon != date->tm_mon)
		return false;
	if (weekday >= 0 && weekday != day.tm_wday)
		return false;
	*start = midnight;
	return true;
}

bool signature_date(struct str text, int64_t *ms)
{
	static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	struct tm date = { 0 };
	int weekday = -1, seconds, zone;
	time_t midnight;

	text = str_trim(text);
	if (take_name(&text, days, 7, &weekday)) {
		if (!take_char(&text, ','))
			return false;
		take_spaces(&text);
	}
	if (!take_date(&text, &date) || !take_spaces(&text) || !take_time(&text, &seconds) ||
		!take_spaces(&text) || !take_zone(&text, &zone) || text.len > 0)
		return false;
	if (!day_start(&date, weekday, &midnight))
		return false;
	*ms = ((int64_t)midnight + seconds - zone) * 1000;
	return true;
}
