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

/* The supervisor calls a service without its server not serving: that is another check. */
static bool workers_answer(const struct scoreboard *scoreboard)
{
	return atomic_load(&scoreboard->supervisor.serving) ||
	       health_server_is_away(&scoreboard->store.health);
}

static bool server_answers(const struct scoreboard *scoreboard)
{
	return !health_server_is_away(&scoreboard->store.health);
}

static bool disk_has_room(const struct scoreboard *scoreboard)
{
	return !atomic_load(&scoreboard->store.read_only);
}

static const struct {
	const char *name;
	bool (*passes)(const struct scoreboard *scoreboard);
	const char *failure;
	bool of_files, of_server; /* only of a store in the home; only of a shared one */
} checks[] = {
	{ .name = "supervisor",
		.passes = service_is_live,
		.failure = "the supervisor has not run for 30 seconds" },
	{ .name = "recovery",
		.passes = store_is_recovered,
		.failure = "the store is being recovered" },
	{ .name = "server",
		.passes = server_answers,
		.failure = "the server of the store does not answer",
		.of_server = true },
	{ .name = "workers", .passes = workers_answer, .failure = "no worker answers requests" },
	{ .name = "disk",
		.passes = disk_has_room,
		.failure = "writes are refused because the disk is nearly full",
		.of_files = true },
};

#define CHECKS (sizeof(checks) / sizeof(checks[0]))

bool readiness_write(const struct scoreboard *scoreboard, bool verbose,
	bool (*is_excluded)(const char *name, void *data), void *data, struct buf *out)
{
	bool shared = health_is_shared(&scoreboard->store.health), ready = true;

	for (size_t i = 0; i < CHECKS; i++) {
		bool excluded = is_excluded && is_excluded(checks[i].name, data);
		bool passes = excluded || checks[i].passes(scoreboard);

		if (shared ? checks[i].of_files : checks[i].of_server)
			continue;
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
