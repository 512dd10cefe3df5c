/* Metrics of the service as a whole. */
#include "monitor/family.h"
#include "monitor/readiness.h"

void collect_build(const struct metrics_view *view, const struct family *family, struct buf *out)
{
	static const struct metric_label labels[] = { { "version", STR(POLYTASK_VERSION) }, { 0 } };

	(void)view;
	exposition_sample(out, family->name, labels, 1);
}

void collect_start(const struct metrics_view *view, const struct family *family, struct buf *out)
{
	int64_t ms = atomic_load(&view->scoreboard->supervisor.started_ms);

	exposition_sample(out, family->name, NULL, (double)ms / 1e3);
}

void collect_generation(
	const struct metrics_view *view, const struct family *family, struct buf *out)
{
	exposition_sample(
		out, family->name, NULL, atomic_load(&view->scoreboard->supervisor.generation));
}

void collect_live(const struct metrics_view *view, const struct family *family, struct buf *out)
{
	exposition_sample(out, family->name, NULL, service_is_live(view->scoreboard));
}

void collect_serving(const struct metrics_view *view, const struct family *family, struct buf *out)
{
	exposition_sample(
		out, family->name, NULL, atomic_load(&view->scoreboard->supervisor.serving));
}

void collect_read_only(
	const struct metrics_view *view, const struct family *family, struct buf *out)
{
	exposition_sample(out, family->name, NULL, atomic_load(&view->scoreboard->store.read_only));
}
