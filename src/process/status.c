#include "process/status.h"

#include <jansson.h>
#include <unistd.h>

#include "http/json.h"

static void set_counters(json_t *json, const struct worker_counters *values)
{
	for (size_t i = 0; i < COUNTERS; i++) {
		const struct counter *counter = &counters[i];

		if (!counter->internal)
			json_object_set_new(json, counter->name,
				json_integer((json_int_t)counter_read(counter, values)));
	}
}

static json_t *process_json(const struct process *process, const struct scoreboard_slot *slot)
{
	char name[32];
	json_t *json;

	spawn_process_name(process, name, sizeof(name));
	json = json_pack("{ss si si ss}", "process", name, "pid", (int)process->pid, "generation",
		process->generation, "state",
		child_state_name((enum child_state)atomic_load(&slot->state)));
	set_counters(json, &slot->counters);
	json_object_set_new(json, "since", json_integer((json_int_t)atomic_load(&slot->since)));
	return json;
}

void status_write(const struct service *service, struct buf *out)
{
	const struct children *children = &service->children;
	const struct scoreboard *scoreboard = children->scoreboard;
	json_t *processes = json_array();
	json_t *json = NULL;

	for (size_t i = 0; i < SCOREBOARD_SLOTS; i++) {
		if (children->processes[i].pid != 0)
			json_array_append_new(processes,
				process_json(&children->processes[i], &scoreboard->slots[i]));
	}
	json = json_pack("{si ss si sI sb sI so}", "pid", (int)getpid(), "phase",
		service_phase_name(service), "generation", children->generation, "recoveries",
		(json_int_t)atomic_load(&scoreboard->recoveries), "read_only",
		(int)atomic_load(&scoreboard->store.read_only), "started",
		(json_int_t)service->started_ms, "processes", processes);
	json_put(out, json);
	json_decref(json);
}
