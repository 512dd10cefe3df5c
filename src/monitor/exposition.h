#pragma once
/*
 * Metrics in the text format 0.0.4 of Prometheus
 * (https://prometheus.io/docs/instrumenting/exposition_formats/).
 * Pure. Callers give names without the prefix polytask_. All metrics get it, except those that have
 * the same name in every service. Labels are texts of any bytes.
 */
#include "base/buf.h"
#include "base/histogram.h"

#define EXPOSITION_MEDIA_TYPE "text/plain; version=0.0.4; charset=utf-8"
#define EXPOSITION_LABELS_MAX 4

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

/* A row without a name ends the labels. */
struct metric_label {
	const char *name;
	struct str value;
};

/* A family's lines HELP and TYPE, which its samples follow. */
void exposition_begin(struct buf *out, const char *name, enum metric_type type, const char *help);
/* labels may be NULL. */
void exposition_sample(
	struct buf *out, const char *name, const struct metric_label *labels, double value);
/* Buckets, sum and count, in seconds. At most EXPOSITION_LABELS_MAX - 1 labels. */
void exposition_histogram(struct buf *out, const char *name, const struct metric_label *labels,
	const struct histogram *histogram, const int64_t bounds[HISTOGRAM_BOUNDS]);
