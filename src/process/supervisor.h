#pragma once
/*
 * Supervisor: starts, monitors and stops every other process. It never opens the store and never
 * reads request data, so a bad request or a damaged store cannot crash it.
 *
 * Phases:
 *
 *	recovering --recovery done--> serving
 *	serving    --a child died inside the store, or its shared memory was removed--> clearing
 *	clearing   --all children exited--> recovering
 *	recovering --recovery failed again and again (recovery.h)--> stopping
 *	any phase  --SIGTERM, SIGINT or `stop`--> stopping --all children exited--> return
 *
 * SIGHUP and `reload` read the configuration, start a new generation of children and retire the old
 * generation once the new one is ready. The reload is done when the old generation has handed over
 * its connections. The caller holds the locks of the instance (instance.h).
 */
#include "process/service.h"

struct supervisor_config {
	struct conf conf;
	child_main *const *mains;    /* by role; borrowed */
	struct fcgi_sockets sockets; /* borrowed */
	int monitor_socket;	     /* borrowed; -1: none */
	struct instance_locks locks; /* borrowed; that of the regions may be renewed */
	struct conf_reloader reloader;
};

/*
 * Listens on conf.control and runs until a request or a signal stops it. Returns the exit status.
 * Blocks the signals that it handles.
 */
int supervisor_run(const struct supervisor_config *config);
