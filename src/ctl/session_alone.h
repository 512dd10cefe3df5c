#pragma once
/* A call of a session while the service is down (session.h). Requires the session's locks. */
#include "ctl/session.h"

/*
 * Runs the call in a child process and appends its output. Its message is the error; other lines
 * that it has printed on standard error are printed there.
 */
bool session_call_alone(
	struct session *session, const struct admin_call *call, struct buf *out, struct err *err);

/* Whether the line is a message of polytaskctl; then removes the prefix. */
bool session_take_message(struct str *line);
/* Sets an error for a call that has ended with this status and without a message. */
bool session_fail(int status, struct err *err);
