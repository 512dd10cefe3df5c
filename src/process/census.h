#pragma once
/*
 * The census: how many tasks the tenants have, for the monitor and for clients that show the status
 * again and again. The keeper counts them in passes and publishes each pass as a whole, in memory
 * that the monitor and the supervisor read. During a reload there are two
 * keepers: a pass is given up if another one was published meanwhile.
 *
 * Only the tenants with the most tasks have rows of their own, because each row is some time
 * series; the others, which may be any number, are counted, too, and summed up in one row of each
 * dialect. A tenant that was named in the last pass has an advantage, so that two with about as
 * many tasks do not take turns: Prometheus keeps the time series of both.
 */
#include <stdatomic.h>

#include "base/buf.h"
#include "base/err.h"
#include "task/task.h"

#define CENSUS_MS	    5000 /* between the beginnings of passes for the monitor */
#define CENSUS_WATCHED_MS   1000 /* the same for a client that shows them */
#define CENSUS_DUTY_PERCENT 10	 /* of the keeper, during a pass */
#define CENSUS_TENANTS	    200
#define CENSUS_TENANT_SIZE  65
#define CENSUS_DIALECTS	    16 /* more than there are */
#define CENSUS_ROWS	    (CENSUS_TENANTS * 8 + CENSUS_DIALECTS)
#define CENSUS_OTHERS	    UINT16_MAX /* in place of a tenant */

struct census_tenant {
	char name[CENSUS_TENANT_SIZE];
	uint64_t tasks, bytes;	       /* archived tasks included */
	uint64_t max_tasks, max_bytes; /* its quota; 0: none */
	uint64_t rank;		       /* tasks, and the advantage */
};

/* The tasks of a tenant, or of all others, and a dialect, without archived ones. */
struct census_row {
	uint16_t tenant; /* its index in the page, or CENSUS_OTHERS */
	uint8_t dialect;
	uint64_t states[TASK_STATES], ready;
	struct optional_time oldest_ready; /* since when one of these could be claimed */
};

struct census_page {
	int64_t at; /* end of the pass, ms since the epoch */
	struct census_tenant tenants[CENSUS_TENANTS];
	size_t tenant_count;
	uint64_t other_tenants, other_tasks, other_bytes; /* those that are not in `tenants` */
	struct census_row rows[CENSUS_ROWS];
	size_t row_count;
};

struct census {
	_Atomic uint64_t passes; /* that were published; page passes % 2 has the last one */
	struct census_page pages[2];
};

/* ---- the keeper's side ---- */

struct store;

/* A pass under way. Zero-initialise, then set census. */
struct census_pass {
	struct census *census;
	struct census_page page; /* published when it is complete */
	bool begun;
	uint64_t passes;	/* of the census, when it began */
	size_t tenant, dialect; /* that are counted next; dialect: index in dialects[] */
	/* The names of the other tenants, each with a NUL, which follow those of the page. */
	struct buf other_names;
	size_t other; /* the next one's place there */
	struct census_row others[CENSUS_DIALECTS];
};

/* Goes on with the pass, or begins one, for a slice; *more: it has not ended. */
bool census_run(struct census_pass *pass, struct store *store, bool *more, struct err *err);
void census_pass_free(struct census_pass *pass);

/* ---- the readers' side ---- */

/* Copies the last pass. False: there is none yet. */
bool census_read(struct census *census, struct census_page *page);
