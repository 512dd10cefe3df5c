#include "store/health.h"

#define AT(member)    .offset = offsetof(struct store_health, member)
#define FILES(member) AT(member), .of_files = true

static const char *const engine_names[] = {
	[HEALTH_ENGINE_BDB] = "bdb",
	[HEALTH_ENGINE_POSTGRESQL] = "postgresql",
	NULL,
};

static const char *const archive_names[] = {
	[ARCHIVE_OFF] = "off",
	[ARCHIVE_WORKING] = "working",
	[ARCHIVE_FAILING] = "failing",
	NULL,
};

static const char *const index_names[] = {
	[INDEX_BUILDING] = "rebuilding",
	[INDEX_COMPLETE] = "complete",
	[INDEX_WAITING] = "waiting",
	NULL,
};

const struct health_row health_rows[] = {
	{ AT(engine), .name = "engine", .metric = "store_engine", .for_admins = true,
		.help = "what keeps the store: bdb (Berkeley DB) or postgresql",
		.kind = HEALTH_STATE, .names = engine_names },
	{ AT(server_away_since), .of_server = true, .name = "server_away_since",
		.metric = "store_server_away_since_timestamp_seconds", .for_admins = true,
		.help = "since when the server of a shared store does not answer",
		.kind = HEALTH_TIME, .attention_from = 1,
		.advice = "The server of the store does not answer, and requests get 503: start "
			  "it, or let this host reach it. The service tries it again by itself." },
	{ FILES(last_checkpoint), .name = "last_checkpoint",
		.metric = "store_last_checkpoint_timestamp_seconds",
		.help = "end of the last checkpoint", .kind = HEALTH_TIME, .none = "none yet" },
	{ FILES(checkpoint_ms), .name = "checkpoint_ms",
		.metric = "store_checkpoint_duration_seconds",
		.help = "duration of that checkpoint", .kind = HEALTH_DURATION },
	{ FILES(log_files), .name = "log_files", .metric = "store_log_files",
		.help = "log files in the home", .unit = "file" },
	{ FILES(log_bytes), .name = "log_bytes", .metric = "store_log_bytes",
		.help = "disk space that the log files occupy", .kind = HEALTH_BYTES },
	{ FILES(data_bytes), .name = "data_bytes", .metric = "store_data_bytes",
		.help = "disk space that the data files of the store occupy",
		.kind = HEALTH_BYTES },
	{ FILES(free_bytes), .name = "free_bytes", .metric = "disk_free_bytes", .for_admins = true,
		.help = "free space of the file system of the home", .kind = HEALTH_BYTES },
	{ FILES(disk_bytes), .name = "disk_bytes", .metric = "disk_size_bytes", .for_admins = true,
		.help = "size of that file system", .kind = HEALTH_BYTES },
	{ FILES(cache_bytes), .name = "cache_bytes", .metric = "store_cache_size_bytes",
		.help = "size of the cache of the store (cache_mb)", .kind = HEALTH_BYTES },
	{ FILES(cache_used_bytes), .name = "cache_used_bytes", .metric = "store_cache_used_bytes",
		.help = "bytes of the pages that it has", .kind = HEALTH_BYTES },
	{ FILES(cache_hits), .name = "cache_hits", .metric = "store_cache_hits_total",
		.help = "pages that the cache had since the last recovery", .unit = "page",
		.hide_zero = true },
	{ FILES(cache_misses), .name = "cache_misses", .metric = "store_cache_misses_total",
		.help = "pages that were read from disk since the last recovery", .unit = "page",
		.hide_zero = true },
	{ FILES(oldest_transaction), .name = "oldest_transaction",
		.metric = "store_oldest_transaction_timestamp_seconds",
		.help = "begin of the oldest open transaction, observed once a second",
		.kind = HEALTH_TIME, .none = "none" },
	{ FILES(last_backup), .name = "last_backup", .metric = "last_backup_timestamp_seconds",
		.for_admins = true, .help = "end of the last backup", .kind = HEALTH_TIME,
		.none = "none" },
	{ FILES(damaged_pages), .name = "damaged_pages", .metric = "store_damaged_pages",
		.for_admins = true,
		.help = "pages that cannot be read (polytaskctl verify lists them)", .unit = "page",
		.hide_zero = true, .attention_from = 1,
		.advice = "Pages of the data files are damaged, and requests that need them fail: "
			  "check the disk, then restore a backup (polytaskctl restore) or give up "
			  "what was on them (polytaskctl repair)." },
	{ FILES(repair_unfinished), .name = "repair_unfinished",
		.metric = "store_repair_unfinished", .for_admins = true,
		.help = "whether a repair of damaged pages was interrupted", .kind = HEALTH_FLAG,
		.hide_zero = true, .attention_from = 1,
		.advice =
			"A repair of damaged pages has not ended: lists may name tasks that are lost. "
			"Run polytaskctl repair --yes." },
	{ FILES(last_scrub), .name = "last_scrub", .metric = "store_last_scrub_timestamp_seconds",
		.for_admins = true, .help = "end of the last verification of all pages",
		.kind = HEALTH_TIME, .none = "none yet" },
	{ FILES(scrub_progress), .name = "scrub_progress", .metric = "store_scrub_progress_ratio",
		.help = "share of the pages that the present verification has read",
		.kind = HEALTH_SHARE, .hide_zero = true },
	{ FILES(archive), .name = "archive", .metric = "archive_state", .for_admins = true,
		.help = "whether finished logs are copied: off, working or failing",
		.kind = HEALTH_STATE, .names = archive_names, .attention_from = ARCHIVE_FAILING,
		.advice = "Finished logs cannot be copied to the archive and stay in the home "
			  "(archive_error): make the archive writable or free space in it." },
	{ FILES(archive_failing_since), .name = "archive_failing_since",
		.metric = "archive_failing_since_timestamp_seconds", .for_admins = true,
		.help = "begin of the failure of the archive", .kind = HEALTH_TIME },
	{ FILES(archive_error), .name = "archive_error", .for_admins = true,
		.help = "error of the last failed copy", .kind = HEALTH_ERROR },
	{ FILES(archive_waiting_files), .name = "archive_waiting_files",
		.metric = "archive_waiting_files", .for_admins = true,
		.help = "finished log files that wait for the archive", .unit = "file",
		.hide_zero = true },
	{ FILES(archive_waiting_bytes), .name = "archive_waiting_bytes",
		.metric = "archive_waiting_bytes", .for_admins = true,
		.help = "disk space that these occupy", .kind = HEALTH_BYTES, .hide_zero = true },
	{ AT(index), .name = "index", .metric = "index_state", .for_admins = true,
		.help = "complete, rebuilding, or waiting for the recovery that replaces it; lists are "
			"refused unless it is complete",
		.kind = HEALTH_STATE, .names = index_names },
	{ AT(index_progress), .name = "index_progress", .metric = "index_rebuild_progress_ratio",
		.for_admins = true, .help = "progress of the rebuild", .kind = HEALTH_SHARE,
		.hide_zero = true },
	{ AT(index_left_ms), .name = "index_left_ms", .metric = "index_rebuild_left_seconds",
		.for_admins = true, .help = "estimated time until the rebuild ends",
		.kind = HEALTH_DURATION, .hide_zero = true },
	{ AT(index_left_out), .name = "index_left_out", .metric = "index_left_out_pages",
		.for_admins = true,
		.help = "pages of tasks that were damaged when the index was built: their tasks are "
			"in no list",
		.unit = "page", .hide_zero = true, .attention_from = 1,
		.advice = "The index was built while pages of tasks were damaged, and leaves out "
			  "their tasks: run polytaskctl reindex when these pages are restored or "
			  "repaired." },
	{ AT(retention_removed), .name = "retention_removed",
		.metric = "retention_removed_tasks_total",
		.help = "tasks removed by retention since the last recovery", .unit = "task" },
	{ AT(retention_pass), .name = "retention_pass",
		.metric = "retention_last_pass_timestamp_seconds",
		.help = "end of the last pass of the retention over all tasks",
		.kind = HEALTH_TIME },
	{ AT(tenants_near_quota), .name = "tenants_near_quota", .metric = "tenants_near_quota",
		.help = "tenants that use 90 % or more of a quota, counted every 10 minutes",
		.unit = "tenant", .hide_zero = true },
	{ AT(webhooks), .name = "webhooks", .metric = "webhooks", .help = "enabled webhooks",
		.unit = "webhook", .hide_zero = true },
	{ AT(deliveries_pending), .name = "deliveries_pending",
		.metric = "webhook_deliveries_pending",
		.help = "deliveries of enabled webhooks that wait", .unit = "message",
		.hide_zero = true },
	{ AT(deliveries_sent), .name = "deliveries_sent", .metric = "webhook_deliveries_sent_total",
		.help = "deliveries that receivers have accepted since the last recovery",
		.unit = "message", .hide_zero = true },
	{ AT(deliveries_failed), .name = "deliveries_failed",
		.metric = "webhook_deliveries_failed_total",
		.help = "deliveries given up since the last recovery", .unit = "message",
		.hide_zero = true },
};

