#pragma once
/*
 * The metrics: one row a family. polytaskd(8), METRICS, lists them, and a test compares it with the
 * rows. Further families are made of the rows of store/health.h and serve/counters.h that have a
 * name of a metric.
 *
 * The number of time series is bounded: no label has an id or a user. Tenants are bounded by
 * process/census.h, and routes and statuses by tables.
 */
#include "monitor/exposition.h"
#include "process/scoreboard.h"

/* What the samples are read from. */
struct metrics_view {
	struct scoreboard *scoreboard;
	const struct conf *conf;
	struct census_page *census; /* memory of the caller */
	bool has_census;
};

struct family {
	const char *name;
	enum metric_type type;
	const char *help;
	void (*collect)(
		const struct metrics_view *view, const struct family *family, struct buf *out);
	size_t offset; /* for collect_number: of an _Atomic uint64_t in struct scoreboard */
};

/* Ends with a row without a name. */
extern const struct family families[];

/* Appends all metrics. */
void metrics_write(struct metrics_view *view, struct buf *out);

/* ---- samples of one family, private to monitor/ ---- */

typedef void family_collect(
	const struct metrics_view *view, const struct family *family, struct buf *out);

family_collect collect_number;
/* service.c, processes.c */
family_collect collect_build, collect_start, collect_generation, collect_live, collect_serving,
	collect_read_only, collect_disk_reserve, collect_workers, collect_waits_ratio,
	collect_processes, collect_starts, collect_deaths, collect_cpu, collect_resident_memory,
	collect_anonymous_memory, collect_open_files, collect_file_limits;
/* requests.c */
family_collect collect_requests, collect_durations, collect_errors, collect_attempts;
/* tasks.c */
family_collect collect_flush_times, collect_events, collect_ended, collect_waits, collect_runs,
	collect_census_time, collect_tasks, collect_ready, collect_oldest_ready,
	collect_tenant_tasks, collect_tenant_bytes, collect_tenant_max_tasks,
	collect_tenant_max_bytes, collect_other_tenants;
