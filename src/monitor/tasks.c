/* Metrics of the store's work and of tasks. */
#include "monitor/family.h"

void collect_flush_times(
	const struct metrics_view *view, const struct family *family, struct buf *out)
{
	exposition_histogram(out, family->name, NULL, &view->scoreboard->store.metrics.flush_times,
		histogram_fast);
}

/* ---- since the start, by dialect ---- */

/* The dialects with tasks of their own. NULL: the i-th has none, or is not counted. */
static const struct task_metrics *metrics_of(const struct metrics_view *view, size_t i)
{
	const struct dialect *dialect = dialects[i];

	return dialect->statuses && dialect->code < METRICS_DIALECTS
		       ? &view->scoreboard->store.metrics.tasks[dialect->code]
		       : NULL;
}

static void put_count(struct buf *out, const struct family *family, size_t dialect,
	const char *label, const char *value, const _Atomic uint64_t *count)
{
	const struct metric_label labels[] = { { "dialect", str_cstr(dialects[dialect]->name) },
		{ label, str_cstr(value) }, { 0 } };

	exposition_sample(out, family->name, labels, (double)atomic_load(count));
}

void collect_events(const struct metrics_view *view, const struct family *family, struct buf *out)
{
	for (size_t i = 0; dialects[i]; i++) {
		const struct task_metrics *metrics = metrics_of(view, i);

		for (enum journal_event event = JOURNAL_CREATED; metrics && event < JOURNAL_EVENTS;
			event++)
			put_count(out, family, i, "event", journal_event_name(event),
				&metrics->events[event]);
	}
}

void collect_ended(const struct metrics_view *view, const struct family *family, struct buf *out)
{
	for (size_t i = 0; dialects[i]; i++) {
		const struct task_metrics *metrics = metrics_of(view, i);

		for (enum task_state state = TASK_SUCCEEDED; metrics && state < TASK_STATES;
			state++)
			put_count(out, family, i, "state", task_state_name(state),
				&metrics->ended[state]);
	}
}

static void put_times(
	const struct metrics_view *view, const struct family *family, bool waits, struct buf *out)
{
	for (size_t i = 0; dialects[i]; i++) {
		const struct metric_label labels[] = { { "dialect", str_cstr(dialects[i]->name) },
			{ 0 } };
		const struct task_metrics *metrics = metrics_of(view, i);

		if (metrics)
			exposition_histogram(out, family->name, labels,
				waits ? &metrics->waits : &metrics->runs, histogram_slow);
	}
}

void collect_waits(const struct metrics_view *view, const struct family *family, struct buf *out)
{
	put_times(view, family, true, out);
}

void collect_runs(const struct metrics_view *view, const struct family *family, struct buf *out)
{
	put_times(view, family, false, out);
}

/* ---- the census ---- */

void collect_census_time(
	const struct metrics_view *view, const struct family *family, struct buf *out)
{
	if (view->has_census)
		exposition_sample(out, family->name, NULL, (double)view->census->at / 1e3);
}

static struct str tenant_of(const struct metrics_view *view, const struct census_row *row)
{
	return row->tenant < view->census->tenant_count
		       ? str_cstr(view->census->tenants[row->tenant].name)
		       : STR_NULL;
}

static struct str dialect_of(const struct census_row *row)
{
	const struct dialect *dialect = dialect_by_code(row->dialect);

	return str_cstr(dialect ? dialect->name : "");
}

void collect_tasks(const struct metrics_view *view, const struct family *family, struct buf *out)
{
	for (size_t i = 0; view->has_census && i < view->census->row_count; i++) {
		const struct census_row *row = &view->census->rows[i];

		for (enum task_state state = TASK_PENDING; state < TASK_STATES; state++) {
			const struct metric_label labels[] = { { "tenant", tenant_of(view, row) },
				{ "dialect", dialect_of(row) },
				{ "state", str_cstr(task_state_name(state)) }, { 0 } };

			exposition_sample(out, family->name, labels, (double)row->states[state]);
		}
	}
}

void collect_ready(const struct metrics_view *view, const struct family *family, struct buf *out)
{
	for (size_t i = 0; view->has_census && i < view->census->row_count; i++) {
		const struct census_row *row = &view->census->rows[i];
		const struct metric_label labels[] = { { "tenant", tenant_of(view, row) },
			{ "dialect", dialect_of(row) }, { 0 } };

		exposition_sample(out, family->name, labels, (double)row->ready);
	}
}

void collect_oldest_ready(
	const struct metrics_view *view, const struct family *family, struct buf *out)
{
	for (size_t i = 0; view->has_census && i < view->census->row_count; i++) {
		const struct census_row *row = &view->census->rows[i];
		const struct metric_label labels[] = { { "tenant", tenant_of(view, row) },
			{ "dialect", dialect_of(row) }, { 0 } };

		if (optional_time_is_set(row->oldest_ready))
			exposition_sample(out, family->name, labels,
				(double)optional_time_ms(row->oldest_ready) / 1e3);
	}
}

static void put_tenant(
	struct buf *out, const struct family *family, const char *name, uint64_t value)
{
	const struct metric_label labels[] = { { "tenant", str_cstr(name) }, { 0 } };

	exposition_sample(out, family->name, labels, (double)value);
}

void collect_tenant_tasks(
	const struct metrics_view *view, const struct family *family, struct buf *out)
{
	const struct census_page *census = view->census;

	for (size_t i = 0; view->has_census && i < census->tenant_count; i++)
		put_tenant(out, family, census->tenants[i].name, census->tenants[i].tasks);
	if (view->has_census && census->other_tenants > 0)
		put_tenant(out, family, "", census->other_tasks);
}

void collect_tenant_bytes(
	const struct metrics_view *view, const struct family *family, struct buf *out)
{
	const struct census_page *census = view->census;

	for (size_t i = 0; view->has_census && i < census->tenant_count; i++)
		put_tenant(out, family, census->tenants[i].name, census->tenants[i].bytes);
	if (view->has_census && census->other_tenants > 0)
		put_tenant(out, family, "", census->other_bytes);
}

void collect_tenant_max_tasks(
	const struct metrics_view *view, const struct family *family, struct buf *out)
{
	const struct census_page *census = view->census;

	for (size_t i = 0; view->has_census && i < census->tenant_count; i++) {
		if (census->tenants[i].max_tasks > 0)
			put_tenant(
				out, family, census->tenants[i].name, census->tenants[i].max_tasks);
	}
}

void collect_tenant_max_bytes(
	const struct metrics_view *view, const struct family *family, struct buf *out)
{
	const struct census_page *census = view->census;

	for (size_t i = 0; view->has_census && i < census->tenant_count; i++) {
		if (census->tenants[i].max_bytes > 0)
			put_tenant(
				out, family, census->tenants[i].name, census->tenants[i].max_bytes);
	}
}

void collect_other_tenants(
	const struct metrics_view *view, const struct family *family, struct buf *out)
{
	if (view->has_census)
		exposition_sample(out, family->name, NULL, (double)view->census->other_tenants);
}
