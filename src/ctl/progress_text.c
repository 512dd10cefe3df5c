#include "ctl/progress_text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/str.h"
#include "ctl/status_text.h"

/* Cuts instead of failing: the line is for people. */
static void append(char *text, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void append(char *text, size_t size, const char *format, ...)
{
	size_t len = strlen(text);
	va_list args;

	va_start(args, format);
	vsnprintf(text + len, size - len, format, args);
	va_end(args);
}

static void append_amount(char *text, size_t size, uint64_t amount, const char *unit)
{
	char bytes[32];

	if (unit) {
		append(text, size, "%" PRIu64, amount);
		return;
	}
	status_put_bytes((double)amount, bytes, sizeof(bytes));
	append(text, size, "%s", bytes);
}

static void append_time(char *text, size_t size, uint64_t seconds)
{
	char duration[32];

	if (seconds < 60) {
		append(text, size, "%" PRIu64 " s", seconds);
		return;
	}
	status_put_duration((int64_t)seconds * 1000, duration, sizeof(duration));
	append(text, size, "%s", duration);
}

/* The conversion of a larger number is undefined. */
static uint64_t to_number(double value)
{
	return value < 1e15 ? (uint64_t)value : UINT64_C(1000000000000000);
}

static void append_rate(const struct progress_figures *figures, char *text, size_t size)
{
	double rate = (double)figures->done * 1000 / (double)figures->ms;

	append(text, size, ", ");
	append_amount(text, size, to_number(rate), figures->unit);
	append(text, size, "/s");
	if (figures->total > figures->done && rate > 0) {
		append(text, size, ", ");
		append_time(text, size, to_number((double)(figures->total - figures->done) / rate));
		append(text, size, " left");
	}
}

void progress_format(const struct progress_figures *figures, char *text, size_t size)
{
	const char *unit = figures->unit ? figures->unit : "";

	snprintf(text, size, "%s: %s%s", figures->what, figures->phase ? figures->phase : "",
		figures->phase ? ", " : "");
	if (figures->done == 0 || figures->ms <= 0) {
		append_time(text, size, (uint64_t)(figures->ms > 0 ? figures->ms / 1000 : 0));
		return;
	}
	append_amount(text, size, figures->done, figures->unit);
	if (figures->total > 0) {
		append(text, size, " of ");
		append_amount(text, size, figures->total, figures->unit);
	}
	append(text, size, "%s%s", unit[0] ? " " : "", unit);
	if (figures->total > 0)
		append(text, size, " (%" PRIu64 " %%)",
			to_number((double)figures->done * 100 / (double)figures->total));
	append_rate(figures, text, size);
}
