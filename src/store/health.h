#pragma once
/*
 * Health of the store: figures for the operator, in memory shared by all processes of the service
 * (struct store_shared). The process that knows a figure stores it there: the keeper, a chore of
 * the engine (engine_options.health), a worker, the notifier or the recover process. The supervisor
 * only reads them, so `polytaskctl status` needs no access to the store. health_reset() zeroes all
 * of them before each recovery; a figure that must outlive a recovery is loaded from the store by
 * its owner.
 *
 * To add a figure, add its member here and its row in health.c. The object "store" of the status,
 * the table of polytaskctl and the metrics (monitor/family.h) follow the rows, and a test compares
 * polytaskctl(8) with them.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "task/health.h"

enum health_engine { HEALTH_ENGINE_BDB, HEALTH_ENGINE_POSTGRESQL };

static inline enum health_engine health_engine_of(bool shared)
{
	return shared ? HEALTH_ENGINE_POSTGRESQL : HEALTH_ENGINE_BDB;
}

enum archive_health { ARCHIVE_OFF, ARCHIVE_WORKING, ARCHIVE_FAILING };

enum index_health { INDEX_BUILDING, INDEX_COMPLETE, INDEX_WAITING };

/* Units and meaning: the rows in health.c. */
struct store_health {
	_Atomic uint64_t engine; /* enum health_engine; set by the supervisor */
	_Atomic uint64_t server_away_since;
	_Atomic uint64_t last_checkpoint;
	_Atomic uint64_t checkpoint_ms;
	_Atomic uint64_t log_files;
	_Atomic uint64_t log_bytes;
	_Atomic uint64_t data_bytes;
	_Atomic uint64_t free_bytes;
	_Atomic uint64_t disk_bytes;
	_Atomic uint64_t cache_bytes;
	_Atomic uint64_t cache_used_bytes;
	_Atomic uint64_t cache_hits;
	_Atomic uint64_t cache_misses;
	_Atomic uint64_t oldest_transaction;
	_Atomic uint64_t last_backup;
	_Atomic uint64_t damaged_pages;
	_Atomic uint64_t repair_unfinished;
	_Atomic uint64_t last_scrub;
	_Atomic uint64_t scrub_progress;
	_Atomic uint64_t archive; /* enum archive_health */
	_Atomic uint64_t archive_failing_since;
	_Atomic uint64_t archive_error;
	_Atomic uint64_t archive_waiting_files;
	_Atomic uint64_t archive_waiting_bytes;
	_Atomic uint64_t index; /* enum index_health */
	_Atomic uint64_t index_progress;
	_Atomic uint64_t index_left_ms;
	_Atomic uint64_t index_left_out;
	_Atomic uint64_t retention_removed;
	_Atomic uint64_t retention_pass;
	_Atomic uint64_t tenants_near_quota;
	_Atomic uint64_t webhooks;
	_Atomic uint64_t deliveries_pending;
	_Atomic uint64_t deliveries_sent;
	_Atomic uint64_t deliveries_failed;
};

struct health_row {
	const char *name;   /* the JSON member */
	const char *metric; /* without the prefix polytask_; NULL: it is none */
	const char *help;   /* as in polytaskctl(8) */
	enum health_kind kind;
	const char *unit;	  /* NUMBER: a regular noun for the table, singular */
	const char *const *names; /* STATE: in the order of the enum, NULL at the end */
	const char *none;	  /* TIME, ERROR: text for 0 in the table; NULL: no line */
	bool hide_zero;		  /* NUMBER, BYTES, SHARE: no line in the table for 0 */
	/* An operator is needed if the value is at least attention_from; 0: never. */
	uint64_t attention_from;
	const char *advice; /* a sentence: cause and remedy */
	/* Also shown by OP_HEALTH: useful to administrators, and reveals nothing about tenants. */
	bool for_admins;
	bool of_files;	/* only of an engine with files in the home */
	bool of_server; /* only of a shared engine */
	size_t offset;	/* in struct store_health */
};

#define HEALTH_ROWS (sizeof(struct store_health) / sizeof(_Atomic uint64_t))

/* In the order of the status. */
extern const struct health_row health_rows[HEALTH_ROWS];

/*
 * Further rows of OP_HEALTH: conditions of the service, and figures of one tenant. Their values are
 * computed on each request, so `offset` is unused.
 */
enum health_extra {
	HEALTH_READ_ONLY, /* store_shared.read_only; status has its advice */
	HEALTH_LISTS_REFUSED,
	HEALTH_TENANT_TASKS, /* shares of its quota */
	HEALTH_TENANT_BYTES,
	HEALTH_TENANT_WEBHOOKS,
	HEALTH_TENANT_WEBHOOKS_DISABLED,
	HEALTH_TENANT_WEBHOOKS_FAILING,
	HEALTH_TENANT_DELIVERIES,
	HEALTH_EXTRAS
};
extern const struct health_row health_extras[HEALTH_EXTRAS];

/* A tenant needs attention from this share of a quota on, in percent. */
#define HEALTH_NEAR_QUOTA_PERCENT 90
/* A webhook without a success for this time, in ms, counts as failing. */
#define HEALTH_FAILING_MS (10 * 60 * 1000)

/* Whether the engine has the row. */
bool health_has(const struct health_row *row, const struct store_health *health);
/* Whether an operator should look at the value. */
bool health_needs_attention(const struct health_row *row, uint64_t value);
uint64_t health_read(const struct health_row *row, const struct store_health *health);
/* Name of a STATE's value; "unknown" if it has none. */
const char *health_state_name(const struct health_row *row, uint64_t value);
static inline bool health_is_shared(const struct store_health *health)
{
	return atomic_load(&health->engine) != HEALTH_ENGINE_BDB;
}

/* Whether the server of a shared store does not answer: another host may still reach it. */
static inline bool health_server_is_away(const struct store_health *health)
{
	return atomic_load(&health->server_away_since) != 0;
}

/* All figures but the engine. */
void health_reset(struct store_health *health);
