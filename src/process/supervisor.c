#include "process/supervisor.h"

#include <signal.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "process/reload.h"
#include "process/requests.h"
#include "process/watchdog.h"
#include "sys/signals.h"

#define POLL_IDLE_MS 100
#define POLL_SOON_MS 10

struct supervisor {
	const struct supervisor_config *config;
	struct service service;
	struct control control;
	struct watchdog watchdog;
};

static void reload(struct service *service, int64_t now)
{
	struct err err = { 0 };

	if (service->phase != PHASE_STOPPING)
		reload_begin(service, now, &err);
}

static void wait_for_events(struct supervisor *supervisor)
{
	int64_t ms = supervisor->service.hurry ? POLL_SOON_MS : POLL_IDLE_MS;
	struct timespec timeout = { .tv_nsec = ms * 1000000 };
	struct pollfd fds[CONTROL_CLIENTS + 1];
	size_t count = control_pollfds(&supervisor->control, fds);
	sigset_t none;

	sigemptyset(&none);
	supervisor->service.hurry = false;
	ppoll(fds, count, &timeout, &none);
	control_serve(&supervisor->control, clock_mono_ms());
}

static void loop(struct supervisor *supervisor)
{
	struct service *service = &supervisor->service;
	struct process *processes = service->children.processes;

	while (service->phase != PHASE_STOPPED) {
		int64_t now = clock_mono_ms();

		if (signals_stop_requested())
			service_stop(service);
		if (reload_is_allowed(service, now) && signals_take_reload_request())
			reload(service, now);
		service_step(service, now);
		watchdog_check(&supervisor->watchdog, processes, service->children.scoreboard,
			service->conf.stuck_seconds, now);
		watchdog_notify_systemd(
			&supervisor->watchdog, processes, service->children.scoreboard, now);
		if (service->phase != PHASE_STOPPED)
			wait_for_events(supervisor);
	}
}

static bool open_supervisor(struct supervisor *supervisor, struct err *err)
{
	const struct supervisor_config *config = supervisor->config;

	watchdog_init(&supervisor->watchdog, conf_is_shared(&config->conf));
	supervisor->control.on_request = requests_answer;
	supervisor->control.data = &supervisor->service;
	supervisor->service.reloader = config->reloader;
	return service_init(&supervisor->service, &config->conf, config->mains, &config->sockets,
		       config->monitor_socket, config->locks, err) &&
	       control_open(&supervisor->control, config->conf.control, err);
}

int supervisor_run(const struct supervisor_config *config)
{
	struct supervisor *supervisor = calloc(1, sizeof(*supervisor));
	struct err err = { 0 };
	int result = 1;

	if (!supervisor)
		log_fatal("start", "out of memory");
	supervisor->config = config;
	signals_install();
	if (!open_supervisor(supervisor, &err)) {
		log_error("start", "%s", err_text(&err));
		goto out;
	}
	loop(supervisor);
	control_close(&supervisor->control);
	unlink(config->conf.control);
	log_info("stop", "stopped");
	result = supervisor->service.exit_status;
out:
	service_free(&supervisor->service);
	free(supervisor);
	return result;
}
