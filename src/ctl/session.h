#pragma once
/*
 * Several calls of one command to the store: each runs in the service or, while that is down, in a
 * child process of this one. The first call decides. In a child process it takes the locks of the
 * instance, which are kept to the end of the session, so that the service does not start in
 * between. In the service, all calls are: if it ends, a later call waits for it and then fails,
 * because the locks would keep it from starting again. A shared store has no locks: each call may
 * run in the service or here.
 */
#include "admin/admin.h"
#include "sys/instance.h"

struct session {
	const struct conf *conf;
	struct service_user owner;
	struct instance_locks locks;
	bool in_service; /* a call was answered by the service */
	bool once;	 /* ERR_BUSY at once instead of further tries */
};

void session_open(struct session *session, const struct conf *conf);
void session_close(struct session *session);
/*
 * Runs the call and appends its output. Retries for 5 s while the service starts or stops, or is
 * too busy to begin it.
 */
bool session_call(
	struct session *session, const struct admin_call *call, struct buf *out, struct err *err);
