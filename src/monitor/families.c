#include "monitor/family.h"

#define AT(member) .collect = collect_number, .offset = offsetof(struct scoreboard, member)

const struct family families[] = {
	/* ---- the service ---- */
	{ "build_info", METRIC_GAUGE, "Always 1; the label has the version.",
		.collect = collect_build },
	{ "process_start_time_seconds", METRIC_GAUGE, "Start of the service.",
		.collect = collect_start },
	{ "generation", METRIC_GAUGE, "Generation of the configuration, which a reload raises.",
		.collect = collect_generation },
	{ "live", METRIC_GAUGE, "1 while the supervisor works, as /livez tells.",
		.collect = collect_live },
	{ "serving", METRIC_GAUGE, "1 while workers answer requests.", .collect = collect_serving },
	{ "read_only", METRIC_GAUGE, "1 while writes are refused because the disk is nearly full.",
		.collect = collect_read_only },
	{ "disk_reserve_bytes", METRIC_GAUGE, "Writes are refused while less than this is free.",
		.collect = collect_disk_reserve },
	{ "workers", METRIC_GAUGE,
		"Processes for requests that the configuration wants: writers, readers and workers.",
		.collect = collect_workers },
	{ "worker_waits_ratio", METRIC_GAUGE,
		"Waiting requests and streams of the fullest worker, as a share of the option waits.",
		.collect = collect_waits_ratio },
	{ "recoveries_total", METRIC_COUNTER, "Recoveries of the store after its start.",
		AT(recoveries) },
	{ "processes", METRIC_GAUGE, "Processes of the service.", .collect = collect_processes },
	{ "process_starts_total", METRIC_COUNTER, "Processes that were started.",
		.collect = collect_starts },
	{ "process_deaths_total", METRIC_COUNTER,
		"Processes that failed or were killed, other than to stop, reload or recover.",
		.collect = collect_deaths },
	{ "process_cpu_seconds_total", METRIC_COUNTER,
		"Processor time of the supervisor and the newest generation.",
		.collect = collect_cpu },
	{ "process_resident_memory_bytes", METRIC_GAUGE,
		"Memory of these processes; each counts the cache of the store, which they share.",
		.collect = collect_resident_memory },
	{ "process_anonymous_memory_bytes", METRIC_GAUGE,
		"The part of it that a process does not share.",
		.collect = collect_anonymous_memory },
	{ "process_open_fds", METRIC_GAUGE,
		"Open file descriptors of these processes, counted at least once a minute.",
		.collect = collect_open_files },
	{ "process_max_fds", METRIC_GAUGE, "File descriptors that a process may have open.",
		.collect = collect_file_limits },
	/* ---- requests ---- */
	{ "http_requests_total", METRIC_COUNTER,
		"Responses of workers. Calls of the authorizer and probes have a route in "
		"parentheses; what nginx answers alone is not counted.",
		.collect = collect_requests },
	{ "http_request_duration_seconds", METRIC_HISTOGRAM,
		"From the arrival at a worker to the response; without requests that have waited.",
		.collect = collect_durations },
	{ "http_errors_total", METRIC_COUNTER,
		"Responses with an error, by its name; refused credentials are routes with 401.",
		.collect = collect_errors },
	{ "webhook_attempt_duration_seconds", METRIC_HISTOGRAM,
		"Attempts to send deliveries to webhooks, tests included, by what came of them.",
		.collect = collect_attempts },
	/* ---- the store ---- */
	{ "store_commits_total", METRIC_COUNTER, "Transactions committed.",
		AT(store.metrics.commits) },
	{ "store_conflicts_total", METRIC_COUNTER,
		"Transactions undone and repeated because another one had their locks.",
		AT(store.metrics.conflicts) },
	{ "store_flushes_total", METRIC_COUNTER, "Flushes of the log to disk.",
		AT(store.metrics.flushes) },
	{ "store_failed_flushes_total", METRIC_COUNTER, "Flushes that failed.",
		AT(store.metrics.failed_flushes) },
	{ "store_flush_duration_seconds", METRIC_HISTOGRAM, "Duration of flushes.",
		.collect = collect_flush_times },
	/* ---- tasks ---- */
	{ "task_events_total", METRIC_COUNTER,
		"Events of tasks; expired: a worker has lost its lease.",
		.collect = collect_events },
	{ "tasks_ended_total", METRIC_COUNTER, "Tasks that ended, by their state.",
		.collect = collect_ended },
	{ "task_wait_seconds", METRIC_HISTOGRAM,
		"From the last change of a pending task, whichever it was, to its claim.",
		.collect = collect_waits },
	{ "task_run_seconds", METRIC_HISTOGRAM, "From the first start of a task to its end.",
		.collect = collect_runs },
	{ "census_timestamp_seconds", METRIC_GAUGE,
		"End of the count that the following metrics are from.",
		.collect = collect_census_time },
	{ "tasks", METRIC_GAUGE, "Tasks that are not archived.", .collect = collect_tasks },
	{ "tasks_ready", METRIC_GAUGE, "Pending tasks that workers may claim now.",
		.collect = collect_ready },
	{ "oldest_ready_timestamp_seconds", METRIC_GAUGE,
		"When the task that has waited longest for a worker became ready, of 64 pairs of "
		"kind and priority.",
		.collect = collect_oldest_ready },
	{ "tenant_tasks", METRIC_GAUGE, "Tasks of a tenant, archived ones included.",
		.collect = collect_tenant_tasks },
	{ "tenant_bytes", METRIC_GAUGE, "Size of these tasks.", .collect = collect_tenant_bytes },
	{ "tenant_max_tasks", METRIC_GAUGE,
		"The quota of tasks of a tenant; no sample without one.",
		.collect = collect_tenant_max_tasks },
	{ "tenant_max_bytes", METRIC_GAUGE,
		"The quota of bytes of a tenant; no sample without one.",
		.collect = collect_tenant_max_bytes },
	{ "other_tenants", METRIC_GAUGE,
		"Tenants that have no time series of their own; the label tenant is then empty.",
		.collect = collect_other_tenants },
	{ .name = NULL },
};

