#pragma once
/*
 * Figures of `top`: differences of counters between two statuses (process/status.h), and values as
 * short texts. NAN is a figure that is not known, which is shown as "-".
 */
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

struct top_view;

/*
 * Of the member in these two objects of a status, per second. NAN if one of them lacks it, or if it
 * began again.
 */
double top_rate(
	const struct top_view *view, const json_t *before, const json_t *now, const char *member);
/* Sum of the rates of a dialect's counter (process/status_dialects.h). NAN: none is known. */
double top_dialects_rate(const struct top_view *view, const char *member);
/* The same process in the older status. NULL: it was not in it. */
const json_t *top_process_before(const struct top_view *view, const json_t *process);
/* Sum of the rates of a process's counter. NAN: none is known. */
double top_processes_rate(const struct top_view *view, const char *member);
/*
 * The duration, in microseconds, that this share of the requests between the two statuses did not
 * exceed, interpolated within its bucket. dialect NULL: all requests of dialects. NAN: there was
 * none.
 */
double top_quantile(const struct top_view *view, const char *dialect, double share);

void top_put_rate(double value, char *text, size_t size);
/* "0.41ms", "250ms" or "1.5s". */
void top_put_duration(double us, char *text, size_t size);
/* In at most 7 bytes: "9999999", "12.3M". */
void top_put_count(double value, char *text, size_t size);
