#pragma once
/*
 * The context of a child process, and the entry functions of the children.
 *
 * A child starts with all signals blocked, SIGPIPE ignored, its process title set and confined
 * (confine.h). Of the supervisor's descriptors it has only 0-2, those below, and the locks
 * (instance.h: they keep a new instance out until the last orphan has exited). It ends by returning
 * its exit status.
 *
 * Signals: SIGTERM: finish the current work and exit with 0; a recovery, which has SIGTERM not
 * blocked, ends at once. SIGUSR2, to workers only: retire (serve/worker.h) and exit with 0. A child
 * never sends SIGKILL.
 */
#include <poll.h>
#include <sys/types.h>

#include "process/scoreboard.h"
#include "sys/handover.h"
#include "sys/listen.h"

/* An accepted control connection. */
struct child_client {
	int fd; /* -1: none */
	uid_t uid;
	struct str received; /* from it: the request line, perhaps input behind it */
};

#define CHILD_NO_CLIENT ((struct child_client){ .fd = -1 })

struct child_context {
	const struct conf *conf;
	struct scoreboard *scoreboard;
	struct scoreboard_slot *slot;
	int listeners[FCGI_SOCKETS];	      /* FastCGI sockets to accept from; -1: none */
	struct handover queues[FCGI_SOCKETS]; /* of the connections of each of them */
	uid_t peer_uid;			      /* user that may connect, besides the service's */
	int supervisor_pipe; /* readable (end of file) when the supervisor is gone: exit soon */
	struct child_client client; /* of an operator, else CHILD_NO_CLIENT */
	int monitor_socket;	    /* of the monitor, else -1: accepts its clients */
};

/* The entry function of a child process. Returns the exit status. */
typedef int child_main(const struct child_context *child);

/* Sets the options with which a child opens the store in this mode. */
void child_store_options(
	const struct child_context *child, enum store_mode mode, struct store_options *options);

#define CHILD_WAIT_MS 200

/* Installs the handler of SIGTERM, which child_poll() and child_stop_requested() report. */
void child_catch_sigterm(void);
bool child_stop_requested(void);
/*
 * Gives a heartbeat, waits up to `ms` milliseconds for the events of *fd and sets its revents.
 * Returns false if the child must exit: SIGTERM, or the supervisor is gone.
 */
bool child_poll(const struct child_context *child, struct pollfd *fd, int64_t ms);
/* The same without a descriptor. */
bool child_pause(const struct child_context *child, int64_t ms);

/*
 * Creates missing directories, releases the disk reserve if space is low, and runs recovery on the
 * store; of a shared store, connects to the server and looks at its tables. Exits with 0, or with 1
 * if it failed. No other child runs at that time.
 */
int recover_main(const struct child_context *child);
/*
 * Maintains the store by periodic jobs; sets scoreboard->store.read_only by the free space, or, of
 * a shared store, watches the server.
 */
int keeper_main(const struct child_context *child);
/*
 * Sends the deliveries of webhooks (notify/notifier.h). It waits until no other notifier sends for
 * the home. On SIGTERM its requests under way have two seconds.
 */
int notifier_main(const struct child_context *child);
/* Answers requests (serve/worker.h). */
int worker_main(const struct child_context *child);
/* Carries out one command of polytaskctl for `client`. Exits with 0 also if the command failed. */
int operator_main(const struct child_context *child);
