#include "admin/store_options.h"

#include "dialect/dialect.h"
#include "dialect/policy_conf.h"

void store_options_from_conf(
	struct store_options *options, const struct conf *conf, enum store_mode mode)
{
	*options = (struct store_options){
		.mode = mode,
		.home = conf->home,
		.regions = conf->regions,
		.archive = conf->archive,
		.url = conf->store,
		.expected_tasks = conf->expected_tasks,
		.cache_mb = conf->cache_mb,
		.checkpoint_mb = conf->checkpoint_mb,
		.checkpoint_seconds = conf->checkpoint_seconds,
		.scrub_days = conf->scrub_days,
		.journal_entries = conf->journal_entries,
		.journal_ms = (int64_t)conf->journal_days * 86400000,
		.tenant_tasks = conf->tenant_tasks,
		.tenant_bytes = conf->tenant_mb << 20,
		.key_limit = { conf->idempotency_keys, conf->idempotency_mb << 20 },
		.indexes = dialect_index_tables(),
	};
	policies_from_conf(&options->policies, conf);
}
