#include "serve/counters.h"

#define AT(member) .offset = offsetof(struct worker_counters, member)

const struct counter counters[] = {
	{ AT(heartbeats), .name = "heartbeats", .unit = "turns",
		.help = "turns of the event loop, at least 5 a second, also when idle",
		.internal = true },
	{ AT(served), .name = "served", .unit = "requests", .help = "requests answered" },
	{ AT(refused), .name = "refused", .unit = "requests",
		.help = "requests answered with a status code of 400 or above" },
	{ AT(connections), .name = "connections", .metric = "worker_connections",
		.unit = "connections", .help = "open connections of the web server",
		.kind = COUNTER_GAUGE },
	{ AT(queued), .name = "queued", .metric = "worker_queued_requests", .unit = "requests",
		.help = "requests and lists that wait for their turn", .kind = COUNTER_GAUGE },
	{ AT(parked), .name = "parked", .metric = "worker_parked_requests", .unit = "requests",
		.help = "requests that wait for a task to become ready", .kind = COUNTER_GAUGE },
	{ AT(streams), .name = "streams", .metric = "event_streams", .unit = "streams",
		.help = "open streams of events", .kind = COUNTER_GAUGE },
	{ AT(waiting), .name = "waiting", .metric = "worker_unread_responses", .unit = "responses",
		.help = "responses that wait until the web server reads", .kind = COUNTER_GAUGE },
	{ AT(dropped), .name = "dropped", .metric = "worker_dropped_responses_total",
		.unit = "responses",
		.help = "responses and large bodies dropped because they were read or sent too slowly" },
	{ AT(abandoned), .name = "abandoned", .metric = "worker_abandoned_requests_total",
		.unit = "requests",
		.help = "requests dropped before their turn because their client had left" },
	{ AT(undone), .name = "undone", .metric = "claims_undone_total", .unit = "claims",
		.help = "claims undone because their response could not be delivered" },
	{ AT(flushes), .name = "flushes", .unit = "flushes", .help = "flushes of the log to disk" },
};

_Static_assert(sizeof(counters) / sizeof(counters[0]) == COUNTERS, "each counter has one row");

uint64_t counter_read(const struct counter *counter, const struct worker_counters *values)
{
	return atomic_load(
		(const _Atomic uint64_t *)(const void *)((const char *)values + counter->offset));
}

void counters_reset(struct worker_counters *values)
{
	for (size_t i = 0; i < COUNTERS; i++)
		atomic_store((_Atomic uint64_t *)(void *)((char *)values + counters[i].offset), 0);
}

void counters_add_totals(struct worker_counters *sums, const struct worker_counters *values)
{
	for (size_t i = 0; i < COUNTERS; i++) {
		_Atomic uint64_t *sum = (void *)((char *)sums + counters[i].offset);

		if (counters[i].kind == COUNTER_TOTAL)
			atomic_fetch_add(sum, counter_read(&counters[i], values));
	}
}
