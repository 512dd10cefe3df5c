#include "process/status.h"

#include <jansson.h>
#include <unistd.h>

#include "http/json.h"
#include "process/status_dialects.h"

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

static json_t *figure_json(const struct health_row *row, uint64_t value)
{
	switch (row->kind) {
	case HEALTH_SHARE:
		return json_real((double)value / 1e6);
	case HEALTH_FLAG:
		return json_boolean(value != 0);
	case HEALTH_STATE:
		return json_string(health_state_name(row, value));
	case HEALTH_ERROR:
		return value == 0 ? json_null() : json_string(strerror((int)value));
	case HEALTH_TIME:
		return value == 0 ? json_null() : json_integer((json_int_t)value);
	case HEALTH_NUMBER:
	case HEALTH_BYTES:
	case HEALTH_DURATION:
	default:
		return json_integer((json_int_t)value);
	}
}

static json_t *store_json(const struct store_health *health)
{
	json_t *json = json_object();

	for (size_t i = 0; i < HEALTH_ROWS; i++) {
		const struct health_row *row = &health_rows[i];

		if (health_has(row, health))
			json_object_set_new(
				json, row->name, figure_json(row, health_read(row, health)));
	}
	return json;
}

static void add_recovery(json_t *list, const struct recovery *recovery)
{
	if (recovery->failures > 0)
		json_array_append_new(
			list, json_sprintf("Recovery fails, and no request is served: %s. %s",
				      recovery->text, recovery_remedy(recovery)));
}

/* Sentences that tell the operator what to do, most urgent first. */
static json_t *attention_json(const struct service *service)
{
	const struct store_shared *store = &service->children.scoreboard->store;
	json_t *list = json_array();

	add_recovery(list, &service->recovery);
	if (atomic_load(&store->read_only))
		json_array_append_new(list, json_string(health_extras[HEALTH_READ_ONLY].advice));
	for (size_t i = 0; i < HEALTH_ROWS; i++) {
		const struct health_row *row = &health_rows[i];

		if (health_has(row, &store->health) &&
			health_needs_attention(row, health_read(row, &store->health)))
			json_array_append_new(list, json_string(row->advice));
	}
	return list;
}

static json_t *damages_json(const struct store_shared *store)
{
	struct store_damage damages[DAMAGED_PAGES_MAX];
	size_t count = store_damages(store, damages, DAMAGED_PAGES_MAX);
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(
			list, json_pack("{ss sI sI sI ss*}", "table", damages[i].table, "page",
				      (json_int_t)damages[i].page, "first_seen",
				      (json_int_t)damages[i].first_seen, "reads",
				      (json_int_t)damages[i].reads, "task",
				      *damages[i].task ? damages[i].task : NULL));
	return list;
}

/* Null, unless the last recovery failed. */
static json_t *recovery_json(const struct recovery *recovery)
{
	json_t *json;

	if (recovery->failures == 0)
		return json_null();
	json = json_pack("{si ss}", "attempt",
		(int)(recovery->lasting ? recovery->same : recovery->failures) + 1, "cause",
		recovery->text);
	json_object_set_new(
		json, "limit", recovery->lasting ? json_integer(RECOVERY_ATTEMPTS) : json_null());
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
	json = json_pack("{si ss si sI so sb sI so so so}", "pid", (int)getpid(), "phase",
		service_phase_name(service), "generation", children->generation, "recoveries",
		(json_int_t)atomic_load(&scoreboard->recoveries), "recovery",
		recovery_json(&service->recovery), "read_only",
		(int)atomic_load(&scoreboard->store.read_only), "started",
		(json_int_t)service->started_ms, "attention", attention_json(service), "damages",
		damages_json(&scoreboard->store), "store", store_json(&scoreboard->store.health));
	status_add_dialects(json, children->scoreboard);
	json_object_set_new(json, "processes", processes);
	json_put(out, json);
	json_decref(json);
}
