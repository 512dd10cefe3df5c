#pragma once
/*
 * Whether the service works, for probes: /livez and /readyz in the form of Kubernetes
 * (https://kubernetes.io/docs/reference/using-api/health-checks/).
 */
#include "process/scoreboard.h"

/*
 * Appends the page of the checks and returns whether all passed. verbose: a line for each check.
 * is_excluded tells which ones do not count; NULL: all count.
 */
bool readiness_write(const struct scoreboard *scoreboard, bool verbose,
	bool (*is_excluded)(const char *name, void *data), void *data, struct buf *out);
/* The same about the supervisor alone: whether a restart of the service is needed. */
bool liveness_write(const struct scoreboard *scoreboard, struct buf *out);
