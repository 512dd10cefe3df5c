#include "process/scoreboard.h"

#include <stdio.h>
#include <sys/mman.h>

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

const char *role_name(enum role role)
{
	return role < ROLES ? roles[role] : roles[ROLE_NONE];
}

void role_process_name(enum role role, int number, char *name, size_t size)
{
	if (role == ROLE_WORKER || role == ROLE_READER)
		snprintf(name, size, "%s %d", role_name(role), number);
	else
		snprintf(name, size, "%s", role_name(role));
}

const char *child_state_name(enum child_state state)
{
	return state < CHILD_STATES ? states[state] : "unknown";
}