_Static_assert(
	sizeof(health_rows) / sizeof(health_rows[0]) == HEALTH_ROWS, "each figure has one row");

#define NEAR_QUOTA (HEALTH_NEAR_QUOTA_PERCENT * 10000)

const struct health_row health_extras[HEALTH_EXTRAS] = {
	[HEALTH_READ_ONLY] = { .name = "read_only",
		.kind = HEALTH_FLAG,
		.help = "whether writes are refused because the disk is nearly full",
		.attention_from = 1,
		.advice = "Writes are refused because the disk is nearly full: free space on it." },
	[HEALTH_LISTS_REFUSED] = { .name = "lists_refused",
		.kind = HEALTH_FLAG,
		.help = "whether lists and counts are refused because the index is not complete",
		.attention_from = 1,
		.advice = "The index is built again, and lists and counts are refused until it is "
			  "complete: wait for that." },
	[HEALTH_TENANT_TASKS] = { .name = "tenant_tasks",
		.kind = HEALTH_SHARE,
		.help = "share of the quota of tasks that the tenant uses",
		.attention_from = NEAR_QUOTA,
		.advice =
			"The tenant has nearly as many tasks as its quota allows: remove some, or "
			"let the operator raise the quota (polytaskctl quota)." },
	[HEALTH_TENANT_BYTES] = { .name = "tenant_bytes",
		.kind = HEALTH_SHARE,
		.help = "share of the quota of bytes that the tenant uses",
		.attention_from = NEAR_QUOTA,
		.advice = "The tasks of the tenant have nearly as many bytes as its quota allows: "
			  "remove some, or let the operator raise the quota (polytaskctl quota)." },
	[HEALTH_TENANT_WEBHOOKS] = { .name = "tenant_webhooks",
		.kind = HEALTH_NUMBER,
		.help = "enabled webhooks of the tenant",
		.unit = "webhook" },
	[HEALTH_TENANT_WEBHOOKS_DISABLED] = { .name = "tenant_webhooks_disabled",
		.kind = HEALTH_NUMBER,
		.help = "webhooks of the tenant that the service has disabled",
		.unit = "webhook",
		.attention_from = 1,
		.advice =
			"The service has disabled webhooks, whose receivers get nothing any more: "
			"see their reason (GET /v1/webhooks), then enable them again or remove "
			"them." },
	[HEALTH_TENANT_WEBHOOKS_FAILING] = { .name = "tenant_webhooks_failing",
		.kind = HEALTH_NUMBER,
		.help = "enabled webhooks of the tenant without a success for 10 minutes or more",
		.unit = "webhook",
		.attention_from = 1,
		.advice = "Receivers of webhooks accept nothing, and are tried again: see the "
			  "deliveries of the webhooks with failing_since (GET /v1/webhooks)." },
	[HEALTH_TENANT_DELIVERIES] = { .name = "tenant_deliveries_pending",
		.kind = HEALTH_NUMBER,
		.help = "deliveries of enabled webhooks of the tenant that wait",
		.unit = "message" },
};

bool health_has(const struct health_row *row, const struct store_health *health)
{
	return health_is_shared(health) ? !row->of_files : !row->of_server;
}

bool health_needs_attention(const struct health_row *row, uint64_t value)
{
	return row->attention_from > 0 && value >= row->attention_from;
}

uint64_t health_read(const struct health_row *row, const struct store_health *health)
{
	return atomic_load(
		(const _Atomic uint64_t *)(const void *)((const char *)health + row->offset));
}

const char *health_state_name(const struct health_row *row, uint64_t value)
{
	for (size_t i = 0; row->names[i]; i++) {
		if (i == value)
			return row->names[i];
	}
	return "unknown";
}

void health_reset(struct store_health *health)
{
	uint64_t engine = atomic_load(&health->engine);

	for (size_t i = 0; i < HEALTH_ROWS; i++)
		atomic_store(
			(_Atomic uint64_t *)(void *)((char *)health + health_rows[i].offset), 0);
	atomic_store(&health->engine, engine);
}
