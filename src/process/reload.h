#pragma once
/*
 * The reload of the configuration, for SIGHUP and for `polytaskctl reload`. It is done when the new
 * generation answers all requests: service->reloading is then false.
 */
#include "process/service.h"

/*
 * Reads the configuration and starts a new generation of children with it. The names of options
 * that wait for a restart are in service->reload_waiting. On failure, which is logged, the
 * configuration and the generation stay. `now`: monotonic ms.
 */
bool reload_begin(struct service *service, int64_t now, struct err *err);
/*
 * Whether a reload may begin: the one before it is done, or has taken a second and no process of a
 * replaced generation is still starting. So the processes of many reloads in a row do not add up.
 */
bool reload_is_allowed(const struct service *service, int64_t now);
