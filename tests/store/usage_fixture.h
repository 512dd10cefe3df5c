#pragma once
/* What the store says about the tasks and bytes of a tenant. A failure ends the test. */
#include "fixture.h"

/* Zeros for a tenant without tasks and quota. */
struct store_usage usage_of(struct store *store, const char *tenant);
/* Of the tenant "acme"; 0: none. */
void usage_set_quota(struct store *store, uint64_t tasks, uint64_t bytes);
