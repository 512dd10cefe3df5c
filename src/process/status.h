#pragma once
/*
 * The service as JSON, for `polytaskctl status`. One line, shown here in several:
 *
 *	{"pid":1,"phase":"serving","generation":1,"recoveries":0,"recovery":null,"read_only":false,
 *	 "started":1429207233000,"attention":[],
 *	 "damages":[{"table":"tasks2","page":7,"first_seen":1429207233000,"reads":3,
 *	             "task":"..."}],
 *	 "store":{"last_checkpoint":1429207233000,...},
 *	 "duration_bounds":[...],"counted_at":1429207233000,"dialects":{...},
 *	 "processes":[{"process":"worker 1","pid":2,"generation":1,"state":"ready",
 *	               ..., "since":1429207233000}]}
 *
 * "attention" has a sentence for each state that needs an operator: cause and remedy.
 * "damages" has the pages that could not be read since the last recovery (store/damage.h), with a
 * task on the page if one is known.
 * "recovery" is null, or, while recoveries fail (recovery.h), an object with the number of the next
 * or present attempt, the limit (null: none) and the cause of the last failure.
 * The line before "processes" is documented in status_dialects.h.
 * The members of "store" are the rows of store/health.h. The counters of serve/counters.h are
 * between "state" and "since". Times are ms since the epoch.
 */
#include "process/service.h"

/* Appends the line without a newline. */
void status_write(const struct service *service, struct buf *out);
