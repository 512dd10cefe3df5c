#pragma once
/*
 * The service as the supervisor sees it: its processes, the phase it is in (supervisor.h has the
 * diagram), and the transitions between phases. Reaps children, starts missing ones, and kills all
 * of them when the store may be damaged. Ends itself if recovery fails again and again
 * (recovery.h).
 */
#include "process/children.h"
#include "process/region_watch.h"

enum phase {
	PHASE_RECOVERING,
	PHASE_SERVING,
	PHASE_CLEARING,
	PHASE_STOPPING,
	PHASE_STOPPED,
	PHASES
};

/* Reads the configuration again, as conf_reload() does. read may be NULL: nothing changes. */
struct conf_reloader {
	bool (*read)(struct conf *conf, void *data, struct buf *waiting, struct err *err);
	void *data;
};

struct service {
	struct conf conf;
	struct children children;
	struct restart_backoff backoffs[ROLES];
	enum phase phase;
	bool ready_announced; /* since the last recovery or reload */
	bool proven;	      /* the keeper and enough workers were ready since the last recovery */
	struct recovery recovery; /* failures since then */
	int exit_status;	  /* of the service, once it has stopped */
	bool hurry;		  /* a change is due: call service_step() again soon */
	int64_t started_ms;	  /* wall clock, since the epoch */
	struct conf_reloader reloader;
	bool reloading;		     /* until the newest generation answers all requests */
	int64_t reloaded_ms;	     /* monotonic: when the last reload began */
	uint64_t reloads;	     /* that have begun */
	int reload_generation;	     /* which the last one has started */
	struct buf reload_waiting;   /* names of options that take effect at the next start */
	int complete_generation;     /* the newest that had all its processes ready */
	struct region_watch regions; /* since the last recovery */
	int64_t next_region_check_ms;
	int64_t next_signal_ms;	    /* stopping: monotonic */
	int64_t signal_interval_ms; /* stopping */
};

/*
 * Zero-initialise first, set reloader; call service_free() also after a failure. monitor_socket: -1
 * without one. Borrows mains, sockets and locks; the lock of the regions may be renewed.
 */
bool service_init(struct service *service, const struct conf *conf, child_main *const *mains,
	const struct fcgi_sockets *sockets, int monitor_socket, struct instance_locks locks,
	struct err *err);
void service_free(struct service *service);

/* Reaps ended children and does what the phase requires. Does not block. `now`: monotonic ms. */
void service_step(struct service *service, int64_t now);
/* Begins to stop. service->phase is PHASE_STOPPED when no child is left. */
void service_stop(struct service *service);
/* Whether workers answer requests, and, of a shared store, the server answers them. */
bool service_is_serving(const struct service *service);
const char *service_phase_name(const struct service *service);
