#include "process/reload.h"

#include <inttypes.h>
#include <systemd/sd-daemon.h>

#include "base/clock.h"
#include "base/log.h"

/* Shortest time between the starts of two reloads while the first is unfinished. */
#define RELOAD_PAUSE_MS 1000

bool reload_is_allowed(const struct service *service, int64_t now)
{
	return !service->reloading ||
	       (now - service->reloaded_ms >= RELOAD_PAUSE_MS &&
		       !children_starting_before(&service->children, service->children.generation));
}

static void begin_generation(struct service *service)
{
	service->children.generation++;
	/* So that the processes of many reloads in a row do not add up. */
	children_retire(&service->children, service->complete_generation + 1);
	service->ready_announced = false;
	service->reloading = true;
	service->hurry = true;
	log_info("reload", "starting generation %d", service->children.generation);
}

bool reload_begin(struct service *service, int64_t now, struct err *err)
{
	const struct conf_reloader *reloader = &service->reloader;
	struct conf conf = service->conf;
	struct buf waiting = BUF_INIT;
	enum log_level level;

	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRId64, clock_mono_us());
	if (reloader->read && !reloader->read(&conf, reloader->data, &waiting, err)) {
		log_error("reload", "keeping the old configuration: %s", err_text(err));
		if (service->ready_announced)
			sd_notify(0, "READY=1");
		buf_free(&waiting);
		return false;
	}
	service->conf = conf;
	service->reloaded_ms = now;
	service->reloads++;
	buf_free(&service->reload_waiting);
	service->reload_waiting = waiting;
	if (log_level_parse(&level, conf.log_level))
		log_set_level(level);
	begin_generation(service);
	service->reload_generation = service->children.generation;
	return true;
}
