#include "process/scoreboard.h"

#include <poll.h>
#include <stdio.h>
#include <sys/mman.h>

#define SUM_TRIES 100 /* a millisecond apart */

static const char *const roles[ROLES] = {
	[ROLE_NONE] = "none",
	[ROLE_RECOVER] = "recover",
	[ROLE_KEEPER] = "keeper",
	[ROLE_WORKER] = "worker",
	[ROLE_WRITER] = "writer",
	[ROLE_READER] = "reader",
	[ROLE_NOTIFIER] = "notifier",
	[ROLE_MONITOR] = "monitor",
	[ROLE_OPERATOR] = "operator",
};

static const char *const states[CHILD_STATES] = {
	[CHILD_STARTING] = "starting",
	[CHILD_READY] = "ready",
	[CHILD_RETIRING] = "retiring",
};

struct scoreboard *scoreboard_new(void)
{
	struct scoreboard *scoreboard = mmap(NULL, sizeof(*scoreboard), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct err err;

	if (scoreboard == MAP_FAILED)
		return NULL;
	if (limit_init(&scoreboard->limit, &err))
		return scoreboard;
	scoreboard_free(scoreboard);
	return NULL;
}

void scoreboard_free(struct scoreboard *scoreboard)
{
	if (scoreboard)
		munmap(scoreboard, sizeof(*scoreboard));
}

void scoreboard_end_child(struct scoreboard *scoreboard, struct scoreboard_slot *slot)
{
	atomic_fetch_add(&scoreboard->ended_version, 1);
	counters_add_totals(&scoreboard->ended, &slot->counters);
	atomic_store(&slot->role, ROLE_NONE);
	atomic_fetch_add(&scoreboard->ended_version, 1);
}

uint64_t scoreboard_served(const struct scoreboard *scoreboard)
{
	uint64_t served = 0;

	for (size_t i = 0; i < SCOREBOARD_SLOTS; i++)
		served += atomic_load(&scoreboard->slots[i].counters.served);
	return served;
}

static void add_counters(struct worker_counters *sums, const struct worker_counters *values)
{
	for (size_t i = 0; i < COUNTERS; i++) {
		_Atomic uint64_t *sum = (void *)((char *)sums + counters[i].offset);

		atomic_fetch_add(sum, counter_read(&counters[i], values));
	}
}

static void sum_counters(const struct scoreboard *scoreboard, struct worker_counters *sums)
{
	counters_reset(sums);
	add_counters(sums, &scoreboard->ended);
	for (size_t i = 0; i < SCOREBOARD_SLOTS; i++) {
		if (atomic_load(&scoreboard->slots[i].role) != ROLE_NONE)
			add_counters(sums, &scoreboard->slots[i].counters);
	}
}

bool scoreboard_sum_counters(const struct scoreboard *scoreboard, struct worker_counters *sums)
{
	for (int i = 0; i < SUM_TRIES; i++) {
		uint64_t version = atomic_load(&scoreboard->ended_version);

		sum_counters(scoreboard, sums);
		if (version % 2 == 0 && atomic_load(&scoreboard->ended_version) == version)
			return true;
		poll(NULL, 0, 1);
	}
	return false;
}

const char *role_name(enum role role)
{
	return role < ROLES ? roles[role] : roles[ROLE_NONE];
}

void role_process_name(enum role role, int number, char *name, size_t size)
{
	bool numbered = role == ROLE_WORKER || role == ROLE_READER;

	/* There is a second writer only if the store is shared. */
	if (numbered || (role == ROLE_WRITER && number > 1))
		snprintf(name, size, "%s %d", role_name(role), number);
	else
		snprintf(name, size, "%s", role_name(role));
}

const char *child_state_name(enum child_state state)
{
	return state < CHILD_STATES ? states[state] : "unknown";
}
