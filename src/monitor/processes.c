/* Metrics of the processes of the service. */
#include <stdio.h>
#include <unistd.h>

#include "monitor/family.h"
#include "sys/process_info.h"

/* ---- by role ---- */

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

/* ---- by process ---- */

/* Reads a figure of a process; slot NULL: of the supervisor. False: the figure is not known. */
typedef bool read_figure(
	const struct scoreboard *scoreboard, const struct scoreboard_slot *slot, double *value);

static void put_process(const struct metrics_view *view, const struct family *family,
	const char *name, const struct scoreboard_slot *slot, read_figure *read, struct buf *out)
{
	const struct metric_label labels[] = { { "process", str_cstr(name) }, { 0 } };
	double value;

	if (read(view->scoreboard, slot, &value))
		exposition_sample(out, family->name, labels, value);
}

/* Operators and recoveries are too short for a time series. */
static void put_processes(const struct metrics_view *view, const struct family *family,
	read_figure *read, struct buf *out)
{
	put_process(view, family, "supervisor", NULL, read, out);
	for (size_t i = 0; i < SCOREBOARD_SLOTS; i++) {
		const struct scoreboard_slot *slot = &view->scoreboard->slots[i];
		enum role role = (enum role)atomic_load(&slot->role);
		char name[32];

		if (role == ROLE_NONE || role == ROLE_OPERATOR || role == ROLE_RECOVER ||
			atomic_load(&slot->generation) !=
				atomic_load(&view->scoreboard->supervisor.generation))
			continue;
		role_process_name(role, atomic_load(&slot->number), name, sizeof(name));
		put_process(view, family, name, slot, read, out);
	}
}

/* The monitor is a child of the supervisor. */
static pid_t pid_of(const struct scoreboard_slot *slot)
{
	return slot ? atomic_load(&slot->pid) : getppid();
}

static bool read_cpu(
	const struct scoreboard *scoreboard, const struct scoreboard_slot *slot, double *value)
{
	struct process_info info;

	(void)scoreboard;
	if (!process_info_read(pid_of(slot), &info))
		return false;
	*value = (double)info.cpu / (double)sysconf(_SC_CLK_TCK);
	return true;
}

void collect_cpu(const struct metrics_view *view, const struct family *family, struct buf *out)
{
	put_processes(view, family, read_cpu, out);
}

static bool read_resident(
	const struct scoreboard *scoreboard, const struct scoreboard_slot *slot, double *value)
{
	struct process_memory memory;

	(void)scoreboard;
	if (!process_memory_read(pid_of(slot), &memory))
		return false;
	*value = (double)memory.resident;
	return true;
}

void collect_resident_memory(
	const struct metrics_view *view, const struct family *family, struct buf *out)
{
	put_processes(view, family, read_resident, out);
}

static bool read_anonymous(
	const struct scoreboard *scoreboard, const struct scoreboard_slot *slot, double *value)
{
	struct process_memory memory;

	(void)scoreboard;
	if (!process_memory_read(pid_of(slot), &memory))
		return false;
	*value = (double)memory.anonymous;
	return true;
}

void collect_anonymous_memory(
	const struct metrics_view *view, const struct family *family, struct buf *out)
{
	put_processes(view, family, read_anonymous, out);
}

static const struct open_files *files_of(
	const struct scoreboard *scoreboard, const struct scoreboard_slot *slot)
{
	return slot ? &slot->files : &scoreboard->supervisor.files;
}

static bool read_open_files(
	const struct scoreboard *scoreboard, const struct scoreboard_slot *slot, double *value)
{
	*value = atomic_load(&files_of(scoreboard, slot)->open);
	return *value > 0;
}

void collect_open_files(
	const struct metrics_view *view, const struct family *family, struct buf *out)
{
	put_processes(view, family, read_open_files, out);
}

static bool read_file_limit(
	const struct scoreboard *scoreboard, const struct scoreboard_slot *slot, double *value)
{
	*value = atomic_load(&files_of(scoreboard, slot)->limit);
	return *value > 0;
}

void collect_file_limits(
	const struct metrics_view *view, const struct family *family, struct buf *out)
{
	put_processes(view, family, read_file_limit, out);
}
