#include "monitor/monitor.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "monitor/family.h"
#include "monitor/listener.h"
#include "monitor/readiness.h"

#define FINISH_MS      2000 /* for the responses under way at the end */
#define FINISH_TURN_MS 20

#define TEXT "text/plain; charset=utf-8"

static int write_metrics(const struct listener_query *query, void *data, struct buf *out)
{
	(void)query;
	metrics_write(data, out);
	return 200;
}

static bool is_excluded(const char *name, void *data)
{
	return listener_has_value(data, "exclude", name);
}

static int write_readiness(const struct listener_query *query, void *data, struct buf *out)
{
	const struct metrics_view *view = data;

	return readiness_write(view->scoreboard, listener_has_param(query, "verbose"), is_excluded,
		       (void *)(uintptr_t)query, out)
		       ? 200
		       : 503;
}

static int write_liveness(const struct listener_query *query, void *data, struct buf *out)
{
	const struct metrics_view *view = data;

	(void)query;
	return liveness_write(view->scoreboard, out) ? 200 : 503;
}

static const struct page pages[] = {
	{ "/metrics", EXPOSITION_MEDIA_TYPE, write_metrics },
	{ "/livez", TEXT, write_liveness },
	{ "/readyz", TEXT, write_readiness },
	{ 0 },
};

static void run(const struct child_context *child, struct listener *listener)
{
	struct pollfd fd = { .fd = listener_fd(listener), .events = POLLIN };
	int64_t until;

	while (child_poll(child, &fd, CHILD_WAIT_MS))
		listener_run(listener);
	/* The next generation answers new connections; this process answers the requests that it has. */
	until = clock_mono_ms() + FINISH_MS;
	listener_retire(listener);
	while (listener_is_busy(listener) && clock_mono_ms() < until) {
		poll(&fd, 1, FINISH_TURN_MS);
		listener_run(listener);
	}
}

int monitor_main(const struct child_context *child)
{
	struct metrics_view view = { .scoreboard = child->scoreboard,
		.conf = child->conf,
		.census = malloc(sizeof(*view.census)) };
	struct listener *listener = NULL;
	struct err err = { 0 };
	bool ok = view.census ? listener_open(&listener, child->monitor_socket, pages, &view, &err)
			      : err_no_memory(&err);

	child_catch_sigterm();
	if (ok) {
		child->slot->state = CHILD_READY;
		run(child, listener);
	} else {
		log_error("monitor", "%s", err_text(&err));
	}
	listener_close(listener);
	free(view.census);
	return ok ? 0 : 1;
}
