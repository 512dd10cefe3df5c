#include "monitor/readiness.h"

#include "base/clock.h"

/* The supervisor's loop takes a turn at least each 100 ms. */
#define SUPERVISOR_MS 30000

bool service_is_live(const struct scoreboard *scoreboard)
{
	return clock_mono_ms() - atomic_load(&scoreboard->supervisor.turn_ms) < SUPERVISOR_MS;
}

static bool store_is_recovered(const struct scoreboard *scoreboard)
{
	return !atomic_load(&scoreboard->supervisor.recovering);
}

static bool workers_answer(const struct scoreboard *scoreboard)
{
	return atomic_load(&scoreboard->supervisor.serving);
}

static bool disk_has_room(const struct scoreboard *scoreboard)
{
	return !atomic_load(&scoreboard->store.read_only);
}

static const struct {
	const char *name;
	bool (*passes)(const struct scoreboard *scoreboard);
	const char *failure;
} checks[] = {
	{ "supervisor", service_is_live, "the supervisor has not run for 30 seconds" },
	{ "recovery", store_is_recovered, "the store is being recovered" },
	{ "workers", workers_answer, "no worker answers requests" },
	{ "disk", disk_has_room, "writes are refused because the disk is nearly full" },
};

#define CHECKS (sizeof(checks) / sizeof(checks[0]))

bool readiness_write(const struct scoreboard *scoreboard, bool verbose,
	bool (*is_excluded)(const char *name, void *data), void *data, struct buf *out)
{
	bool ready = true;

	for (size_t i = 0; i < CHECKS; i++) {
		bool excluded = is_excluded && is_excluded(checks[i].name, data);
		bool passes = excluded || checks[i].passes(scoreboard);

		ready = ready && passes;
		if (!passes)
			buf_printf(out, "[-]%s failed: %s\n", checks[i].name, checks[i].failure);
		else if (verbose)
			buf_printf(out, "[+]%s %s\n", checks[i].name, excluded ? "excluded" : "ok");
	}
	if (verbose || !ready)
		buf_printf(out, "readyz check %s\n", ready ? "passed" : "failed");
	else
		buf_puts(out, "ok\n");
	return ready;
}

bool liveness_write(const struct scoreboard *scoreboard, struct buf *out)
{
	bool works = service_is_live(scoreboard);

	buf_puts(out, works ? "ok\n" : "the supervisor has not run for 30 seconds\n");
	return works;
}
