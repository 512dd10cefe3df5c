#pragma once
/*
 * What a child process is given, and the children's entry functions. A child starts with all
 * signals blocked, SIGPIPE ignored, its process title set, and only the descriptors below open
 * besides 0-2 and the lock (lock.h: it keeps a new instance out until the last orphan has left),
 * and confined (confine.h). It ends by returning its exit status.
 *
 * Signals: SIGTERM: finish what is in hand, then leave (0). SIGUSR2 (workers): retire: accept
 * nothing new, go on answering on kept connections until the web server has closed them or
 * drain_seconds have passed, then leave (0). Never SIGKILL from a child.
 */
#include <sys/types.h>

#include "base/conf.h"
#include "process/scoreboard.h"

struct child_context {
	const struct conf *conf;
	struct scoreboard *scoreboard;
	struct scoreboard_slot *slot;
	int listener;	/* the FastCGI socket; workers only, else -1 */
	uid_t peer_uid; /* who may connect to it, besides our own user */
	int supervisor_pipe; /* readable (end of file) when the supervisor is gone: leave after this round
		       */
	int client;	     /* an accepted control connection; operators only, else -1 */
	struct str
		received; /* what the supervisor has read from it: the request line, and what follows */
};

/* The store options every child opens with, by mode. */
void child_store_options(
	const struct child_context *child, enum store_mode mode, struct store_options *options);

/* Opens with recovery, makes and sizes what is missing, checks room, exits 0: the only process
 * then. */
int recover_main(const struct child_context *child);
/* Checkpoints, logs, deadlock sweep, free space (board->store.read_only). */
int keeper_main(const struct child_context *child);
/* Answers requests. */
int worker_main(const struct child_context *child);
/* Carries out one verb of polytaskctl for the connection `client`, then exits. */
int operator_main(const struct child_context *child);
