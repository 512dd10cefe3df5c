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
/* Whether the supervisor works; if not, the service must be restarted. */
bool service_is_live(const struct scoreboard *scoreboard);
/* Appends a page that tells it, and returns it. */
bool liveness_write(const struct scoreboard *scoreboard, struct buf *out);
