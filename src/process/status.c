#include "process/status.h"

#include <jansson.h>
#include <unistd.h>

#include "http/json.h"
#include "process/spawn.h"

static json_t *counter(const _Atomic uint64_t *value)
{
	return json_integer((json_int_t)atomic_load(value));
}

static json_t *process_json(const struct process *process, const struct scoreboard_slot *slot)
{
	char name[32];

	spawn_process_name(process, name, sizeof(name));
	return json_pack("{ss si si ss so so so so so sI}", "process", name, "pid",
		(int)process->pid, "generation", process->generation, "state",
		child_state_name((enum child_state)atomic_load(&slot->state)), "served",
		counter(&slot->counters.served), "refused", counter(&slot->counters.refused),
		"connections", counter(&slot->counters.connections), "waiting",
		counter(&slot->counters.waiting), "flushes", counter(&slot->counters.flushes),
		"since", (json_int_t)atomic_load(&slot->since));
}

void status_write(const struct status *status, struct buf *out)
{
	json_t *processes = json_array();
	json_t *json = NULL;

	for (size_t i = 0; i < SCOREBOARD_SLOTS; i++) {
		if (status->processes[i].pid != 0)
			json_array_append_new(processes,
				process_json(&status->processes[i], &status->scoreboard->slots[i]));
	}
	json = json_pack("{si ss si so sb sI so}", "pid", (int)getpid(), "phase", status->phase,
		"generation", status->generation, "recoveries",
		counter(&status->scoreboard->recoveries), "read_only",
		(int)atomic_load(&status->scoreboard->store.read_only), "started",
		(json_int_t)status->started, "processes", processes);
	json_put(out, json);
	json_decref(json);
}
