/* Metrics of the service as a whole. */
#include "monitor/family.h"
#include "monitor/readiness.h"
#include "sys/reserve.h"

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

/* ---- what the configuration allows ---- */

void collect_disk_reserve(
	const struct metrics_view *view, const struct family *family, struct buf *out)
{
	if (!conf_is_shared(view->conf))
		exposition_sample(out, family->name, NULL, (double)reserve_bytes(view->conf));
}

void collect_workers(const struct metrics_view *view, const struct family *family, struct buf *out)
{
	int workers = atomic_load(&view->scoreboard->supervisor.workers);

	if (workers > 0)
		exposition_sample(out, family->name, NULL, workers);
}

/* Each worker has the limit, and the writer has all claims: so a sum would hide that it is full. */
void collect_waits_ratio(
	const struct metrics_view *view, const struct family *family, struct buf *out)
{
	uint64_t most = 0;

	for (size_t i = 0; i < SCOREBOARD_SLOTS; i++) {
		const struct scoreboard_slot *slot = &view->scoreboard->slots[i];
		uint64_t waits = atomic_load(&slot->counters.parked) +
				 atomic_load(&slot->counters.streams);

		if (atomic_load(&slot->role) != ROLE_NONE && waits > most)
			most = waits;
	}
	if (view->conf->waits > 0)
		exposition_sample(
			out, family->name, NULL, (double)most / (double)view->conf->waits);
}
