#include <inttypes.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/usage/usage.h"

#define NEAR_PERCENT	HEALTH_NEAR_QUOTA_PERCENT
#define LOG_INTERVAL_MS 3600000
#define LINES_MAX	10 /* per LOG_INTERVAL_MS */

struct watch {
	uint64_t near; /* tenants */
	bool log;
};

static unsigned percent(uint64_t used, uint64_t max)
{
	if (max == 0)
		return 0;
	return used >= max ? 100 : (unsigned)((double)used * 100 / (double)max);
}

static void log_near(const struct watch *watch, const struct store_usage *usage, const char *what,
	uint64_t used, uint64_t max)
{
	if (watch->log && watch->near <= LINES_MAX && percent(used, max) >= NEAR_PERCENT)
		log_warn("quota", "tenant %.*s uses %u %% of its %s: %" PRIu64 " of %" PRIu64,
			STR_ARGS(usage->tenant), percent(used, max), what, used, max);
}

static bool watch_tenant(const struct store_usage *usage, void *data)
{
	struct watch *watch = data;

	if (percent(usage->tasks, usage->max_tasks) < NEAR_PERCENT &&
		percent(usage->bytes, usage->max_bytes) < NEAR_PERCENT)
		return true;
	watch->near++;
	log_near(watch, usage, "tasks", usage->tasks, usage->max_tasks);
	log_near(watch, usage, "bytes", usage->bytes, usage->max_bytes);
	return true;
}

bool usage_watch(struct store *store, bool low_space, bool *more, struct err *err)
{
	int64_t now = clock_mono_ms();
	struct watch watch = { .log = now >= store->next_quota_log };

	(void)low_space, (void)more;
	if (!store_each_usage(store, watch_tenant, &watch, err))
		return false;
	if (watch.log && watch.near > 0)
		store->next_quota_log = now + LOG_INTERVAL_MS;
	if (watch.log && watch.near > LINES_MAX)
		log_warn("quota", "%" PRIu64 " tenants in all use %d %% or more of a quota",
			watch.near, NEAR_PERCENT);
	atomic_store(&store->shared->health.tenants_near_quota, watch.near);
	return true;
}
