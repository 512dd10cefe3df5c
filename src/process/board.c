#include "process/board.h"

#include <sys/mman.h>

static const char *const roles[ROLES] = {
	[ROLE_NONE] = "none",
	[ROLE_RECOVER] = "recover",
	[ROLE_KEEPER] = "keeper",
	[ROLE_WORKER] = "worker",
	[ROLE_OPERATOR] = "operator",
};

static const char *const states[CHILD_STATES] = {
	[CHILD_STARTING] = "starting",
	[CHILD_READY] = "ready",
	[CHILD_RETIRING] = "retiring",
};

struct board *board_new(void)
{
	struct board *board = mmap(
		NULL, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	struct err err;

	if (board == MAP_FAILED)
		return NULL;
	if (limit_init(&board->limit, &err))
		return board;
	board_free(board);
	return NULL;
}

void board_free(struct board *board)
{
	if (board)
		munmap(board, sizeof(*board));
}

const char *role_name(enum role role)
{
	return role < ROLES ? roles[role] : roles[ROLE_NONE];
}

const char *child_state_name(enum child_state state)
{
	return state < CHILD_STATES ? states[state] : "unknown";
}