void collect_number(const struct metrics_view *view, const struct family *family, struct buf *out)
{
	const _Atomic uint64_t *number = (const void *)((const char *)view->scoreboard +
							family->offset);

	exposition_sample(out, family->name, NULL, (double)atomic_load(number));
}

/* ---- families of other tables ---- */

static bool is_counter(const char *name)
{
	static const char suffix[] = "_total";
	size_t len = strlen(name);

	return len >= sizeof(suffix) && strcmp(name + len - (sizeof(suffix) - 1), suffix) == 0;
}

static void put_head(struct buf *out, const char *name, const char *help)
{
	exposition_begin(out, name, is_counter(name) ? METRIC_COUNTER : METRIC_GAUGE, help);
}

static void put_states(struct buf *out, const struct health_row *row, uint64_t value)
{
	for (size_t i = 0; row->names[i]; i++) {
		const struct metric_label labels[] = { { "state", str_cstr(row->names[i]) },
			{ 0 } };

		exposition_sample(out, row->metric, labels, i == value ? 1 : 0);
	}
}

/* Times in seconds. A time that is not known has no sample. */
static void put_figure(struct buf *out, const struct health_row *row, uint64_t value)
{
	double number = (double)value;

	if (row->kind == HEALTH_DURATION || row->kind == HEALTH_TIME)
		number /= 1e3;
	else if (row->kind == HEALTH_SHARE)
		number /= 1e6;
	if (row->kind == HEALTH_STATE)
		put_states(out, row, value);
	else if (row->kind != HEALTH_TIME || value > 0)
		exposition_sample(out, row->metric, NULL, number);
}

/* Figures of the time before it has run are unknown. */
static bool keeper_has_run(const struct scoreboard *scoreboard)
{
	for (size_t i = 0; i < SCOREBOARD_SLOTS; i++) {
		if (atomic_load(&scoreboard->slots[i].role) == ROLE_KEEPER &&
			atomic_load(&scoreboard->slots[i].state) == CHILD_READY)
			return true;
	}
	return false;
}

static void write_health(const struct metrics_view *view, struct buf *out)
{
	bool is_known = keeper_has_run(view->scoreboard);

	for (size_t i = 0; i < HEALTH_ROWS; i++) {
		const struct health_row *row = &health_rows[i];

		if (!row->metric || !health_has(row, &view->scoreboard->store.health))
			continue;
		put_head(out, row->metric, row->help);
		if (is_known || is_counter(row->metric))
			put_figure(out, row, health_read(row, &view->scoreboard->store.health));
	}
}

static void write_counters(const struct metrics_view *view, struct buf *out)
{
	struct worker_counters sums;
	bool is_known = scoreboard_sum_counters(view->scoreboard, &sums);

	for (size_t i = 0; i < COUNTERS; i++) {
		if (!counters[i].metric)
			continue;
		put_head(out, counters[i].metric, counters[i].help);
		if (is_known)
			exposition_sample(out, counters[i].metric, NULL,
				(double)counter_read(&counters[i], &sums));
	}
}

void metrics_write(struct metrics_view *view, struct buf *out)
{
	view->has_census = census_read(&view->scoreboard->census, view->census);
	for (const struct family *family = families; family->name; family++) {
		exposition_begin(out, family->name, family->type, family->help);
		family->collect(view, family, out);
	}
	write_counters(view, out);
	write_health(view, out);
}
