#include "monitor/exposition.h"

#include <stdio.h>
#include <string.h>

#define PREFIX "polytask_"

/* Names that the client libraries of Prometheus share: tools look for them without a prefix. */
static const char *const standard_names[] = { "process_start_time_seconds" };

static const char *const types[] = {
	[METRIC_COUNTER] = "counter",
	[METRIC_GAUGE] = "gauge",
	[METRIC_HISTOGRAM] = "histogram",
};

static const char *prefix_of(const char *name)
{
	for (size_t i = 0; i < sizeof(standard_names) / sizeof(standard_names[0]); i++) {
		if (strcmp(name, standard_names[i]) == 0)
			return "";
	}
	return PREFIX;
}

void exposition_begin(struct buf *out, const char *name, enum metric_type type, const char *help)
{
	const char *prefix = prefix_of(name);

	buf_printf(out, "# HELP %s%s %s\n# TYPE %s%s %s\n", prefix, name, help, prefix, name,
		types[type]);
}

static void put_escaped(struct buf *out, struct str value)
{
	for (size_t i = 0; i < value.len; i++) {
		char c = value.ptr[i];

		if (c == '\n')
			buf_puts(out, "\\n");
		else if (c == '\\' || c == '"')
			buf_printf(out, "\\%c", c);
		else
			buf_putc(out, c);
	}
}

static void put_name(
	struct buf *out, const char *name, const char *suffix, const struct metric_label *labels)
{
	buf_printf(out, "%s%s%s", prefix_of(name), name, suffix);
	for (size_t i = 0; labels && labels[i].name; i++) {
		buf_printf(out, "%c%s=\"", i == 0 ? '{' : ',', labels[i].name);
		put_escaped(out, labels[i].value);
		buf_putc(out, '"');
	}
	if (labels && labels[0].name)
		buf_putc(out, '}');
	buf_putc(out, ' ');
}

/* 15 digits: counts up to 10^15 are exact. */
static void put_value(struct buf *out, double value)
{
	buf_printf(out, "%.15g\n", value);
}

void exposition_sample(
	struct buf *out, const char *name, const struct metric_label *labels, double value)
{
	put_name(out, name, "", labels);
	put_value(out, value);
}

/* A bucket counts all durations up to its bound. */
static void put_bucket(struct buf *out, const char *name, const struct metric_label *labels,
	const char *bound, uint64_t count)
{
	struct metric_label all[EXPOSITION_LABELS_MAX + 1] = { 0 };
	size_t i = 0;

	for (; labels && labels[i].name && i < EXPOSITION_LABELS_MAX - 1; i++)
		all[i] = labels[i];
	all[i] = (struct metric_label){ "le", str_cstr(bound) };
	put_name(out, name, "_bucket", all);
	put_value(out, (double)count);
}

void exposition_histogram(struct buf *out, const char *name, const struct metric_label *labels,
	const struct histogram *histogram, const int64_t bounds[HISTOGRAM_BOUNDS])
{
	uint64_t count = 0;

	for (size_t i = 0; i <= HISTOGRAM_BOUNDS; i++) {
		char bound[32] = "+Inf";

		if (i < HISTOGRAM_BOUNDS)
			snprintf(bound, sizeof(bound), "%g", (double)bounds[i] / 1e6);
		count += atomic_load(&histogram->buckets[i]);
		put_bucket(out, name, labels, bound, count);
	}
	put_name(out, name, "_sum", labels);
	put_value(out, (double)atomic_load(&histogram->sum_us) / 1e6);
	put_name(out, name, "_count", labels);
	put_value(out, (double)count);
}
