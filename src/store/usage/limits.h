#pragma once
/*
 * The quotas of tenants and what they use. Part of the contract of the store (store.h).
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "store/progress.h"

struct store;

/* In place of a limit: that of store_options.tenant_tasks or tenant_bytes. */
#define STORE_QUOTA_DEFAULT UINT64_MAX

/* Operations that create no task may exceed the quota of bytes by this part of it: an eighth. */
#define STORE_QUOTA_REPORTS 8

/*
 * Tasks of a tenant, archived ones and resources included, and bytes of their records, with its
 * quota. Operations that would exceed it fail with ERR_STORAGE_QUOTA: creations, and changes that
 * make a record larger (see STORE_QUOTA_REPORTS). REMOVE and ARCHIVE, imports and changes that keep
 * or shrink the record always work.
 */
struct store_usage {
	struct str tenant;
	uint64_t tasks, bytes;
	uint64_t max_tasks, max_bytes; /* 0: none */
	bool own_tasks, own_bytes;     /* the limit is the tenant's own, not the default */
};

/*
 * Calls back for every tenant that has or had tasks, or has a quota, in the order of their names,
 * until it returns false.
 */
bool store_each_usage(struct store *store,
	bool (*take)(const struct store_usage *usage, void *data), void *data, struct err *err);
/* Sets the limits that are not NULL: 0: none, or STORE_QUOTA_DEFAULT. Flushed. */
bool store_set_quota(struct store *store, struct str tenant, const uint64_t *max_tasks,
	const uint64_t *max_bytes, struct err *err);
/*
 * Counts all tasks again and corrects the rows that are wrong: *wrong. Counts of tenants whose
 * tasks changed meanwhile are not compared: *changed. progress: or NULL.
 */
bool store_recount(struct store *store, const struct store_progress *progress, uint64_t *wrong,
	uint64_t *changed, struct err *err);
