/* Connects the worker (serve/worker.h), which knows no other process, to the scoreboard. */
#include "process/child.h"
#include "serve/worker.h"

static void report(void *data, enum worker_state state)
{
	struct scoreboard_slot *slot = data;

	atomic_store(&slot->state, state == WORKER_READY ? CHILD_READY : CHILD_RETIRING);
}

int worker_main(const struct child_context *child)
{
	struct worker_setup setup = {
		.conf = child->conf,
		.limit = &child->scoreboard->limit,
		.counters = &child->slot->counters,
		.metrics = &child->scoreboard->requests,
		.files = &child->slot->files,
		.serving = &child->scoreboard->supervisor.serving,
		.listeners = { child->listeners[0], child->listeners[1] },
		.queues = { child->queues[0], child->queues[1] },
		.peer = child->peer_uid,
		.supervisor_pipe = child->supervisor_pipe,
		.report = report,
		.data = child->slot,
	};

	struct err err = { 0 };
	int status;

	child_store_options(child, STORE_ATTACH, &setup.store);
	setup.store.rounds = true;
	status = worker_run(&setup, &err);
	if (err.code != ERR_NONE)
		child_report_set(&child->slot->report, &err);
	return status;
}
