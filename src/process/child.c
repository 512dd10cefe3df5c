#include "process/child.h"

#include "dialect/dialect.h"

void child_store_options(
	const struct child_context *child, enum store_mode mode, struct store_options *options)
{
	*options = (struct store_options){
		.mode = mode,
		.home = child->conf->home,
		.regions = child->conf->regions,
		.archive = child->conf->archive,
		.expected_tasks = child->conf->expected_tasks,
		.cache_mb = child->conf->cache_mb,
		.checkpoint_mb = child->conf->checkpoint_mb,
		.checkpoint_seconds = child->conf->checkpoint_seconds,
		.indexes = dialect_index_tables(),
		.shared = &child->scoreboard->store,
		.activity = &child->slot->store_activity,
	};
}
