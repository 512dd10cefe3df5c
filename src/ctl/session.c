#include "ctl/session.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "admin/exit_status.h"
#include "admin/request.h"
#include "base/clock.h"
#include "ctl/client.h"
#include "ctl/ctl_admin.h"
#include "ctl/session_alone.h"

#define RETRY_TIMEOUT_MS 5000
#define POLL_INTERVAL_MS 50
/* A checkpoint is part of a call. */
#define CALL_TIMEOUT_MS 0

void session_open(struct session *session, const struct conf *conf)
{
	*session = (struct session){ .conf = conf, .locks = INSTANCE_LOCKS_NONE };
}

void session_close(struct session *session)
{
	instance_unlock(&session->locks);
}

/* errors: what the service's command printed: its first line is the cause. */
static bool fail_call(int status, const char *errors, struct err *err)
{
	struct str line = str_cstr(errors);

	if (status == 0)
		return true;
	if (!session_take_message(&line))
		return session_fail(status, err);
	line = str_split_next(&line, '\n');
	return err_set(err, exit_status_error(status), NULL, "%.*s", STR_ARGS(line));
}

/* ---- in the service ---- */

static bool call_service(struct session *session, struct str request, struct buf *out,
	bool *answered, struct err *err)
{
	char *text = NULL, *error_text = NULL;
	size_t size = 0, error_size = 0;
	FILE *memory = open_memstream(&text, &size);
	FILE *errors = open_memstream(&error_text, &error_size);
	int status = 1;
	bool ok = memory && errors;

	if (!ok)
		err_no_memory(err);
	ok = ok && client_call(session->conf->control, request, CALL_TIMEOUT_MS, NULL, memory,
			   errors, answered, &status, err);
	if (ok && !*answered && errno == EACCES)
		ok = client_cannot_connect(session->conf->control, errno, err);
	if (memory)
		fclose(memory);
	if (errors)
		fclose(errors);
	ok = ok && (!*answered || fail_call(status, error_text, err));
	if (ok && *answered)
		buf_put(out, text, size);
	free(text);
	free(error_text);
	return ok;
}

/* ---- both ---- */

static bool try_call(struct session *session, const struct admin_call *call, struct str request,
	struct buf *out, struct err *err)
{
	bool answered = false;

	if (session->locks.home < 0 && !call_service(session, request, out, &answered, err))
		return false;
	session->in_service |= answered;
	if (answered)
		return true;
	if (session->in_service)
		return err_set(err, ERR_BUSY, NULL, "the service has ended during the command");
	if (session->locks.home < 0 &&
		!ctl_admin_lock(session->conf, call, &session->owner, &session->locks, err))
		return false;
	return session_call_alone(session, call, out, err);
}

bool session_call(
	struct session *session, const struct admin_call *call, struct buf *out, struct err *err)
{
	int64_t until = clock_mono_ms() + RETRY_TIMEOUT_MS;
	struct buf request = BUF_INIT;
	bool done = false;

	if (!admin_request_write(call, &request))
		err_no_memory(err);
	while (buf_ok(&request)) {
		*err = (struct err){ 0 };
		done = try_call(session, call, buf_str(&request), out, err);
		if (done || err->code != ERR_BUSY || session->once || clock_mono_ms() > until)
			break;
		poll(NULL, 0, POLL_INTERVAL_MS);
	}
	buf_free(&request);
	return done && (buf_ok(out) || err_no_memory(err));
}
