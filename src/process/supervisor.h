#pragma once
/*
 * The process that starts, watches and ends all others (DESIGN §4). It never opens the store and
 * never sees a byte of a request, so that there is nothing in it to crash.
 *
 *     recovering --recovered--> serving --a death inside the store--> clearing --all gone-->
 * recovering any of them --SIGTERM, SIGINT, stop--> stopping --all gone--> returns
 *
 * SIGHUP starts a new generation with a fresh configuration and retires the old one when the new
 * one is ready. Needs the lock (lock.h) for as long as it runs.
 */
#include "process/spawn.h"

struct supervisor_config {
	struct conf conf;
	const struct child_mains *roles;
	int listener; /* the FastCGI socket; borrowed */
	int lock;     /* borrowed */
	/* Reads the configuration anew for SIGHUP; NULL: SIGHUP keeps it. */
	bool (*reload)(struct conf *conf, void *data, struct err *err);
	void *data;
};

/* Listens at conf.control, runs until told to stop; returns the exit status. Blocks its signals. */
int supervisor_run(const struct supervisor_config *setup);
