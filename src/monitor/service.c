/* Metrics of the service and its processes. */
#include <stdio.h>
#include <unistd.h>

#include "monitor/family.h"
#include "monitor/readiness.h"
#include "sys/process_info.h"

void collect_build(const struct metrics_view *view, const struct family *family, struct buf *out)
{
	static const struct metric_label labels[] = { { "version", STR(POLYTASK_VERSION) }, { 0 } };

	(void)view;
	exposition_sample(out, family->name, labels, 1);
}

void collect_start(const struct metrics_view *view, const struct family *family, struct buf *out)
{
	int64_t ms = atomic_load(&view->scoreboard->supervisor.started_ms);

	exposition_sample(out, family->name, NULL, (double)ms / 1e3);
}

void collect_generation(
	const struct metrics_view *view, const struct family *family, struct buf *out)
{
	exposition_sample(
		out, family->name, NULL, atomic_load(&view->scoreboard->supervisor.generation));
}

void collect_live(const struct metrics_view *view, const struct family *family, struct buf *out)
{
	exposition_sample(out, family->name, NULL, service_is_live(view->scoreboard));
}

void collect_serving(const struct metrics_view *view, const struct family *family, struct buf *out)
{
	exposition_sample(
		out, family->name, NULL, atomic_load(&view->scoreboard->supervisor.serving));
}

void collect_read_only(
	const struct metrics_view *view, const struct family *family, struct buf *out)
{
	exposition_sample(out, family->name, NULL, atomic_load(&view->scoreboard->store.read_only));
}

/* ---- processes ---- */

void collect_processes(
	const struct metrics_view *view, const struct family *family, struct buf *out)
{
	unsigned count[ROLES][CHILD_STATES] = { 0 };

	for (size_t i = 0; i < SCOREBOARD_SLOTS; i++) {
		const struct scoreboard_slot *slot = &view->scoreboard->slots[i];
		int role = atomic_load(&slot->role), state = atomic_load(&slot->state);

		if (role > ROLE_NONE && role < ROLES && state >= 0 && state < CHILD_STATES)
			count[role][state]++;
	}
	for (enum role role = ROLE_RECOVER; role < ROLES; role++) {
		for (enum child_state state = CHILD_STARTING; state < CHILD_STATES; state++) {
			const struct metric_label labels[] = { { "role",
								       str_cstr(role_name(role)) },
				{ "state", str_cstr(child_state_name(state)) }, { 0 } };

			exposition_sample(out, family->name, labels, count[role][state]);
		}
	}
}

static void put_roles(
	struct buf *out, const struct family *family, const _Atomic uint64_t counts[ROLES])
{
	for (enum role role = ROLE_RECOVER; role < ROLES; role++) {
		const struct metric_label labels[] = { { "role", str_cstr(role_name(role)) },
			{ 0 } };

		exposition_sample(out, family->name, labels, (double)atomic_load(&counts[role]));
	}
}

void collect_starts(const struct metrics_view *view, const struct family *family, struct buf *out)
{
	put_roles(out, family, view->scoreboard->starts);
}

void collect_deaths(const struct metrics_view *view, const struct family *family, struct buf *out)
{
	put_roles(out, family, view->scoreboard->deaths);
}

static void put_cpu(struct buf *out, const struct family *family, const char *name,
	const struct process_info *info)
{
	const struct metric_label labels[] = { { "process", str_cstr(name) }, { 0 } };

	exposition_sample(
		out, family->name, labels, (double)info->cpu / (double)sysconf(_SC_CLK_TCK));
}

/* Operators and recoveries are too short for a time series. */
void collect_cpu(const struct metrics_view *view, const struct family *family, struct buf *out)
{
	struct process_info info;

	if (process_info_read(getppid(), &info))
		put_cpu(out, family, "supervisor", &info);
	for (size_t i = 0; i < SCOREBOARD_SLOTS; i++) {
		const struct scoreboard_slot *slot = &view->scoreboard->slots[i];
		enum role role = (enum role)atomic_load(&slot->role);
		char name[32];

		if (role == ROLE_NONE || role == ROLE_OPERATOR || role == ROLE_RECOVER ||
			atomic_load(&slot->generation) !=
				atomic_load(&view->scoreboard->supervisor.generation))
			continue;
		role_process_name(role, atomic_load(&slot->number), name, sizeof(name));
		if (process_info_read(atomic_load(&slot->pid), &info))
			put_cpu(out, family, name, &info);
	}
}
