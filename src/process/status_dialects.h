#pragma once
/*
 * What the service has done by dialect, for the status. Members of the status:
 *
 *	"duration_bounds":[250,500,...],
 *	"counted_at":1429207233000,
 *	"dialects":{"native":{"responses":9,"client_errors":1,"server_errors":0,
 *	                      "durations":[3,4,...],"created":2,"claimed":2,"ended":1,
 *	                      "pending":1,"ready":1,"running":0,"succeeded":1,"failed":0,
 *	                      "cancelled":0,"oldest_ready":1429207233000},
 *	            ...,"":{"responses":4,...}}
 *
 * "responses" to "ended" are counted since the start of the service (serve/request_metrics.h,
 * store/metrics.h): "durations" has one number more than "duration_bounds", which are microseconds,
 * and "ended" counts tasks that have succeeded, failed or were cancelled. The others are of the
 * last pass of the census (census.h), at "counted_at", with null for "oldest_ready" if no task is
 * ready; all of them are absent, and "counted_at" is null, without a pass. The dialect "" has the
 * calls of the web server, those that are of no dialect, and probes.
 */
#include <jansson.h>

#include "process/scoreboard.h"

/* Adds the members. */
void status_add_dialects(json_t *status, struct scoreboard *scoreboard);
